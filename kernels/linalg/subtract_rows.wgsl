// y[b,s,f] = x[b,s,f] − mean[b,f]
//
// One invocation per entry.
struct Dims { B: u32, S: u32, F: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // (B, S, F)
@group(0) @binding(2) var<storage, read> mean: array<f32>;      // (B, F)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;   // (B, S, F)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index < dims.B * dims.S * dims.F) {
    y[index] = x[index] - mean[index / (dims.S * dims.F) * dims.F + index % dims.F];
  }
}
