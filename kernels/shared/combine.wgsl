// y[i] = alpha a[i] + beta b[i]
//
// One invocation per entry.
struct Dims { N: u32, alpha: f32, beta: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;         // (N)
@group(0) @binding(2) var<storage, read> b: array<f32>;         // (N)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;   // (N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group, groups) * 64u + lane;
  if (i < dims.N) {
    y[i] = dims.alpha * a[i] + dims.beta * b[i];
  }
}
