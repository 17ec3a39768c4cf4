// mean ← mean + momentum (mu − mean),   spread ← spread + momentum (variance · unbias − spread)
//
// One invocation per number; unbias = M/(M − 1) for M rows.
struct Dims { N: u32, momentum: f32, unbias: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> mu: array<f32>;            // (N)
@group(0) @binding(2) var<storage, read> variance: array<f32>;      // (N)
@group(0) @binding(3) var<storage, read_write> mean: array<f32>;    // (N)
@group(0) @binding(4) var<storage, read_write> spread: array<f32>;  // (N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group, groups) * 64u + lane;
  if (i < dims.N) {
    mean[i] += dims.momentum * (mu[i] - mean[i]);
    spread[i] += dims.momentum * (variance[i] * dims.unbias - spread[i]);
  }
}
