// y[m,c] = e^z / Σ_k e^z[m,k]      z = scale · x;      LOG: y = z − ln Σ_k e^z[m,k]
//
// LANES invocations per row. The largest z is subtracted first; entries equal to it are counted instead of summed, so that
// logarithms keep the digits of a sum whose other terms are small.
const LANES: u32 = 1u;
const ROWS: u32 = 64u / LANES;
const LOG: u32 = 0u;
struct Dims { M: u32, C: u32, scale: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<Element>;        // (M, C)
@group(0) @binding(2) var<storage, read_write> y: array<Element>;  // (M, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let wanted = group_index(group, groups) * ROWS + lane / LANES;
  let slot = lane % LANES;
  // Lanes beyond the last row repeat it, so that all meet at the barriers.
  let row = min(wanted, dims.M - 1u);
  let columns = dims.C / WIDTH;
  let first = row * columns;
  // Lanes without an element of their own start from the row's first.
  var most = dims.scale * x[first + select(0u, slot, slot < columns)];
  for (var c = slot + LANES; c < columns; c += LANES) {
    most = max(most, dims.scale * x[first + c]);
  }
  let top = row_max(largest(most), lane);
  var rest = Element();
  var ties = Element();
  for (var c = slot; c < columns; c += LANES) {
    let below = dims.scale * x[first + c] - top;
    let tie = below >= Element();
    rest += select(exp(below), Element(), tie);
    ties += select(Element(), Element(1.0), tie);
  }
  let others = row_total(total(rest), lane);
  let count = row_total(total(ties), lane);
  if (wanted >= dims.M) {
    return;
  }
  let shift = log1p_accurate(others + (count - 1.0));
  let factor = 1.0 / (others + count);
  for (var c = slot; c < columns; c += LANES) {
    let below = dims.scale * x[first + c] - top;
    if (LOG == 1u) {
      y[first + c] = below - shift;
    } else {
      y[first + c] = exp(below) * factor;
    }
  }
}
