// dx[r,n,t] = dy[r,t] w[r,n,t] / W[r,t]      WEIGHTED 0: w = 1, W = N
//
// One invocation per element.
const WEIGHTED: u32 = 0u;
struct Dims { R: u32, N: u32, T: u32, M: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;        // (R, T)
@group(0) @binding(2) var<storage, read> weights: array<f32>;   // (M)
@group(0) @binding(3) var<storage, read> total: array<f32>;     // (R, T)
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;  // (R, N, T)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let at = group_index(group, groups) * 64u + lane;
  if (at >= dims.R * dims.N * dims.T) {
    return;
  }
  let mean = at / (dims.N * dims.T) * dims.T + at % dims.T;
  var w = 1.0;
  if (WEIGHTED == 1u) {
    w = weights[at % dims.M];
  }
  dx[at] = dy[mean] * w / total[mean];
}
