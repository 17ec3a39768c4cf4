// y[o,i] = x[o, i − before] within x, 0 elsewhere
//
// One invocation per element of y.
struct Dims { O: u32, X: u32, Y: u32, before: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<Element>;        // (O, X)
@group(0) @binding(2) var<storage, read_write> y: array<Element>;  // (O, Y)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  let length = dims.Y / WIDTH;
  if (entry >= dims.O * length) {
    return;
  }
  let o = entry / length;
  // Below the first element the difference wraps around and is too large as well.
  let i = entry - o * length - dims.before / WIDTH;
  var value = Element();
  if (i < dims.X / WIDTH) {
    value = x[o * (dims.X / WIDTH) + i];
  }
  y[entry] = value;
}
