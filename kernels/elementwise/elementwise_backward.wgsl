// dx[n] = dy[n] f′(v[n])      v the argument of f, or its value where f′ is a function of that; see elementwise.ts
//
// One invocation per element.
struct Dims { N: u32, p0: f32, p1: f32, p2: f32, p3: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> v: array<Element>;         // (N)
@group(0) @binding(2) var<storage, read> dy: array<Element>;        // (N)
@group(0) @binding(3) var<storage, read_write> dx: array<Element>;  // (N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group, groups) * 64u + lane;
  if (i < dims.N / WIDTH) {
    dx[i] = dy[i] * each_derivative(v[i]);
  }
}
