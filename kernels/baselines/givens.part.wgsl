// Least squares by plane rotations: pairs (x, y) are rotated one by one into a triangular system L w = z, L lower, so that
//   |L w − z|² + constant = Σ (x·w − y)²      for every w, and LᵀL = Σ x xᵀ.
//
// Errors grow with the condition number of the rows; those of the normal equations grow with its square. All indices are
// constants, which keeps L and z in registers. A coordinate that no row has reached has L_kk = 0 and gets weight 0.
const D: u32 = 4u;
const TINY: f32 = 1e-18;
var<private> factor: array<f32, D * (D + 1u) / 2u>;  // L, row k from k (k + 1) / 2
var<private> right: array<f32, D>;                   // z
var<private> row: array<f32, D>;                     // x of the pair at hand; rotate_in consumes it
var<private> solution: array<f32, D>;

// L, z ← their update by the pair (row, label).
fn rotate_in(label: f32) {
  var y = label;
  for (var i = 0u; i < D; i++) { // unroll
    const k = D - 1u - i;
    const start = k * (k + 1u) / 2u;
    let a = factor[start + k];
    let b = row[k];
    let h = sqrt(a * a + b * b);
    let c = select(1.0, a / max(h, TINY), h > TINY);
    let s = select(0.0, b / max(h, TINY), h > TINY);
    factor[start + k] = h;
    for (var j = 0u; j < D - 1u - i; j++) { // unroll
      let f = factor[start + j];
      let x = row[j];
      factor[start + j] = c * f + s * x;
      row[j] = c * x - s * f;
    }
    let z = right[k];
    right[k] = c * z + s * y;
    y = c * y - s * z;
  }
}

// solution ← L⁻¹ right
fn solve_factor() {
  for (var k = 0u; k < D; k++) { // unroll
    const start = k * (k + 1u) / 2u;
    var sum = right[k];
    for (var j = 0u; j < k; j++) { // unroll
      sum -= factor[start + j] * solution[j];
    }
    let f = factor[start + k];
    solution[k] = select(0.0, sum / max(f, TINY), f > TINY);
  }
}

// solution ← L⁻ᵀ solution
fn solve_transposed() {
  for (var i = 0u; i < D; i++) { // unroll
    const k = D - 1u - i;
    const start = k * (k + 1u) / 2u;
    let f = factor[start + k];
    let value = select(0.0, solution[k] / max(f, TINY), f > TINY);
    solution[k] = value;
    for (var j = 0u; j < D - 1u - i; j++) { // unroll
      solution[j] -= factor[start + j] * value;
    }
  }
}
