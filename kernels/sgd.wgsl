// p[r,c] ← p[r,c] − lr[r] g[r,c]
//
// One invocation per parameter.
struct Dims { R: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;          // (R, C)
@group(0) @binding(2) var<storage, read> lr: array<f32>;                // (R)
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;  // (R, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let c = group_index(group, groups) * 64u + lane;
  if (c < dims.R * dims.C) {
    parameters[c] -= lr[c / dims.C] * gradient[c];
  }
}
