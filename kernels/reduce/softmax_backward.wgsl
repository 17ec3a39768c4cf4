// dx[m,c] = scale · y (dy − Σ_k dy[m,k] y[m,k]);      LOG: dx = scale · (dy − e^y Σ_k dy[m,k])
//
// LANES invocations per row.
const LANES: u32 = 1u;
const ROWS: u32 = 64u / LANES;
const LOG: u32 = 0u;
struct Dims { M: u32, C: u32, scale: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> y: array<Element>;         // (M, C)
@group(0) @binding(2) var<storage, read> dy: array<Element>;        // (M, C)
@group(0) @binding(3) var<storage, read_write> dx: array<Element>;  // (M, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let wanted = group_index(group, groups) * ROWS + lane / LANES;
  let slot = lane % LANES;
  // Lanes beyond the last row repeat it, so that all meet at the barriers.
  let row = min(wanted, dims.M - 1u);
  let columns = dims.C / WIDTH;
  let first = row * columns;
  var sum = Element();
  for (var c = slot; c < columns; c += LANES) {
    if (LOG == 1u) {
      sum += dy[first + c];
    } else {
      sum += dy[first + c] * y[first + c];
    }
  }
  let along = row_total(total(sum), lane);
  if (wanted >= dims.M) {
    return;
  }
  for (var c = slot; c < columns; c += LANES) {
    if (LOG == 1u) {
      dx[first + c] = dims.scale * (dy[first + c] - exp(y[first + c]) * along);
    } else {
      dx[first + c] = dims.scale * (y[first + c] * (dy[first + c] - along));
    }
  }
}
