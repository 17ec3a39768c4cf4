// r[b,k,j] = R[k,j] / scale[b],  zero below the diagonal      R: what `householder.wgsl` leaves above its vectors
//
// One invocation per entry of r. Without SCALE it is not divided.
const SCALE: u32 = 1u;
struct Dims { B: u32, C: u32, H: u32, K: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;           // (B, C, H)
@group(0) @binding(2) var<storage, read> pivots: array<vec2f>;    // (B, K, 2)
@group(0) @binding(3) var<storage, read> scale: array<f32>;       // (B)
@group(0) @binding(4) var<storage, read_write> r: array<f32>;     // (B, K, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index >= dims.B * dims.K * dims.C) {
    return;
  }
  let b = index / (dims.K * dims.C);
  let k = index / dims.C % dims.K;
  let j = index % dims.C;
  var value = 0.0;
  if (j == k) {
    value = pivots[b * dims.K + k].x;
  } else if (j > k) {
    value = x[(b * dims.C + j) * dims.H + k];
  }
  r[index] = value / select(1.0, scale[b], SCALE == 1u);
}
