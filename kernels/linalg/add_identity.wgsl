// y[b,i,j] = factor x[b,i,j] + δ_ij
//
// One invocation per entry.
struct Dims { B: u32, N: u32, factor: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // (B, N, N)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // (B, N, N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index < dims.B * dims.N * dims.N) {
    y[index] = dims.factor * x[index] + select(0.0, 1.0, index / dims.N % dims.N == index % dims.N);
  }
}
