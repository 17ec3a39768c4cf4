// y[m] = x[m] / n_m,   log_radius[m] ← (log_radius[m], or 0 if `first`) + weight ln n_m,   n_m = |x[m]| (Frobenius)
//
// One invocation per matrix. Nothing is added for a zero matrix, which stays zero.
struct Dims { M: u32, N: u32, first: u32, weight: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                   // (M, N)
@group(0) @binding(2) var<storage, read_write> log_radius: array<f32>;    // (M)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;             // (M, N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let m = group_index(group, groups) * 64u + lane;
  if (m >= dims.M) {
    return;
  }
  var square = 0.0;
  for (var e = 0u; e < dims.N; e++) {
    square += x[m * dims.N + e] * x[m * dims.N + e];
  }
  let found = square > 1e-30;
  let before = select(log_radius[m], 0.0, dims.first == 1u);
  log_radius[m] = before + select(0.0, 0.5 * dims.weight * log_positive(square), found);
  let inverse = select(0.0, 1.0 / sqrt(square), found);
  for (var e = 0u; e < dims.N; e++) {
    y[m * dims.N + e] = inverse * x[m * dims.N + e];
  }
}
