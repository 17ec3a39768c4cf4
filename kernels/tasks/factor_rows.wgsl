// y[r,m,i] = Σ_j L[r,i,j] z[r,m,j]
//
// One invocation per entry.
struct Dims { R: u32, M: u32, D: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> z: array<f32>;         // (R, M, D)
@group(0) @binding(2) var<storage, read> factor: array<f32>;    // (R, D, D)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;   // (R, M, D)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * dims.M * dims.D) {
    return;
  }
  let row = entry / dims.D;
  let line = (row / dims.M) * dims.D + entry % dims.D;
  var sum = 0.0;
  for (var j = 0u; j < dims.D; j++) {
    sum += factor[line * dims.D + j] * z[row * dims.D + j];
  }
  y[entry] = sum;
}
