// prediction[r,b,n] = x_n·w,   w the shortest minimiser of Σ_{m<n} (x_m·w − y_m)²      for the last P positions n
//
// One invocation per prompt. The shortest w lies in the span of the x, so the system is kept in coordinates of an
// orthonormal basis of that span, which Gram–Schmidt (twice, for orthogonality to rounding) extends by every x with a part
// outside. What is indexed by the rank lies in `basis`, one vector a row and coordinates in the last one: indexing registers
// so takes drivers seconds to compile. An invocation reads there only what it has written.
const TOLERANCE: f32 = 1e-5;
const ROWS: u32 = D + 1u;
struct Dims { R: u32, B: u32, N: u32, P: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                 // (R, B, N, D)
@group(0) @binding(2) var<storage, read> y: array<f32>;                 // (R, B, N)
@group(0) @binding(3) var<storage, read_write> basis: array<f32>;       // (R, B, ROWS, D)
@group(0) @binding(4) var<storage, read_write> prediction: array<f32>;  // (R, B, P)

var<private> rest: array<f32, D>;

// coordinates ← coordinates + Q rest,   rest ← rest − Qᵀ Q rest,   Q the first `rank` rows from `start`
fn project(start: u32, rank: u32, first: bool) {
  for (var k = 0u; k < rank; k++) {
    var q: array<f32, D>;
    var sum = 0.0;
    for (var i = 0u; i < D; i++) { // unroll
      q[i] = basis[start + k * D + i];
      sum += q[i] * rest[i];
    }
    for (var i = 0u; i < D; i++) { // unroll
      rest[i] -= sum * q[i];
    }
    let at = start + D * D + k;
    if (first) {
      basis[at] = sum;
    } else {
      basis[at] += sum;
    }
  }
}

@compute @workgroup_size(32) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let prompt = group_index(group, groups) * 32u + lane;
  if (prompt >= dims.R * dims.B) {
    return;
  }
  let start = prompt * ROWS * D;
  var rank = 0u;
  for (var n = 0u; n < dims.N; n++) {
    let pair = prompt * dims.N + n;
    var square = 0.0;
    for (var i = 0u; i < D; i++) { // unroll
      rest[i] = x[pair * D + i];
      square += rest[i] * rest[i];
    }
    for (var round = 0u; round < 2u; round++) {
      project(start, rank, round == 0u);
    }
    for (var i = 0u; i < D; i++) { // unroll
      row[i] = select(0.0, basis[start + D * D + i], i < rank);
    }
    if (n + dims.P >= dims.N) {
      solve_factor();
      var sum = 0.0;
      for (var i = 0u; i < D; i++) { // unroll
        sum += row[i] * solution[i];
      }
      prediction[prompt * dims.P + n + dims.P - dims.N] = sum;
    }
    var outside = 0.0;
    for (var i = 0u; i < D; i++) { // unroll
      outside += rest[i] * rest[i];
    }
    if (rank < D && outside > TOLERANCE * TOLERANCE * square) {
      let size = sqrt(outside);
      for (var i = 0u; i < D; i++) { // unroll
        basis[start + rank * D + i] = rest[i] / size;
        row[i] = select(row[i], size, i == rank);
      }
      rank++;
    }
    rotate_in(y[pair]);
  }
}
