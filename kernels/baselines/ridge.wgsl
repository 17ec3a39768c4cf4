// prediction[r,b,n] = x_n·w,   w = argmin_w Σ_{m<n} (x_m·w − y_m)² + Σ_i penalty_i w_i²      for the last P positions n
//
// One invocation per prompt. The penalty is the system's first D rows; every pair is rotated in after its prediction.
struct Dims { R: u32, B: u32, N: u32, P: u32, L: u32, Q: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // (R, B, N, D)
@group(0) @binding(2) var<storage, read> y: array<f32>;                 // (R, B, N)
@group(0) @binding(3) var<storage, read> penalty: array<f32>;           // (L, Q)
@group(0) @binding(4) var<storage, read_write> prediction: array<f32>;  // (R, B, P)

@compute @workgroup_size(32) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let prompt = group_index(group, groups) * 32u + lane;
  if (prompt >= dims.R * dims.B) {
    return;
  }
  let shared_row = min(prompt / dims.B, dims.L - 1u) * dims.Q;
  for (var i = 0u; i < D; i++) { // unroll
    factor[i * (i + 1u) / 2u + i] = sqrt(penalty[shared_row + min(i, dims.Q - 1u)]);
  }
  for (var n = 0u; n < dims.N; n++) {
    let pair = prompt * dims.N + n;
    for (var i = 0u; i < D; i++) { // unroll
      row[i] = x[pair * D + i];
    }
    if (n + dims.P >= dims.N) {
      solve_factor();
      var sum = 0.0;
      for (var i = 0u; i < D; i++) { // unroll
        sum += row[i] * solution[i];
      }
      prediction[prompt * dims.P + n + dims.P - dims.N] = sum;
    }
    rotate_in(y[pair]);
  }
}
