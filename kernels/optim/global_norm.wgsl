// partial[r,k] = Σ g²      over the elements of replica r in tile k = (first of the block, per replica, start, count)
//
// One workgroup per sum: lanes stride over the tile, then fold pairwise. Tiles are those of one replica, so that the order
// of a replica's sum does not depend on how many there are.
struct Dims { P: u32, R: u32, K: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> g: array<f32>;               // (P)
@group(0) @binding(2) var<storage, read> tiles: array<vec4u>;         // (K, 4)
@group(0) @binding(3) var<storage, read_write> partial: array<f32>;   // (R, K)

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups);
  let sum = min(index, dims.R * dims.K - 1u);
  let tile = tiles[sum % dims.K];
  let start = tile.x + sum / dims.K * tile.y + tile.z;
  var total = 0.0;
  for (var e = lane; e < tile.w; e += 64u) {
    total += g[start + e] * g[start + e];
  }
  sums[lane] = total;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) {
      sums[lane] += sums[lane + width];
    }
    workgroupBarrier();
  }
  if (lane == 0u && index < dims.R * dims.K) {
    partial[sum] = sums[0];
  }
}
