// y[r,b,k] = number k of draw (place[r,b]), uniform below n
//
// One invocation per number.
struct Dims { R: u32, B: u32, K: u32, n: u32, key: u32, list_key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> place: array<vec4u>;      // (R, B, 4)
@group(0) @binding(2) var<storage, read_write> y: array<u32>;      // (R, B, K)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry < dims.R * dims.B * dims.K) {
    y[entry] = uniform_below(bits_at(place[entry / dims.K], dims.key, dims.list_key, entry % dims.K), dims.n);
  }
}
