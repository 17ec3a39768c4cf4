// dgain[r,c] = Σ_p gains[r,p,c],   dbias[r,c] = Σ_p biases[r,p,c]
//
// One invocation per element of a row.
struct Dims { R: u32, P: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> gains: array<Element>;        // (R, P, C)
@group(0) @binding(2) var<storage, read> biases: array<Element>;       // (R, P, C)
@group(0) @binding(3) var<storage, read_write> dgain: array<Element>;  // (R, C)
@group(0) @binding(4) var<storage, read_write> dbias: array<Element>;  // (R, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let columns = dims.C / WIDTH;
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * columns) {
    return;
  }
  let r = entry / columns;
  let c = entry - r * columns;
  var product = Element();
  var sum = Element();
  for (var p = 0u; p < dims.P; p++) {
    product += gains[(r * dims.P + p) * columns + c];
    sum += biases[(r * dims.P + p) * columns + c];
  }
  dgain[entry] = product;
  dbias[entry] = sum;
}
