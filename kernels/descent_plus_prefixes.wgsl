// GD++ (von Oswald et al. 2022): every step takes a gradient step and then shrinks all inputs along their covariance,
//   w ← w + η_k S b_k,   b_k = 1/n Σ_{m<n} (y_m − x_m·w) S x_m,   S ← (I − γ_k Σ_k) S,   Σ_k = S (1/n Σ_{m<n} x_m x_mᵀ) S,
// from w = 0, S = I.      prediction[r,b,n] = x_n·w after K steps, for the last P positions n
//
// S x are the inputs that the step sees; S is a polynomial of the covariance A and therefore symmetric. One workgroup per
// prompt and position; lanes take entries of the matrices. The pass over pairs sums A and c = 1/n Σ y x; with them
// b_k = S (c − A w).
const D: u32 = 4u;
const LANES: u32 = 64u;
const CELLS: u32 = D * D;
struct Dims { R: u32, B: u32, N: u32, P: u32, L: u32, K: u32, G: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // (R, B, N, D)
@group(0) @binding(2) var<storage, read> y: array<f32>;                 // (R, B, N)
@group(0) @binding(3) var<storage, read> rate: array<f32>;              // (L, K)
@group(0) @binding(4) var<storage, read> gamma: array<f32>;             // (G, K)
@group(0) @binding(5) var<storage, read_write> prediction: array<f32>;  // (R, B, P)

var<workgroup> covariance: array<f32, CELLS>;  // A
var<workgroup> shrink: array<f32, CELLS>;      // S
var<workgroup> image: array<f32, CELLS>;       // A S
var<workgroup> seen: array<f32, CELLS>;        // Σ_k = S A S
var<workgroup> next: array<f32, CELLS>;        // (I − γ Σ_k) S
var<workgroup> moment: array<f32, D>;          // c
var<workgroup> weight: array<f32, D>;          // w
var<workgroup> residual: array<f32, D>;        // c − A w
var<workgroup> seen_residual: array<f32, D>;   // b_k

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  // The grid may overshoot: surplus groups repeat the last entry and store nothing.
  let index = group_index(group, groups);
  let entries = dims.R * dims.B * dims.P;
  let entry = min(index, entries - 1u);
  let prompt = entry / dims.P;
  let r = prompt / dims.B;
  let n = entry % dims.P + dims.N - dims.P;
  let first = prompt * dims.N;
  let count = f32(max(n, 1u));

  for (var cell = lane; cell < CELLS; cell += LANES) {
    var sum = 0.0;
    for (var m = 0u; m < n; m++) {
      sum += x[(first + m) * D + cell / D] * x[(first + m) * D + cell % D];
    }
    covariance[cell] = sum / count;
    shrink[cell] = select(0.0, 1.0, cell / D == cell % D);
  }
  for (var i = lane; i < D; i += LANES) {
    var sum = 0.0;
    for (var m = 0u; m < n; m++) {
      sum += y[first + m] * x[(first + m) * D + i];
    }
    moment[i] = sum / count;
    weight[i] = 0.0;
  }
  workgroupBarrier();

  for (var k = 0u; k < dims.K; k++) {
    // Nobody sees the inputs after the last step.
    let cells = select(CELLS, 0u, k + 1u == dims.K);
    let eta = rate[min(r, dims.L - 1u) * dims.K + k];
    let shrinkage = gamma[min(r, dims.G - 1u) * dims.K + k];
    for (var cell = lane; cell < cells; cell += LANES) {
      var sum = 0.0;
      for (var j = 0u; j < D; j++) { // unroll
        sum += covariance[cell / D * D + j] * shrink[j * D + cell % D];
      }
      image[cell] = sum;
    }
    for (var i = lane; i < D; i += LANES) {
      var sum = moment[i];
      for (var j = 0u; j < D; j++) { // unroll
        sum -= covariance[i * D + j] * weight[j];
      }
      residual[i] = sum;
    }
    workgroupBarrier();
    for (var cell = lane; cell < cells; cell += LANES) {
      var sum = 0.0;
      for (var j = 0u; j < D; j++) { // unroll
        sum += shrink[cell / D * D + j] * image[j * D + cell % D];
      }
      seen[cell] = sum;
    }
    for (var i = lane; i < D; i += LANES) {
      var sum = 0.0;
      for (var j = 0u; j < D; j++) { // unroll
        sum += shrink[i * D + j] * residual[j];
      }
      seen_residual[i] = sum;
    }
    workgroupBarrier();
    for (var cell = lane; cell < cells; cell += LANES) {
      var sum = 0.0;
      for (var j = 0u; j < D; j++) { // unroll
        sum += seen[cell / D * D + j] * shrink[j * D + cell % D];
      }
      next[cell] = shrink[cell] - shrinkage * sum;
    }
    for (var i = lane; i < D; i += LANES) {
      var sum = 0.0;
      for (var j = 0u; j < D; j++) { // unroll
        sum += shrink[i * D + j] * seen_residual[j];
      }
      weight[i] += eta * sum;
    }
    workgroupBarrier();
    for (var cell = lane; cell < cells; cell += LANES) {
      shrink[cell] = next[cell];
    }
    workgroupBarrier();
  }

  if (lane == 0u && index < entries) {
    var sum = 0.0;
    for (var i = 0u; i < D; i++) { // unroll
      sum += x[(first + n) * D + i] * weight[i];
    }
    prediction[entry] = sum;
  }
}
