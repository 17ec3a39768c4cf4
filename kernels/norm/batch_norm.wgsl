// y[r,m,c] = (x[r,m,c] − mu[r,c]) factor[r,c] gain[r,c] + bias[r,c]
//
// One invocation for ROWS rows of a column, whose moments it loads once and whose place it divides out once: an integer
// division costs a software driver more than all else here. GAIN, BIAS: 0 for none.
const ROWS: u32 = 16u;
const GAIN: u32 = 1u;
const BIAS: u32 = 1u;
struct Dims { R: u32, M: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<Element>;        // (R, M, C)
@group(0) @binding(2) var<storage, read> mu: array<Element>;       // (R, C)
@group(0) @binding(3) var<storage, read> factor: array<Element>;   // (R, C)
@group(0) @binding(4) var<storage, read> gain: array<Element>;     // (G)
@group(0) @binding(5) var<storage, read> bias: array<Element>;     // (B)
@group(0) @binding(6) var<storage, read_write> y: array<Element>;  // (R, M, C)

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
  var gained = Element(1.0);
  if (GAIN == 1u) {
    gained = gain[c];
  }
  var shift = Element(0.0);
  if (BIAS == 1u) {
    shift = bias[c];
  }
  let end = min(first + ROWS, dims.M);
  for (var m = first; m < end; m++) {
    let at = (r * dims.M + m) * columns + column;
    var value = (x[at] - centre) * scale;
    if (GAIN == 1u) {
      value *= gained;
    }
    if (BIAS == 1u) {
      value += shift;
    }
    y[at] = value;
  }
}
