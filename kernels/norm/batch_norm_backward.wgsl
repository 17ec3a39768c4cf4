// dx[r,m,c] = gain factor (dy − 1/M Σ_m dy − x̂ 1/M Σ_m dy x̂)      x̂ = (x − mu) factor
//
// One invocation for ROWS rows of a column, as in batch_norm.wgsl; the sums are dbias and dgain, see norm_columns.wgsl.
// GAIN: 0 for none.
const ROWS: u32 = 16u;
const GAIN: u32 = 1u;
struct Dims { R: u32, M: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<Element>;         // (R, M, C)
@group(0) @binding(2) var<storage, read> mu: array<Element>;        // (R, C)
@group(0) @binding(3) var<storage, read> factor: array<Element>;    // (R, C)
@group(0) @binding(4) var<storage, read> gain: array<Element>;      // (G)
@group(0) @binding(5) var<storage, read> dgain: array<Element>;     // (R, C)
@group(0) @binding(6) var<storage, read> dbias: array<Element>;     // (R, C)
@group(0) @binding(7) var<storage, read> dy: array<Element>;        // (R, M, C)
@group(0) @binding(8) var<storage, read_write> dx: array<Element>;  // (R, M, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let columns = dims.C / WIDTH;
  let blocks = (dims.M + ROWS - 1u) / ROWS;
  let index = group_index(group, groups) * 64u + lane;
  if (index >= dims.R * blocks * columns) {
    return;
  }
  let column = index % columns;
  let r = index / columns / blocks;
  let first = index / columns % blocks * ROWS;
  let c = r * columns + column;
  let centre = mu[c];
  let scale = factor[c];
  let along = dgain[c];
  let mean = dbias[c];
  var gained = Element(1.0);
  if (GAIN == 1u) {
    gained = gain[c];
  }
  let end = min(first + ROWS, dims.M);
  for (var m = first; m < end; m++) {
    let at = (r * dims.M + m) * columns + column;
    let normal = (x[at] - centre) * scale;
    var value = scale * (dy[at] - (mean + normal * along) / f32(dims.M));
    if (GAIN == 1u) {
      value *= gained;
    }
    dx[at] = value;
  }
}
