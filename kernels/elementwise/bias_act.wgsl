// y[r,m,c] = f(x[r,m,c] + bias[r,c])      f as elementwise.ts writes it
//
// One invocation per element.
struct Dims { R: u32, M: u32, C: u32, p0: f32, p1: f32, p2: f32, p3: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<Element>;        // (R, M, C)
@group(0) @binding(2) var<storage, read> bias: array<Element>;     // (R, C)
@group(0) @binding(3) var<storage, read_write> y: array<Element>;  // (R, M, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group, groups) * 64u + lane;
  let columns = dims.C / WIDTH;
  if (i < dims.R * dims.M * columns) {
    y[i] = each(x[i] + bias[i / (dims.M * columns) * columns + i % columns]);
  }
}
