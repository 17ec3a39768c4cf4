// y[b,i,k] = x[b,i,k] w[b,k]  if k < ranks[b] and s[b,k] > cutoff s[b,0], else 0      w = s[b,k] / s[b,0] with SCALE, else 1
//
// One invocation per entry. Singular values s are sorted from the largest.
const SCALE: u32 = 0u;
struct Dims { B: u32, N: u32, K: u32, cutoff: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // (B, N, K)
@group(0) @binding(2) var<storage, read> s: array<f32>;         // (B, K)
@group(0) @binding(3) var<storage, read> ranks: array<u32>;     // (B)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;   // (B, N, K)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index >= dims.B * dims.N * dims.K) {
    return;
  }
  let b = index / (dims.N * dims.K);
  let k = index % dims.K;
  let largest = s[b * dims.K];
  let value = s[b * dims.K + k];
  var factor = 0.0;
  if (k < ranks[b] && value > dims.cutoff * largest) {
    factor = select(1.0, value / largest, SCALE == 1u);
  }
  y[index] = x[index] * factor;
}
