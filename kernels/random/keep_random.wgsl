// w[r,b,c] ← w[r,b,c] if c is among the first K of a random permutation of 0 … C − 1, else 0   draw (place[r,b])
//
// One invocation per entry.
struct Dims { R: u32, B: u32, C: u32, K: u32, key: u32, list_key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> place: array<vec4u>;    // (R, B, 4)
@group(0) @binding(2) var<storage, read_write> w: array<f32>;    // (R, B, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * dims.B * dims.C) {
    return;
  }
  let at = place[entry / dims.C];
  let rank = permuted_rank(at.x, key_at(at, dims.key, dims.list_key), at.y, at.z, entry % dims.C, dims.C);
  if (rank >= dims.K) {
    w[entry] = 0.0;
  }
}
