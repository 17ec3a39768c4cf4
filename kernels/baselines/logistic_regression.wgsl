// prediction[r,b,n] = x_n·w,   w = argmin_w Σ_{m<n} ln(1 + exp(−s_m x_m·w)) + λ/2 |w|²,   s_m = 1 for y_m > 0, else −1
//
// for the last P positions n; the prediction is the log-odds of a positive label. One invocation per prompt and position.
// Newton's method with H = Σ p (1 − p) x xᵀ + λ I = LᵀL, L by rotations. The step along the Newton direction δ is 1, or 2 or
// 4 where that lowers the loss clearly, as it does while separable labels drive w outwards. Where 1 raises the loss, it is
// ln(1 + d)/d with d = max_m |x_m·δ|, which lowers it from anywhere, for φ(u) = ln(1 + eᵘ) has |φ‴| ≤ φ″ (Sun & Tran-Dinh 2019).
const EQUAL: f32 = 1.00001;
const CLEARLY: f32 = 0.999;
struct Dims { R: u32, B: u32, N: u32, P: u32, L: u32, iterations: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // (R, B, N, D)
@group(0) @binding(2) var<storage, read> y: array<f32>;                 // (R, B, N)
@group(0) @binding(3) var<storage, read> lambda: array<f32>;            // (L)
@group(0) @binding(4) var<storage, read_write> prediction: array<f32>;  // (R, B, P)

var<private> weight: array<f32, D>;

fn load(pair: u32) {
  for (var i = 0u; i < D; i++) { // unroll
    row[i] = x[pair * D + i];
  }
}

fn predict() -> f32 {
  var sum = 0.0;
  for (var i = 0u; i < D; i++) { // unroll
    sum += row[i] * weight[i];
  }
  return sum;
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
  let penalty = lambda[min(prompt / dims.B, dims.L - 1u)];
  for (var k = 0u; k < dims.iterations; k++) {
    // The gradient gathers in `solution`, which the solves turn into the Newton direction.
    var square = 0.0;
    for (var i = 0u; i < D; i++) { // unroll
      for (var j = 0u; j < i; j++) { // unroll
        factor[i * (i + 1u) / 2u + j] = 0.0;
      }
      factor[i * (i + 1u) / 2u + i] = sqrt(penalty);
      solution[i] = -penalty * weight[i];
      square += weight[i] * weight[i];
    }
    var loss = 0.5 * penalty * square;
    for (var m = 0u; m < n; m++) {
      load(first + m);
      let score = select(-1.0, 1.0, y[first + m] > 0.0);
      let margin = score * predict();
      let wrong = sigmoid(-margin);
      let spread = sqrt(wrong * sigmoid(margin));
      loss += softplus(-margin);
      for (var i = 0u; i < D; i++) { // unroll
        solution[i] += score * wrong * row[i];
        row[i] *= spread;
      }
      rotate_in(0.0);
    }
    solve_transposed();
    for (var i = 0u; i < D; i++) { // unroll
      right[i] = solution[i];
    }
    solve_factor();
    // Losses after steps 1, 2 and 4.
    var squares = vec3f();
    for (var i = 0u; i < D; i++) { // unroll
      let moved = weight[i] + vec3f(1.0, 2.0, 4.0) * solution[i];
      squares += moved * moved;
    }
    var losses = 0.5 * penalty * squares;
    var reach = 0.0;
    for (var m = 0u; m < n; m++) {
      load(first + m);
      let score = select(-1.0, 1.0, y[first + m] > 0.0);
      var along = 0.0;
      for (var i = 0u; i < D; i++) { // unroll
        along += row[i] * solution[i];
      }
      reach = max(reach, abs(along));
      let margin = score * predict();
      losses.x += softplus(-(margin + score * along));
      losses.y += softplus(-(margin + 2.0 * score * along));
      losses.z += softplus(-(margin + 4.0 * score * along));
    }
    var step = 1.0;
    if (losses.x > EQUAL * loss) {
      step = log_accurate(1.0 + reach) / max(reach, 1e-3);
    } else if (losses.y < CLEARLY * losses.x) {
      step = select(2.0, 4.0, losses.z < CLEARLY * losses.y);
    }
    for (var i = 0u; i < D; i++) { // unroll
      weight[i] += step * solution[i];
      right[i] = 0.0;
    }
  }
  load(first + n);
  prediction[entry] = predict();
}
