// y[b,c,i] ← (y[b,c,i] − Σ_{k<i} t[b,i,k] y[b,c,k]) / t[b,i,i]      t lower triangular
//
// Four unknowns a step, steps from `start` to before `end`. One invocation per COLUMNS right-hand sides, each a row of y.
// Padding of t continues its diagonal with ones.
const COLUMNS: u32 = 4u;
struct Dims { B: u32, N: u32, C: u32, start: u32, end: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> t: array<vec4f>;         // (B, N, N)
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;   // (B, C, N)

@compute @workgroup_size(8) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 8u + lane;
  let sets = (dims.C + COLUMNS - 1u) / COLUMNS;
  if (index >= dims.B * sets) {
    return;
  }
  let b = index / sets;
  let c = index % sets * COLUMNS;
  let width = dims.N / 4u;
  // Right-hand sides beyond the last one repeat it, and are not written.
  var columns = array<u32, COLUMNS>();
  for (var i = 0u; i < COLUMNS; i++) { // unroll
    columns[i] = (b * dims.C + min(c + i, dims.C - 1u)) * width;
  }
  for (var step = dims.start; step < dims.end; step++) {
    let top = (b * dims.N + 4u * step) * width;
    var sums = array<vec4f, COLUMNS>();
    for (var i = 0u; i < COLUMNS; i++) { // unroll
      sums[i] = y[columns[i] + step];
    }
    for (var k = 0u; k < step; k++) {
      for (var j = 0u; j < 4u; j++) { // unroll
        let row = t[top + j * width + k];
        for (var i = 0u; i < COLUMNS; i++) { // unroll
          sums[i][j] -= dot(row, y[columns[i] + k]);
        }
      }
    }
    for (var j = 0u; j < 4u; j++) { // unroll
      let row = t[top + j * width + step];
      for (var i = 0u; i < COLUMNS; i++) { // unroll
        var sum = sums[i][j];
        for (var k = 0u; k < j; k++) { // unroll
          sum -= row[k] * sums[i][k];
        }
        sums[i][j] = sum / row[j];
      }
    }
    for (var i = 0u; i < COLUMNS; i++) { // unroll
      if (c + i < dims.C) {
        y[columns[i] + step] = sums[i];
      }
    }
  }
}
