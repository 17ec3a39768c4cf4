// y[n] = f(x[n])      f, and `each` that takes a whole element, as elementwise.ts writes them
//
// One invocation per element.
struct Dims { N: u32, p0: f32, p1: f32, p2: f32, p3: f32 }
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
