// y[r,i,k] = the element of rank k < K in a random permutation of 0 … C − 1   draw (seed_r, key, step, item i)
//
// One workgroup per item: lanes stride over the elements.
struct Dims { R: u32, I: u32, K: u32, key: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;     // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;     // (3)
@group(0) @binding(3) var<storage, read_write> y: array<u32>;   // (R, I, K)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let item = group_index(group, groups);
  if (item >= dims.R * dims.I) {
    return;
  }
  for (var c = lane; c < dims.C; c += 64u) {
    let rank = permuted_rank(seeds[item / dims.I], dims.key, clock[0], item % dims.I, c, dims.C);
    if (rank < dims.K) {
      y[item * dims.K + rank] = c;
    }
  }
}
