// y[b,i,j] = x[b,i,j] / scale[b]      of a larger x; TRANSPOSE: x[b,j,i]; REVERSE_ROWS: rows of y from the last to the first
//
// One invocation per entry of y. DIVIDE: 0 by nothing, 1 by the scale, 2 by its root.
const TRANSPOSE: u32 = 0u;
const REVERSE_ROWS: u32 = 0u;
const DIVIDE: u32 = 1u;
struct Dims { B: u32, I: u32, J: u32, M: u32, N: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;            // (B, I, J)
@group(0) @binding(2) var<storage, read> scale: array<f32>;        // (S)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;      // (B, M, N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index >= dims.B * dims.M * dims.N) {
    return;
  }
  let b = index / (dims.M * dims.N);
  let m = index / dims.N % dims.M;
  let n = index % dims.N;
  let row = select(m, dims.M - 1u - m, REVERSE_ROWS == 1u);
  let i = select(row, n, TRANSPOSE == 1u);
  let j = select(n, row, TRANSPOSE == 1u);
  var divisor = select(1.0, scale[b], DIVIDE > 0u);
  if (DIVIDE == 2u) {
    divisor = sqrt(divisor);
  }
  y[index] = x[(b * dims.I + i) * dims.J + j] / divisor;
}
