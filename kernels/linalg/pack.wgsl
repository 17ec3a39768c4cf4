// y[b,i,j] = scale[b] a[b,i,j],  zero outside of a      TRANSPOSE: a[b,j,i]; REVERSE: rows of a, and with 2 its columns, from the last
//
// One invocation per entry of y. From column `height` on, y holds an identity matrix instead (y[b,i,height+i] = 1); PAD
// continues the diagonal with ones beyond a; SYMMETRIC reads the lower triangle on both sides of the diagonal; without SCALE there is none.
const TRANSPOSE: u32 = 0u;
const REVERSE: u32 = 0u;
const PAD: u32 = 0u;
const SYMMETRIC: u32 = 0u;
const SCALE: u32 = 1u;
struct Dims { B: u32, M: u32, N: u32, I: u32, J: u32, height: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;            // (B, M, N)
@group(0) @binding(2) var<storage, read> scale: array<f32>;        // (S)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;      // (B, I, J)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index >= dims.B * dims.I * dims.J) {
    return;
  }
  let b = index / (dims.I * dims.J);
  let i = index / dims.J % dims.I;
  let j = index % dims.J;
  var row = select(i, j, TRANSPOSE == 1u);
  var column = select(j, i, TRANSPOSE == 1u);
  let inside = row < dims.M && column < dims.N && j < dims.height;
  var value = 0.0;
  if (inside) {
    if (REVERSE > 0u) {
      row = dims.M - 1u - row;
    }
    if (REVERSE == 2u) {
      column = dims.N - 1u - column;
    }
    if (SYMMETRIC == 1u) {
      let low = min(row, column);
      row = max(row, column);
      column = low;
    }
    value = select(1.0, scale[b], SCALE == 1u) * a[(b * dims.M + row) * dims.N + column];
  } else if (j >= dims.height) {
    value = select(0.0, 1.0, j - dims.height == i);
  } else if (PAD == 1u) {
    value = select(0.0, 1.0, i == j);
  }
  y[index] = value;
}
