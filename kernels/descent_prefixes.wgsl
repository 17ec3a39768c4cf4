// prediction[r,b,n] = x_n·w_K,   w_0 = 0,   w_{k+1} = w_k + η_k/n Σ_{m<n} (y_m − x_m·w_k) x_m      for the last P positions n
//
// One invocation per prompt; the pairs enter through their second moments, which grow from position to position.
struct Dims { R: u32, B: u32, N: u32, P: u32, L: u32, K: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // (R, B, N, D)
@group(0) @binding(2) var<storage, read> y: array<f32>;                 // (R, B, N)
@group(0) @binding(3) var<storage, read> rate: array<f32>;              // (L, K)
@group(0) @binding(4) var<storage, read_write> prediction: array<f32>;  // (R, B, P)

@compute @workgroup_size(32) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let prompt = group_index(group, groups) * 32u + lane;
  if (prompt >= dims.R * dims.B) {
    return;
  }
  let rates = min(prompt / dims.B, dims.L - 1u) * dims.K;
  for (var n = 0u; n < dims.N; n++) {
    let pair = prompt * dims.N + n;
    for (var i = 0u; i < D; i++) { // unroll
      row[i] = x[pair * D + i];
    }
    if (n + dims.P >= dims.N) {
      for (var i = 0u; i < D; i++) { // unroll
        weight[i] = 0.0;
      }
      for (var k = 0u; k < dims.K; k++) {
        let step = rate[rates + k] / f32(max(n, 1u));
        find_residual();
        for (var i = 0u; i < D; i++) { // unroll
          weight[i] += step * residual[i];
        }
      }
      prediction[prompt * dims.P + n + dims.P - dims.N] = predict();
    }
    add_pair(y[pair]);
  }
}
