// y[r,b,rank(t)] = x[r,b,t],   rank a random permutation: draw (seed_r, key, step, b)
//
// One invocation per entry.
struct Dims { R: u32, B: u32, T: u32, key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;        // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;        // (3)
@group(0) @binding(3) var<storage, read> x: array<u32>;            // (R, B, T)
@group(0) @binding(4) var<storage, read_write> y: array<u32>;      // (R, B, T)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * dims.B * dims.T) {
    return;
  }
  let sequence = entry / dims.T;
  let seed = seeds[sequence / dims.B];
  let rank = permuted_rank(seed, dims.key, clock[0], sequence % dims.B, entry % dims.T, dims.T);
  y[sequence * dims.T + rank] = x[entry];
}
