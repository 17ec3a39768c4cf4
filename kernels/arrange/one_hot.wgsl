// y[n,v] = 1 if targets[n mod T] = v, else 0
//
// One invocation per element.
struct Dims { N: u32, V: u32, T: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> targets: array<u32>;  // (T)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (N, V)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let at = group_index(group, groups) * 64u + lane;
  if (at < dims.N * dims.V) {
    y[at] = select(0.0, 1.0, targets[at / dims.V % dims.T] == at % dims.V);
  }
}
