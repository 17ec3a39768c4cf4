// prediction[r,b,n] = x_n·w,   w = argmin_w 1/(2n) Σ_{m<n} (x_m·w − y_m)² + λ Σ_i |w_i|      for the last P positions n
//
// One invocation per prompt and position: cyclic coordinate descent on the second moments of the pairs before it. The first
// sweeps, at most half of them, follow the optimum from the largest useful penalty, max_i |Σ y x_i| / n, down to λ: below D
// pairs, descent from 0 gets stuck at weights that are all but optimal and yet far from the optimum. The others stay at λ and
// end when a sweep changes no weight by more than STILL of the largest one. Residuals follow the weights, and are found anew
// every REFRESH sweeps, before roundings add up.
const STILL: f32 = 1e-7;
const LONGEST_PATH: u32 = 200u;
const REFRESH: u32 = 8u;
const TINY: f32 = 1e-30;
struct Dims { R: u32, B: u32, N: u32, P: u32, L: u32, iterations: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // (R, B, N, D)
@group(0) @binding(2) var<storage, read> y: array<f32>;                 // (R, B, N)
@group(0) @binding(3) var<storage, read> lambda: array<f32>;            // (L)
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
  let target_threshold = lambda[min(prompt / dims.B, dims.L - 1u)] * f32(n);
  var threshold = 0.0;
  for (var i = 0u; i < D; i++) { // unroll
    threshold = max(threshold, abs(moment[i]));
  }
  // At least 1e-4 of the largest penalty, so that a path to 0 has an end.
  let floor = max(target_threshold, 1e-4 * threshold);
  let path = min(dims.iterations / 2u, LONGEST_PATH);
  let decay = pow(clamp(floor / max(threshold, TINY), 1e-4, 1.0), 1.0 / f32(max(path, 1u)));
  for (var sweep = 0u; sweep < dims.iterations; sweep++) {
    threshold = select(max(threshold * decay, target_threshold), target_threshold, sweep >= path);
    if (sweep % REFRESH == 0u) {
      find_residual();
    }
    var change = 0.0;
    var largest = 0.0;
    for (var i = 0u; i < D; i++) { // unroll
      const start = i * (i + 1u) / 2u;
      let a = gram[start + i];
      let old = weight[i];
      let slope = residual[i] + a * old;
      let size = max(abs(slope) - threshold, 0.0) / max(a, TINY);
      let found = select(0.0, sign(slope) * size, a > TINY);
      let delta = found - old;
      weight[i] = found;
      change = max(change, abs(delta));
      largest = max(largest, abs(found));
      for (var j = 0u; j <= i; j++) { // unroll
        residual[j] -= gram[start + j] * delta;
      }
      for (var j = i + 1u; j < D; j++) { // unroll
        residual[j] -= gram[j * (j + 1u) / 2u + i] * delta;
      }
    }
    if (sweep >= path && change <= STILL * largest) {
      break;
    }
  }
  load(first + n);
  prediction[entry] = predict();
}
