// prediction[r,b,n] = x_n·w_K,   w_0 = 0,   w_{k+1} = w_k + η_k/n Σ_{m<n} (y_m − x_m·w_k) x_m      for the last P positions n
//
// One invocation per prompt and position, on the second moments of the pairs before it.
struct Dims { R: u32, B: u32, N: u32, P: u32, L: u32, K: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // (R, B, N, D)
@group(0) @binding(2) var<storage, read> y: array<f32>;                 // (R, B, N)
@group(0) @binding(3) var<storage, read> rate: array<f32>;              // (L, K)
@group(0) @binding(4) var<storage, read_write> prediction: array<f32>;  // (R, B, P)

fn load(pair: u32) {
  for (var i = 0u; i < D; i++) { // unroll
    row[i] = x[pair * D + i];
  }
}

@compute @workgroup_size(32) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 32u + lane;
  if (entry >= dims.R * dims.B * dims.P) {
    return;
  }
  let prompt = entry / dims.P;
  let first = prompt * dims.N;
  let n = entry % dims.P + dims.N - dims.P;
  for (var m = 0u; m < n; m++) {
    load(first + m);
    add_pair(y[first + m]);
  }
  let rates = min(prompt / dims.B, dims.L - 1u) * dims.K;
  for (var k = 0u; k < dims.K; k++) {
    let step = rate[rates + k] / f32(max(n, 1u));
    find_residual();
    for (var i = 0u; i < D; i++) { // unroll
      weight[i] += step * residual[i];
    }
  }
  load(first + n);
  prediction[entry] = predict();
}
