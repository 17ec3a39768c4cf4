// For each prompt, with Z = [[X, x_q], [W X, 0]] of shape (W, N+1), W = 2 D, and G = Z Zᵀ / N:
//   u = W_Q z_q      h = G u      ŷ = lower half of z_q + W_P h      δ = (0; ŷ − W x_q)      L = ½ |δ|²
//   dL/dW_P = δ hᵀ   dL/dW_Q = (G W_Pᵀ δ) z_qᵀ
//
// G is applied through the context's Σ̂ and the task: with v = a + Wᵀ b, G (a; b) = (Σ̂ v + x_q (x_q·a)/N;  W Σ̂ v).
// One workgroup per prompt; a lane computes whole entries of each vector. δ, h, b = G W_Pᵀ δ and z_q lie one after the other in
// one buffer, each from a quarter of it on: eight buffers a stage are all that every adapter has.
const D: u32 = 4u;
const LANES: u32 = 64u;
const WIDTH: u32 = 2u * D;
struct Dims { R: u32, B: u32, C: u32, L: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> covariance: array<f32>;       // (R, B, D, D)
@group(0) @binding(2) var<storage, read> task: array<f32>;             // (R, B, D, D)
@group(0) @binding(3) var<storage, read> query: array<f32>;            // (R, B, D)
@group(0) @binding(4) var<storage, read> context: array<f32>;          // (R)
@group(0) @binding(5) var<storage, read> deviation: array<f32>;        // (R, D)
@group(0) @binding(6) var<storage, read> parameters: array<f32>;       // (R, C)
@group(0) @binding(7) var<storage, read_write> vectors: array<f32>;    // (L)
@group(0) @binding(8) var<storage, read_write> loss: array<f32>;       // (R, B)

var<workgroup> z: array<f32, WIDTH>;
var<workgroup> u: array<f32, WIDTH>;
var<workgroup> v: array<f32, D>;
var<workgroup> s: array<f32, D>;
var<workgroup> h: array<f32, WIDTH>;
var<workgroup> error: array<f32, WIDTH>;

// h ← G u. Called by all lanes; u must be complete, h is complete after the next barrier.
fn apply_moment(item: u32, n: f32, lane: u32) {
  let matrix = item * D * D;
  for (var j = lane; j < D; j += LANES) {
    v[j] = u[j];
    for (var i = 0u; i < D; i++) {
      v[j] += task[matrix + i * D + j] * u[D + i];
    }
  }
  workgroupBarrier();
  for (var i = lane; i < D; i += LANES) {
    s[i] = 0.0;
    for (var j = 0u; j < D; j++) {
      s[i] += covariance[matrix + i * D + j] * v[j];
    }
  }
  workgroupBarrier();
  for (var i = lane; i < D; i += LANES) {
    var overlap = 0.0;
    var label = 0.0;
    for (var j = 0u; j < D; j++) {
      overlap += z[j] * u[j];
      label += task[matrix + i * D + j] * s[j];
    }
    h[i] = s[i] + z[i] * overlap / n;
    h[D + i] = label;
  }
}

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  // The grid may overshoot: surplus groups repeat the last prompt and store nothing.
  let index = group_index(group, groups);
  let live = index < dims.R * dims.B;
  let item = min(index, dims.R * dims.B - 1u);
  let r = item / dims.B;
  let n = context[r];
  let w_p = r * dims.C;
  let w_q = w_p + WIDTH * WIDTH;
  let delta = item * WIDTH;
  let hidden = dims.L / 4u + delta;
  let back = dims.L / 4u + hidden;
  let token = dims.L / 4u + back;

  for (var i = lane; i < WIDTH; i += LANES) {
    z[i] = 0.0;
    if (i < D) {
      z[i] = deviation[r * D + i] * query[item * D + i];
    }
  }
  workgroupBarrier();
  for (var i = lane; i < WIDTH; i += LANES) {
    u[i] = 0.0;
    for (var j = 0u; j < WIDTH; j++) {
      u[i] += parameters[w_q + i * WIDTH + j] * z[j];
    }
  }
  workgroupBarrier();
  apply_moment(item, n, lane);
  workgroupBarrier();
  for (var i = lane; i < WIDTH; i += LANES) {
    error[i] = 0.0;
    if (i >= D) {
      error[i] = z[i];
      for (var j = 0u; j < WIDTH; j++) {
        error[i] += parameters[w_p + i * WIDTH + j] * h[j];
      }
      for (var j = 0u; j < D; j++) {
        error[i] -= task[item * D * D + (i - D) * D + j] * z[j];
      }
    }
    if (live) {
      vectors[delta + i] = error[i];
      vectors[hidden + i] = h[i];
      vectors[token + i] = z[i];
    }
  }
  workgroupBarrier();
  if (live && lane == 0u) {
    var sum = 0.0;
    for (var i = 0u; i < WIDTH; i++) {
      sum += error[i] * error[i];
    }
    loss[item] = 0.5 * sum;
  }
  for (var j = lane; j < WIDTH; j += LANES) {
    u[j] = 0.0;
    for (var i = 0u; i < WIDTH; i++) {
      u[j] += parameters[w_p + i * WIDTH + j] * error[i];
    }
  }
  workgroupBarrier();
  apply_moment(item, n, lane);
  workgroupBarrier();
  for (var i = lane; i < WIDTH; i += LANES) {
    if (live) {
      vectors[back + i] = h[i];
    }
  }
}
