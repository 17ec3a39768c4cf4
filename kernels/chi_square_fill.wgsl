// y[r,i,c] ~ χ²(dof[r,c])   draw (seed_r, key, step, item i, index c)
//
// One invocation per number. 0 where dof ≤ 0.
struct Dims { R: u32, I: u32, C: u32, key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;     // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;     // (3)
@group(0) @binding(3) var<storage, read> dof: array<f32>;       // (R, C)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;   // (R, I, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let n = group_index(group, groups) * 64u + lane;
  if (n >= dims.R * dims.I * dims.C) {
    return;
  }
  let c = n % dims.C;
  let r = n / (dims.C * dims.I);
  y[n] = chi_square(seeds[r], dims.key, clock[0], (n / dims.C) % dims.I, c, dof[r * dims.C + c]);
}
