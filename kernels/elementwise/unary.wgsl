// y[i] = f(x[i])      f by OP, see functions.part.wgsl
//
// One invocation per element.
struct Dims { N: u32, slope: f32, shift: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<Element>;        // (N)
@group(0) @binding(2) var<storage, read_write> y: array<Element>;  // (N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group, groups) * 64u + lane;
  if (i < dims.N / WIDTH) {
    y[i] = each(x[i]);
  }
}
