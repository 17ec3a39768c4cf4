// y[r,i,c] ~ χ²(dof[r,c])   draw (seed_r, key, step, item i, index c)
//
// One invocation per pair of numbers. 0 where dof ≤ 0.
struct Dims { R: u32, I: u32, C: u32, key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;     // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;     // (3)
@group(0) @binding(3) var<storage, read> dof: array<f32>;       // (R, C)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;   // (R, I, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let pairs = (dims.C + 1u) / 2u;
  let n = group_index(group, groups) * 64u + lane;
  if (n >= dims.R * dims.I * pairs) {
    return;
  }
  let item = n / pairs;
  let c = 2u * (n % pairs);
  let r = item / dims.I;
  let both = c + 1u < dims.C;
  let counts = vec2f(dof[r * dims.C + c], select(0.0, dof[r * dims.C + min(c + 1u, dims.C - 1u)], both));
  let values = chi_square_pair(seeds[r], dims.key, clock[0], item % dims.I, c / 2u, counts);
  y[item * dims.C + c] = values.x;
  if (both) {
    y[item * dims.C + c + 1u] = values.y;
  }
}
