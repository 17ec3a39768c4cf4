// y[n] = the first c for which x[n,c] is largest
//
// One invocation per row.
struct Dims { N: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (N, C)
@group(0) @binding(2) var<storage, read_write> y: array<u32>;  // (N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let n = group_index(group, groups) * 64u + lane;
  if (n >= dims.N) {
    return;
  }
  var best = 0u;
  for (var c = 1u; c < dims.C; c++) {
    best = select(best, c, x[n * dims.C + c] > x[n * dims.C + best]);
  }
  y[n] = best;
}
