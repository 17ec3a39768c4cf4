// mu[r,c] = 1/M Σ_m x[r,m,c],   variance[r,c] = 1/M Σ_m (x[r,m,c] − mu[r,c])²,   factor = 1/√(variance + epsilon)
//
// From the means and squares of parts of n rows, see batch_moments.wgsl: the squares about mu are those about a part's mean
// plus n (mean − mu)². One invocation per element of a row.
struct Dims { R: u32, P: u32, C: u32, rows: u32, span: u32, epsilon: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> means: array<Element>;           // (R, P, C)
@group(0) @binding(2) var<storage, read> squares: array<Element>;         // (R, P, C)
@group(0) @binding(3) var<storage, read_write> mu: array<Element>;        // (R, C)
@group(0) @binding(4) var<storage, read_write> variance: array<Element>;  // (R, C)
@group(0) @binding(5) var<storage, read_write> factor: array<Element>;    // (R, C)

fn part_rows(p: u32) -> f32 {
  return f32(min(dims.span, dims.rows - p * dims.span));
}

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let columns = dims.C / WIDTH;
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * columns) {
    return;
  }
  let r = entry / columns;
  let c = entry - r * columns;
  var sum = Element();
  for (var p = 0u; p < dims.P; p++) {
    sum += part_rows(p) * means[(r * dims.P + p) * columns + c];
  }
  let mean = sum / f32(dims.rows);
  var square = Element();
  for (var p = 0u; p < dims.P; p++) {
    let at = (r * dims.P + p) * columns + c;
    let d = means[at] - mean;
    square += squares[at] + part_rows(p) * d * d;
  }
  let spread = square / f32(dims.rows);
  mu[entry] = mean;
  variance[entry] = spread;
  factor[entry] = 1.0 / sqrt(spread + dims.epsilon);
}
