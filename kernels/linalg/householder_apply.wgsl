// y[b,j,:] ← H_k y[b,j,:]  for k from `start` to before `end`, BACKWARD: from the last to the first;   H_k = 1 − β_k v_k v_kᵀ
//
// x and pivots as `householder.wgsl` leaves them: H_0 H_1 … are Q, so that BACKWARD multiplies by Q and forward by Qᵀ.
// One invocation per four columns; a column of y is a row of H numbers.
const BACKWARD: u32 = 1u;
struct Dims { B: u32, C: u32, H: u32, K: u32, J: u32, start: u32, end: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;         // (B, C, H)
@group(0) @binding(2) var<storage, read> pivots: array<vec2f>;    // (B, K, 2)
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;   // (B, J, H)

@compute @workgroup_size(8) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 8u + lane;
  let sets = (dims.J + 3u) / 4u;
  if (index >= dims.B * sets) {
    return;
  }
  let b = index / sets;
  let j = index % sets * 4u;
  let rows = dims.H / 4u;
  // Columns beyond the last one repeat it, and are not written.
  var columns = vec4u();
  for (var i = 0u; i < 4u; i++) { // unroll
    columns[i] = (b * dims.J + min(j + i, dims.J - 1u)) * rows;
  }
  for (var step = dims.start; step < dims.end; step++) {
    let k = select(step, dims.start + dims.end - 1u - step, BACKWARD == 1u);
    let pivot = pivots[b * dims.K + k];
    let column = (b * dims.C + k) * rows;
    let top = k / 4u;
    let places = vec4u(0u, 1u, 2u, 3u);
    let head = select(vec4f(), x[column + top], places >= vec4u(k % 4u));
    let first = head - pivot.x * select(vec4f(), vec4f(1.0), places == vec4u(k % 4u));
    var sums = vec4f();
    for (var i = 0u; i < 4u; i++) { // unroll
      sums[i] = dot(first, y[columns[i] + top]);
    }
    for (var row = top + 1u; row < rows; row++) {
      let v = x[column + row];
      for (var i = 0u; i < 4u; i++) { // unroll
        sums[i] += dot(v, y[columns[i] + row]);
      }
    }
    sums *= pivot.y;
    for (var i = 0u; i < 4u; i++) { // unroll
      if (j + i < dims.J) {
        y[columns[i] + top] -= sums[i] * first;
      }
    }
    for (var row = top + 1u; row < rows; row++) {
      let v = x[column + row];
      for (var i = 0u; i < 4u; i++) { // unroll
        if (j + i < dims.J) {
          y[columns[i] + row] -= sums[i] * v;
        }
      }
    }
  }
}
