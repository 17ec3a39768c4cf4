// a[m,e] ← radius[m / B] e^−log_radius[m] a[m,e]
//
// One invocation per entry.
struct Dims { M: u32, B: u32, N: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> radius: array<f32>;        // (R)
@group(0) @binding(2) var<storage, read> log_radius: array<f32>;    // (M)
@group(0) @binding(3) var<storage, read_write> a: array<f32>;       // (M, N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.M * dims.N) {
    return;
  }
  let m = entry / dims.N;
  a[entry] *= radius[m / dims.B] * exp(-log_radius[m]);
}
