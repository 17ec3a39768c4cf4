// y[r,n,c] = x[r,n,index[s,n],c]      s = r, or 0 if all replicas share the index
//
// One invocation per element of y. An index outside of the axis counts as its last entry.
struct Dims { S: u32, N: u32, R: u32, T: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> index: array<u32>;        // (S, N)
@group(0) @binding(2) var<storage, read> x: array<Element>;        // (R, N, T, C)
@group(0) @binding(3) var<storage, read_write> y: array<Element>;  // (R, N, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let columns = dims.C / WIDTH;
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * dims.N * columns) {
    return;
  }
  let row = entry / columns;
  let c = entry - row * columns;
  let t = min(index[select(row, row % dims.N, dims.S == 1u)], dims.T - 1u);
  y[entry] = x[(row * dims.T + t) * columns + c];
}
