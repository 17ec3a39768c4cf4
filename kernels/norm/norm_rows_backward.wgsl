// dx = s (g − 1/C Σ_c g (0 unless CENTER) − x̂ 1/C Σ_c g x̂)      g = dy gain,   x̂ = (x − μ) s; indices as in norm_rows.wgsl
//
// LANES invocations per row, as forwards.
const LANES: u32 = 1u;
const ROWS: u32 = 64u / LANES;
const CENTER: u32 = 1u;
const GAIN: u32 = 1u;
struct Dims { R: u32, M: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<Element>;         // (R, M, C)
@group(0) @binding(2) var<storage, read> gain: array<Element>;      // (G)
@group(0) @binding(3) var<storage, read> mu: array<f32>;            // (R, M)
@group(0) @binding(4) var<storage, read> factor: array<f32>;        // (R, M)
@group(0) @binding(5) var<storage, read> dy: array<Element>;        // (R, M, C)
@group(0) @binding(6) var<storage, read_write> dx: array<Element>;  // (R, M, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let wanted = group_index(group, groups) * ROWS + lane / LANES;
  let slot = lane % LANES;
  let last = dims.R * dims.M - 1u;
  // Lanes beyond the last row repeat it, so that all meet at the barriers.
  let row = min(wanted, last);
  let columns = dims.C / WIDTH;
  let first = row * columns;
  let parameters = row / dims.M * columns;
  let mean = mu[row];
  let s = factor[row];
  var sum = Element();
  var product = Element();
  for (var c = slot; c < columns; c += LANES) {
    var g = dy[first + c];
    if (GAIN == 1u) {
      g *= gain[parameters + c];
    }
    sum += g;
    product += g * ((x[first + c] - mean) * s);
  }
  var shift = 0.0;
  if (CENTER == 1u) {
    shift = row_total(total(sum), lane) / f32(dims.C);
  }
  let along = row_total(total(product), lane) / f32(dims.C);
  if (wanted > last) {
    return;
  }
  for (var c = slot; c < columns; c += LANES) {
    var g = dy[first + c];
    if (GAIN == 1u) {
      g *= gain[parameters + c];
    }
    dx[first + c] = s * (g - shift - along * ((x[first + c] - mean) * s));
  }
}
