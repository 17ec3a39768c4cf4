// y[b,i] ← square[b,i]  where step < squarings[b]
//
// One invocation per entry.
struct Dims { B: u32, N: u32, step: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> square: array<f32>;      // (B, N)
@group(0) @binding(2) var<storage, read> squarings: array<u32>;   // (B)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;     // (B, N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index < dims.B * dims.N && dims.step < squarings[index / dims.N]) {
    y[index] = square[index];
  }
}
