// y[m] ← y[m] / |y[m]|
//
// One invocation per row.
struct Dims { M: u32, D: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;    // (M, D)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let m = group_index(group, groups) * 64u + lane;
  if (m >= dims.M) {
    return;
  }
  var sum = 0.0;
  for (var d = 0u; d < dims.D; d++) {
    sum += y[m * dims.D + d] * y[m * dims.D + d];
  }
  let inverse = 1.0 / sqrt(sum);
  for (var d = 0u; d < dims.D; d++) {
    y[m * dims.D + d] *= inverse;
  }
}
