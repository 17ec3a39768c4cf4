// GD++ (von Oswald et al. 2022): every step takes a gradient step and then shrinks all inputs along their covariance,
//   w ← w + η_k S b_k,   b_k = 1/n Σ_{m<n} (y_m − x_m·w) S x_m,   S ← (I − γ_k Σ_k) S,   Σ_k = S (1/n Σ_{m<n} x_m x_mᵀ) S,
// from w = 0, S = I.      prediction[r,b,n] = x_n·w after K steps, for the last P positions n
//
// S x are the inputs that the step sees; S is a polynomial of the covariance A and therefore symmetric. One workgroup per
// prompt and position. Matrices are kept in rows of STRIPS vectors, padded with 0, and lanes take one strip of four entries at
// a time: loads are what the products cost. The pass over pairs sums A and c = 1/n Σ y x; with them b_k = S (c − A w).
const D: u32 = 4u;
const LANES: u32 = 64u;
const STRIPS: u32 = (D + 3u) / 4u;
const CELLS: u32 = D * STRIPS;
struct Dims { R: u32, B: u32, N: u32, P: u32, L: u32, K: u32, G: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // (R, B, N, D)
@group(0) @binding(2) var<storage, read> y: array<f32>;                 // (R, B, N)
@group(0) @binding(3) var<storage, read> rate: array<f32>;              // (L, K)
@group(0) @binding(4) var<storage, read> gamma: array<f32>;             // (G, K)
@group(0) @binding(5) var<storage, read_write> prediction: array<f32>;  // (R, B, P)

var<workgroup> covariance: array<vec4f, CELLS>;  // A
var<workgroup> shrink: array<vec4f, CELLS>;      // S
var<workgroup> image: array<vec4f, CELLS>;       // A S
var<workgroup> seen: array<vec4f, CELLS>;        // Σ_k = S A S
var<workgroup> next: array<vec4f, CELLS>;        // (I − γ Σ_k) S
var<workgroup> moment: array<f32, D>;            // c
var<workgroup> weight: array<f32, D>;            // w
var<workgroup> residual: array<f32, D>;          // c − A w
var<workgroup> seen_residual: array<f32, D>;     // b_k

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
    let i = cell / STRIPS;
    let columns = cell % STRIPS * 4u + vec4u(0u, 1u, 2u, 3u);
    let inside = columns < vec4u(D);
    let at = min(columns, vec4u(D - 1u));
    var sum = vec4f();
    for (var m = 0u; m < n; m++) {
      let start = (first + m) * D;
      sum += x[start + i] * vec4f(x[start + at.x], x[start + at.y], x[start + at.z], x[start + at.w]);
    }
    covariance[cell] = select(vec4f(), sum / count, inside);
    shrink[cell] = select(vec4f(), vec4f(1.0), columns == vec4u(i));
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
      let start = cell / STRIPS * STRIPS;
      let strip = cell % STRIPS;
      var sum = vec4f();
      for (var j = 0u; j < STRIPS; j++) {
        let left = covariance[start + j];
        for (var c = 0u; c < 4u; c++) { // unroll
          // The padding of the left row is 0, whatever it meets.
          sum += left[c] * shrink[min(4u * j + c, D - 1u) * STRIPS + strip];
        }
      }
      image[cell] = sum;
    }
    for (var i = lane; i < D; i += LANES) {
      var sum = moment[i];
      for (var j = 0u; j < D; j++) {
        sum -= covariance[i * STRIPS + j / 4u][j % 4u] * weight[j];
      }
      residual[i] = sum;
    }
    workgroupBarrier();
    for (var cell = lane; cell < cells; cell += LANES) {
      let start = cell / STRIPS * STRIPS;
      let strip = cell % STRIPS;
      var sum = vec4f();
      for (var j = 0u; j < STRIPS; j++) {
        let left = shrink[start + j];
        for (var c = 0u; c < 4u; c++) { // unroll
          // The padding of the left row is 0, whatever it meets.
          sum += left[c] * image[min(4u * j + c, D - 1u) * STRIPS + strip];
        }
      }
      seen[cell] = sum;
    }
    for (var i = lane; i < D; i += LANES) {
      var sum = 0.0;
      for (var j = 0u; j < D; j++) {
        sum += shrink[i * STRIPS + j / 4u][j % 4u] * residual[j];
      }
      seen_residual[i] = sum;
    }
    workgroupBarrier();
    for (var cell = lane; cell < cells; cell += LANES) {
      let start = cell / STRIPS * STRIPS;
      let strip = cell % STRIPS;
      var sum = vec4f();
      for (var j = 0u; j < STRIPS; j++) {
        let left = seen[start + j];
        for (var c = 0u; c < 4u; c++) { // unroll
          // The padding of the left row is 0, whatever it meets.
          sum += left[c] * shrink[min(4u * j + c, D - 1u) * STRIPS + strip];
        }
      }
      next[cell] = shrink[cell] - shrinkage * sum;
    }
    for (var i = lane; i < D; i += LANES) {
      var sum = 0.0;
      for (var j = 0u; j < D; j++) {
        sum += shrink[i * STRIPS + j / 4u][j % 4u] * seen_residual[j];
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
