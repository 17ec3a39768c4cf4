// x[b,j,:] ← x[b,j,:] − β_k v_k <v_k, x[b,j,:]>  for j > k      v_k = x[b,k,·] − α_k e_k from row k on, zero above
//
// α_k = −sign(x[b,k,k]) |x[b,k,k:]|, β_k = 2 / <v_k,v_k>; pivots[b,k] = (α_k, β_k). A column of the matrix is a row of x,
// of M numbers and padding. Columns that are done keep v_k, whose diagonal entry is x[b,k,k] − α_k, and R above it.
// A lane owns four columns at a time. Where a matrix lies in one workgroup (WITHIN), a dispatch makes many steps k.
const LANES: u32 = 8u;
const WITHIN: u32 = 1u;
// Squared norm below which a column counts as zero; the largest entry of a matrix is between 1 and 2.
const VANISHED: f32 = 7.888609e-31;
struct Dims { B: u32, C: u32, H: u32, K: u32, M: u32, start: u32, end: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> x: array<vec4f>;       // (B, C, H)
@group(0) @binding(2) var<storage, read_write> pivots: array<vec2f>;  // (B, K, 2)

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups);
  // Workgroups that share a matrix take sets of columns in turn.
  let sets = (dims.C + 4u * LANES - 1u) / (4u * LANES);
  let b = select(index / sets, index, WITHIN == 1u);
  let stride = 4u * LANES * select(sets, 1u, WITHIN == 1u);
  let own = 4u * (lane + LANES * select(index % sets, 0u, WITHIN == 1u));
  let rows = dims.H / 4u;
  if (b >= dims.B) {
    return;
  }
  for (var k = dims.start; k < dims.end; k++) {
    let column = (b * dims.C + k) * rows;
    let top = k / 4u;
    let below = vec4u(0u, 1u, 2u, 3u) >= vec4u(k % 4u);
    let head = select(vec4f(), x[column + top], below);
    var squares = dot(head, head);
    for (var row = top + 1u; row < rows; row++) {
      let v = x[column + row];
      squares += dot(v, v);
    }
    let pivot = head[k % 4u];
    let length = sqrt(squares);
    // As LAPACK does it: a last row has nothing to be turned into. The inverse of a smaller square may not be finite.
    let turning = squares > VANISHED && k + 1u < dims.M;
    let alpha = select(pivot, select(-length, length, pivot < 0.0), turning);
    let beta = select(0.0, 1.0 / (squares + abs(pivot) * length), turning);
    let first = head - alpha * select(vec4f(), vec4f(1.0), vec4u(0u, 1u, 2u, 3u) == vec4u(k % 4u));
    if (own == 0u) {
      pivots[b * dims.K + k] = vec2f(alpha, beta);
    }
    // Sets of columns that are done already are left out.
    let skipped = select(0u, (k + 1u - own) / stride, k + 1u > own) * stride;
    for (var j = own + skipped; j < dims.C; j += stride) {
      // Columns that are done or beyond the last one are read, and not written.
      var columns = vec4u();
      for (var i = 0u; i < 4u; i++) { // unroll
        columns[i] = (b * dims.C + min(j + i, dims.C - 1u)) * rows;
      }
      var sums = vec4f();
      for (var i = 0u; i < 4u; i++) { // unroll
        sums[i] = dot(first, x[columns[i] + top]);
      }
      for (var row = top + 1u; row < rows; row++) {
        let v = x[column + row];
        for (var i = 0u; i < 4u; i++) { // unroll
          sums[i] += dot(v, x[columns[i] + row]);
        }
      }
      sums *= beta;
      for (var i = 0u; i < 4u; i++) { // unroll
        if (j + i > k && j + i < dims.C) {
          x[columns[i] + top] -= sums[i] * first;
        }
      }
      for (var row = top + 1u; row < rows; row++) {
        let v = x[column + row];
        for (var i = 0u; i < 4u; i++) { // unroll
          if (j + i > k && j + i < dims.C) {
            x[columns[i] + row] -= sums[i] * v;
          }
        }
      }
    }
    storageBarrier();
  }
}
