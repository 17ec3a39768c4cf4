// dlogits[n,j] = dloss[n] p_j for j ≠ t,   dlogits[n,t] = −dloss[n] (1 − p_t)      with p_j = q e^(z_j − m)
//
// stats[n] = (m, q, 1 − p_t, 0) of the way forward: nothing is subtracted from 1. One invocation per four columns of a row.
struct Dims { N: u32, V: u32, T: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> logits: array<f32>;         // (N, V)
@group(0) @binding(2) var<storage, read> targets: array<u32>;        // (T)
@group(0) @binding(3) var<storage, read> stats: array<vec4f>;        // (N, 4)
@group(0) @binding(4) var<storage, read> dloss: array<f32>;          // (N)
@group(0) @binding(5) var<storage, read_write> dlogits: array<f32>;  // (N, V)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  let quads = (dims.V + 3u) / 4u;
  let n = index / quads;
  if (n >= dims.N) {
    return;
  }
  let first = index % quads * 4u;
  let t = targets[n % dims.T];
  let row = stats[n];
  let weight = dloss[n];
  for (var k = 0u; k < 4u; k++) { // unroll
    let j = first + k;
    if (j < dims.V) {
      let at = n * dims.V + j;
      dlogits[at] = weight * select(row.y * exp(min(logits[at] - row.x, 0.0)), -row.z, j == t);
    }
  }
}
