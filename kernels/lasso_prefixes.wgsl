// prediction[r,b,n] = x_n·w,   w = argmin_w 1/(2n) Σ_{m<n} (x_m·w − y_m)² + λ Σ_i |w_i|      for the last P positions n
//
// One invocation per prompt: cyclic coordinate descent on the second moments, from the solution of the position before.
// A sweep that changes no weight by more than STILL of the largest one is the last.
const STILL: f32 = 1e-7;
struct Dims { R: u32, B: u32, N: u32, P: u32, L: u32, iterations: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // (R, B, N, D)
@group(0) @binding(2) var<storage, read> y: array<f32>;                 // (R, B, N)
@group(0) @binding(3) var<storage, read> lambda: array<f32>;            // (L)
@group(0) @binding(4) var<storage, read_write> prediction: array<f32>;  // (R, B, P)

@compute @workgroup_size(32) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let prompt = group_index(group, groups) * 32u + lane;
  if (prompt >= dims.R * dims.B) {
    return;
  }
  let penalty = lambda[min(prompt / dims.B, dims.L - 1u)];
  for (var n = 0u; n < dims.N; n++) {
    let pair = prompt * dims.N + n;
    for (var i = 0u; i < D; i++) { // unroll
      row[i] = x[pair * D + i];
    }
    if (n + dims.P >= dims.N) {
      let threshold = penalty * f32(n);
      find_residual();
      for (var sweep = 0u; sweep < dims.iterations; sweep++) {
        var change = 0.0;
        var largest = 0.0;
        for (var i = 0u; i < D; i++) { // unroll
          const start = i * (i + 1u) / 2u;
          let a = gram[start + i];
          let old = weight[i];
          let slope = residual[i] + a * old;
          let size = max(abs(slope) - threshold, 0.0) / max(a, 1e-30);
          let new_weight = select(0.0, sign(slope) * size, a > 1e-30);
          let delta = new_weight - old;
          weight[i] = new_weight;
          change = max(change, abs(delta));
          largest = max(largest, abs(new_weight));
          for (var j = 0u; j <= i; j++) { // unroll
            residual[j] -= gram[start + j] * delta;
          }
          for (var j = i + 1u; j < D; j++) { // unroll
            residual[j] -= gram[j * (j + 1u) / 2u + i] * delta;
          }
        }
        if (change <= STILL * largest) {
          break;
        }
      }
      prediction[prompt * dims.P + n + dims.P - dims.N] = predict();
    }
    add_pair(y[pair]);
  }
}
