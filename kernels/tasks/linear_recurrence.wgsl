// x[m,t] ← x[m,t] + x[m,t−1] A[m]   for t = 1 … T − 1:  noise becomes the states of a linear dynamical system
//
// One workgroup per sequence; lanes stride over the D entries of a state, of which workgroup memory holds two.
const D: u32 = 4u;
const LANES: u32 = 64u;
struct Dims { M: u32, T: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;          // (M, D, D)
@group(0) @binding(2) var<storage, read_write> x: array<f32>;    // (M, T, D)

var<workgroup> state: array<f32, 2u * D>;

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let m = group_index(group, groups);
  if (m >= dims.M) {
    return;
  }
  for (var t = 0u; t < dims.T; t++) {
    let before = (t + 1u) % 2u * D;
    for (var d = lane; d < D; d += LANES) {
      let entry = (m * dims.T + t) * D + d;
      var sum = x[entry];
      if (t > 0u) {
        for (var j = 0u; j < D; j++) {
          sum += state[before + j] * a[(m * D + j) * D + d];
        }
      }
      state[t % 2u * D + d] = sum;
      x[entry] = sum;
    }
    workgroupBarrier();
  }
}
