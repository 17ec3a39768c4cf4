// y[r,i,c] = draw (seed_r, key, step, item i, index c), uniform in 0 … below − 1
//
// One invocation per number.
struct Dims { R: u32, I: u32, C: u32, key: u32, below: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;     // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;     // (3)
@group(0) @binding(3) var<storage, read_write> y: array<u32>;   // (R, I, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let n = group_index(group, groups) * 64u + lane;
  if (n >= dims.R * dims.I * dims.C) {
    return;
  }
  let item = n / dims.C;
  y[n] = uniform_below(random_bits(seeds[item / dims.I], dims.key, clock[0], item % dims.I, n % dims.C), dims.below);
}
