// Second moments of pairs in registers: A = Σ x xᵀ and b = Σ y x, and the gradient b − A w of −½ Σ (y − x·w)².
const D: u32 = 4u;
var<private> gram: array<f32, D * (D + 1u) / 2u>;  // A, lower triangle, row k from k (k + 1) / 2
var<private> moment: array<f32, D>;                // b
var<private> weight: array<f32, D>;                // w
var<private> residual: array<f32, D>;              // b − A w
var<private> row: array<f32, D>;                   // x of the pair at hand

// A, b ← their update by the pair (row, label).
fn add_pair(label: f32) {
  for (var i = 0u; i < D; i++) { // unroll
    moment[i] += label * row[i];
    for (var j = 0u; j <= i; j++) { // unroll
      gram[i * (i + 1u) / 2u + j] += row[i] * row[j];
    }
  }
}

// residual ← b − A w
fn find_residual() {
  for (var i = 0u; i < D; i++) { // unroll
    residual[i] = moment[i];
  }
  for (var i = 0u; i < D; i++) { // unroll
    residual[i] -= gram[i * (i + 1u) / 2u + i] * weight[i];
    for (var j = 0u; j < i; j++) { // unroll
      let a = gram[i * (i + 1u) / 2u + j];
      residual[i] -= a * weight[j];
      residual[j] -= a * weight[i];
    }
  }
}

// row·w
fn predict() -> f32 {
  var sum = 0.0;
  for (var i = 0u; i < D; i++) { // unroll
    sum += row[i] * weight[i];
  }
  return sum;
}
