// y[n,c] = Σ_k≤c x[n,k]      REVERSE 1: Σ_k≥c
//
// One invocation per row.
const REVERSE: u32 = 0u;
struct Dims { N: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (N, C)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (N, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let n = group_index(group, groups) * 64u + lane;
  if (n >= dims.N) { return; }
  var sum = 0.0;
  for (var step = 0u; step < dims.C; step++) {
    let at = n * dims.C + select(step, dims.C - 1u - step, REVERSE == 1u);
    sum += x[at];
    y[at] = sum;
  }
}
