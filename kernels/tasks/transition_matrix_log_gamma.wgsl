// y[r,b,c] = ln Gamma(shape_r, 1), number c of draw (place[r,b])
//
// One invocation per pair of numbers.
struct Dims { R: u32, B: u32, C: u32, key: u32, list_key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> place: array<vec4u>;      // (R, B, 4)
@group(0) @binding(2) var<storage, read> shape: array<f32>;        // (R)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;      // (R, B, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let pairs = (dims.C + 1u) / 2u;
  let n = group_index(group, groups) * 64u + lane;
  if (n >= dims.R * dims.B * pairs) {
    return;
  }
  let item = n / pairs;
  let c = 2u * (n % pairs);
  let at = place[item];
  let key = key_at(at, dims.key, dims.list_key);
  let gamma = gamma_pair(at.x, key, at.y, at.z, c / 2u, vec2f(shape[item / dims.B]));
  y[item * dims.C + c] = log_positive(gamma.value.x) + gamma.log_boost.x;
  if (c + 1u < dims.C) {
    y[item * dims.C + c + 1u] = log_positive(gamma.value.y) + gamma.log_boost.y;
  }
}
