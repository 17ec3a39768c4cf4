// y[r,m,c] = (x[r,m,c] − μ[r,m]) s[r,m] gain[r,c] + bias[r,c]
// μ = 1/C Σ_c x (0 unless CENTER),   s = 1/√(1/C Σ_c (x − μ)² + epsilon)
//
// LANES invocations per row: each sums every LANES-th element, then all add up the parts in order. μ and s are kept for
// the gradient. GAIN, BIAS: 0 for none.
const LANES: u32 = 1u;
const ROWS: u32 = 64u / LANES;
const CENTER: u32 = 1u;
const GAIN: u32 = 1u;
const BIAS: u32 = 1u;
struct Dims { R: u32, M: u32, C: u32, epsilon: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<Element>;         // (R, M, C)
@group(0) @binding(2) var<storage, read> gain: array<Element>;      // (G)
@group(0) @binding(3) var<storage, read> bias: array<Element>;      // (B)
@group(0) @binding(4) var<storage, read_write> y: array<Element>;   // (R, M, C)
@group(0) @binding(5) var<storage, read_write> mu: array<f32>;      // (R, M)
@group(0) @binding(6) var<storage, read_write> factor: array<f32>;  // (R, M)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let wanted = group_index(group, groups) * ROWS + lane / LANES;
  let slot = lane % LANES;
  let last = dims.R * dims.M - 1u;
  // Lanes beyond the last row repeat it, so that all meet at the barriers.
  let row = min(wanted, last);
  let columns = dims.C / WIDTH;
  let first = row * columns;
  var mean = 0.0;
  if (CENTER == 1u) {
    var sum = Element();
    for (var c = slot; c < columns; c += LANES) {
      sum += x[first + c];
    }
    mean = row_total(total(sum), lane) / f32(dims.C);
  }
  var squares = Element();
  for (var c = slot; c < columns; c += LANES) {
    let d = x[first + c] - mean;
    squares += d * d;
  }
  let s = 1.0 / sqrt(row_total(total(squares), lane) / f32(dims.C) + dims.epsilon);
  if (wanted > last) {
    return;
  }
  let parameters = row / dims.M * columns;
  for (var c = slot; c < columns; c += LANES) {
    var value = (x[first + c] - mean) * s;
    if (GAIN == 1u) {
      value *= gain[parameters + c];
    }
    if (BIAS == 1u) {
      value += bias[parameters + c];
    }
    y[first + c] = value;
  }
  if (slot == 0u) {
    mu[row] = mean;
    factor[row] = s;
  }
}
