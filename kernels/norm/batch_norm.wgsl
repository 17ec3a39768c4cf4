// y[r,m,c] = (x[r,m,c] − mu[r,c]) factor[r,c] gain[r,c] + bias[r,c]
//
// One invocation per element. GAIN, BIAS: 0 for none.
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
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * dims.M * columns) {
    return;
  }
  let c = entry / (dims.M * columns) * columns + entry % columns;
  var value = (x[entry] - mu[c]) * factor[c];
  if (GAIN == 1u) {
    value *= gain[c];
  }
  if (BIAS == 1u) {
    value += bias[c];
  }
  y[entry] = value;
}
