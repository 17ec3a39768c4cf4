// z[p,t] = (x[p,t]; y[p,t]), and (x[p,T−1]; 0) for the query t = T − 1
//
// One invocation per token. M, the number of labels, is T − 1 or T; the query's is not read. Sizes are constants because a
// software driver divides by a variable lane by lane.
const T: u32 = 2u;
const M: u32 = 1u;
struct Dims { P: u32, D: u32, L: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (P, T, D)
@group(0) @binding(2) var<storage, read> y: array<f32>;        // (P, M, L)
@group(0) @binding(3) var<storage, read_write> z: array<f32>;  // (P, T, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let row = group_index(group, groups) * 64u + lane;
  if (row >= dims.P * T) {
    return;
  }
  for (var d = 0u; d < dims.D; d++) {
    z[row * dims.C + d] = x[row * dims.D + d];
  }
  let t = row % T;
  let labelled = t + 1u < T;
  let first = (row / T * M + min(t, M - 1u)) * dims.L;
  for (var l = 0u; l < dims.L; l++) {
    z[row * dims.C + dims.D + l] = select(0.0, y[first + l], labelled);
  }
}
