// Bayesian ridge regression under each of C noise levels σ_c and prior w ~ N(0, τ² I), as parts of a mixture:
//   part[r,b,c,n] = (Σ_{m<n} ln p_c(y_m | earlier), 1, x_n·w_c),   w_c the posterior mean given the n earlier pairs,
//   p_c(y_m | earlier) = N(x_m·w_c, s²),   s² = σ_c² (1 + x_mᵀ (Σ x xᵀ + λ I)⁻¹ x_m),   λ = σ_c²/τ²      for the last P positions n
//
// One invocation per prompt and noise level. With LᵀL = Σ x xᵀ + λ I the variance is |L⁻ᵀ x|². The constant of the normal
// law is the same in all parts and left out.
struct Dims { R: u32, B: u32, N: u32, P: u32, C: u32, L: u32, T: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;           // (R, B, N, D)
@group(0) @binding(2) var<storage, read> y: array<f32>;           // (R, B, N)
@group(0) @binding(3) var<storage, read> sigma: array<f32>;       // (L, C)
@group(0) @binding(4) var<storage, read> tau: array<f32>;         // (T)
@group(0) @binding(5) var<storage, read_write> part: array<f32>;  // (R, B, C, P, 3)

@compute @workgroup_size(32) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 32u + lane;
  if (entry >= dims.R * dims.B * dims.C) {
    return;
  }
  let prompt = entry / dims.C;
  let r = prompt / dims.B;
  let deviation = sigma[min(r, dims.L - 1u) * dims.C + entry % dims.C];
  for (var i = 0u; i < D; i++) { // unroll
    factor[i * (i + 1u) / 2u + i] = deviation / tau[min(r, dims.T - 1u)];
  }
  var evidence = 0.0;
  for (var n = 0u; n < dims.N; n++) {
    let pair = prompt * dims.N + n;
    solve_factor();
    var guess = 0.0;
    for (var i = 0u; i < D; i++) { // unroll
      row[i] = x[pair * D + i];
      guess += row[i] * solution[i];
      solution[i] = row[i];
    }
    if (n + dims.P >= dims.N) {
      let at = (entry * dims.P + n + dims.P - dims.N) * 3u;
      part[at] = evidence;
      part[at + 1u] = 1.0;
      part[at + 2u] = guess;
    }
    solve_transposed();
    var variance = 1.0;
    for (var i = 0u; i < D; i++) { // unroll
      variance += solution[i] * solution[i];
    }
    let spread = deviation * sqrt(variance);
    let error = (y[pair] - guess) / spread;
    evidence -= log_accurate(spread) + 0.5 * error * error;
    rotate_in(y[pair]);
  }
}
