// y[r,b,k] = the element of rank k < K in a random permutation of 0 … C − 1   draw (place[r,b])
//
// One workgroup per place: lanes stride over the permutation.
struct Dims { R: u32, B: u32, K: u32, C: u32, key: u32, list_key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> place: array<vec4u>;      // (R, B, 4)
@group(0) @binding(2) var<storage, read_write> y: array<u32>;      // (R, B, K)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let item = group_index(group, groups);
  if (item >= dims.R * dims.B) {
    return;
  }
  let at = place[item];
  let key = key_at(at, dims.key, dims.list_key);
  for (var c = lane; c < dims.C; c += 64u) {
    let rank = permuted_rank(at.x, key, at.y, at.z, c, dims.C);
    if (rank < dims.K) {
      y[item * dims.K + rank] = c;
    }
  }
}
