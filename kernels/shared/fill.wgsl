// y[c] = value
//
// One invocation per element.
struct Dims { C: u32, value: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // (C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let c = group_index(group, groups) * 64u + lane;
  if (c < dims.C) {
    y[c] = dims.value;
  }
}
