// a[m] ← radius[m / B] / ρ(a[m]) · a[m],   ρ(A) = lim ‖A^k‖^(1/k) the spectral radius (Gelfand)
//
// One invocation squares a matrix SQUARINGS times, A^(2^k) divided by its norm each time: with n_k these norms,
// ln ρ = Σ_k 2^−k ln n_k. Complex pairs of eigenvalues do no harm; what is left out is ln(condition) / 2^SQUARINGS.
// A nilpotent matrix stays as it is. SQUARINGS D (D + 2) + 2 D² loop iterations.
const D: u32 = 4u;
const DD: u32 = D * D;
const SQUARINGS: u32 = 24u;
struct Dims { M: u32, B: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> radius: array<f32>;     // (R)
@group(0) @binding(2) var<storage, read_write> a: array<f32>;    // (M, D, D)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let m = group_index(group, groups) * 64u + lane;
  if (m >= dims.M) {
    return;
  }
  var power: array<f32, DD>;
  var square: array<f32, DD>;
  var squared_norm = 0.0;
  for (var e = 0u; e < DD; e++) {
    square[e] = a[m * DD + e];
    squared_norm += square[e] * square[e];
  }
  var log_radius = 0.0;
  var weight = 1.0;
  var nilpotent = false;
  for (var k = 0u; k < SQUARINGS; k++) {
    nilpotent = nilpotent || squared_norm < 1e-30;
    log_radius += 0.5 * weight * log_positive(squared_norm);
    weight *= 0.5;
    let scale = select(0.0, 1.0 / sqrt(squared_norm), squared_norm >= 1e-30);
    for (var i = 0u; i < D; i++) {
      for (var j = 0u; j < D; j++) { // unroll
        power[i * D + j] = scale * square[i * D + j];
      }
    }
    squared_norm = 0.0;
    for (var i = 0u; i < D; i++) {
      var row = array<f32, D>();
      for (var l = 0u; l < D; l++) {
        let factor = power[i * D + l];
        for (var j = 0u; j < D; j++) { // unroll
          row[j] += factor * power[l * D + j];
        }
      }
      for (var j = 0u; j < D; j++) { // unroll
        square[i * D + j] = row[j];
        squared_norm += row[j] * row[j];
      }
    }
  }
  let scale = select(radius[m / dims.B] * exp(-log_radius), 1.0, nilpotent);
  for (var e = 0u; e < DD; e++) {
    a[m * DD + e] *= scale;
  }
}
