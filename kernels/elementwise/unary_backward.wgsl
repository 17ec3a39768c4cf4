// dx[i] = dy[i] f′(v[i])      v the argument or the value of f, see functions.part.wgsl
//
// One invocation per element.
struct Dims { N: u32, slope: f32, shift: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> v: array<Element>;         // (N)
@group(0) @binding(2) var<storage, read> dy: array<Element>;        // (N)
@group(0) @binding(3) var<storage, read_write> dx: array<Element>;  // (N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group, groups) * 64u + lane;
  if (i < dims.N / WIDTH) {
    dx[i] = dy[i] * each_slope(v[i]);
  }
}
