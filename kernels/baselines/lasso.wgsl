// prediction[r,b,n] = x_n·w,   w = argmin_w 1/(2n) Σ_{m<n} (x_m·w − y_m)² + λ Σ_i |w_i|      for the last P positions n
//
// One invocation per prompt and position, on the second moments of the pairs before it. Cyclic coordinate descent first
// follows the optimum from the largest useful penalty, max_i |Σ y x_i| / n, down to λ, in at most half of the iterations.
// Alone it would take 10⁴ sweeps below D pairs, so that at λ it only chooses the support and its signs, once in CYCLE
// iterations; the others are conjugate-gradient steps on that support, where the loss is quadratic, each no longer than to
// the first zero crossing, which leaves the support. A sweep that changes no weight by more than STILL of the largest one
// is the last.
const STILL: f32 = 1e-7;
const LONGEST_PATH: u32 = 100u;
const CYCLE: u32 = D + 2u;
const TINY: f32 = 1e-30;
struct Dims { R: u32, B: u32, N: u32, P: u32, L: u32, iterations: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // (R, B, N, D)
@group(0) @binding(2) var<storage, read> y: array<f32>;                 // (R, B, N)
@group(0) @binding(3) var<storage, read> lambda: array<f32>;            // (L)
@group(0) @binding(4) var<storage, read_write> prediction: array<f32>;  // (R, B, P)

var<private> direction: array<f32, D>;
var<private> image: array<f32, D>;  // A direction

// image ← A direction
fn find_image() {
  for (var i = 0u; i < D; i++) { // unroll
    const start = i * (i + 1u) / 2u;
    image[i] = gram[start + i] * direction[i];
    for (var j = 0u; j < i; j++) { // unroll
      image[i] += gram[start + j] * direction[j];
      image[j] += gram[start + j] * direction[i];
    }
  }
}

// One sweep of coordinate descent. Returns the largest change and the largest weight.
fn sweep_weights(threshold: f32) -> vec2f {
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
  return vec2f(change, largest);
}

// One conjugate-gradient step on the support, after one whose gradient had the square `before` (0: none). Returns the square
// of this one's gradient, or 0 if a weight left the support.
fn step_support(threshold: f32, before: f32) -> f32 {
  var square = 0.0;
  for (var i = 0u; i < D; i++) { // unroll
    let slope = select(0.0, residual[i] - threshold * sign(weight[i]), weight[i] != 0.0);
    square += slope * slope;
  }
  let memory = select(0.0, square / max(before, TINY), before > 0.0);
  for (var i = 0u; i < D; i++) { // unroll
    let slope = residual[i] - threshold * sign(weight[i]);
    direction[i] = select(0.0, slope + memory * direction[i], weight[i] != 0.0);
  }
  find_image();
  var curvature = 0.0;
  var room = 1e30;
  for (var i = 0u; i < D; i++) { // unroll
    curvature += direction[i] * image[i];
    let inwards = weight[i] * direction[i] < 0.0;
    room = select(room, min(room, abs(weight[i]) / max(abs(direction[i]), TINY)), inwards);
  }
  let step = min(square / max(curvature, TINY), room);
  for (var i = 0u; i < D; i++) { // unroll
    let moved = weight[i] + step * direction[i];
    // Rounding must not leave a remnant of a weight that reached 0.
    weight[i] = select(moved, 0.0, moved * weight[i] <= 0.0);
    residual[i] -= step * image[i];
  }
  return select(square, 0.0, step == room);
}

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
  var square = 0.0;
  for (var k = 0u; k < dims.iterations; k++) {
    let on_path = k < path;
    threshold = select(target_threshold, max(threshold * decay, target_threshold), on_path);
    let within = (k - min(path, k)) % CYCLE;
    if (within > 0u) {
      square = step_support(threshold, square);
      continue;
    }
    square = 0.0;
    // Before roundings add up.
    find_residual();
    let change = sweep_weights(threshold);
    if (!on_path && change.x <= STILL * change.y) {
      break;
    }
  }
  load(first + n);
  prediction[entry] = predict();
}
