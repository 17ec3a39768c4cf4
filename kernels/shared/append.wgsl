// ring[cursor mod K, c] = row[c]
//
// One invocation per element. `advance` moves the cursor, in a dispatch of its own: no invocation here may see it move.
struct Dims { K: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> row: array<f32>;          // (C)
@group(0) @binding(2) var<storage, read> cursor: array<u32>;       // (3)
@group(0) @binding(3) var<storage, read_write> ring: array<f32>;   // (K, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let c = group_index(group, groups) * 64u + lane;
  if (c < dims.C) {
    ring[(cursor[0] % dims.K) * dims.C + c] = row[c];
  }
}
