// z[p,t] = (x[p,t]; y[p,t]), and (x[p,T−1]; 0) for the query t = T − 1
//
// One invocation per element of z. M, the number of labels, is T − 1 or T; the query's is not read. Sizes are constants because
// a software driver divides by a variable lane by lane.
const T: u32 = 2u;
const M: u32 = 1u;
const D: u32 = 1u;
const L: u32 = 1u;
const C: u32 = 2u;
struct Dims { P: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (P, T, D)
@group(0) @binding(2) var<storage, read> y: array<f32>;        // (P, M, L)
@group(0) @binding(3) var<storage, read_write> z: array<f32>;  // (P, T, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.P * T * C) {
    return;
  }
  let row = entry / C;
  let c = entry % C;
  let t = row % T;
  if (c < D) {
    z[entry] = x[row * D + c];
  } else if (t + 1u < T) {
    z[entry] = y[(row / T * M + t) * L + c - D];
  } else {
    z[entry] = 0.0;
  }
}
