// x[r,n,t,c] = y[r,n,c] where t = index[s,n], 0 elsewhere      s = r, or 0 if all replicas share the index
//
// One invocation per element of x. An index outside of the axis counts as its last entry.
struct Dims { S: u32, N: u32, R: u32, T: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> index: array<u32>;        // (S, N)
@group(0) @binding(2) var<storage, read> y: array<Element>;        // (R, N, C)
@group(0) @binding(3) var<storage, read_write> x: array<Element>;  // (R, N, T, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let columns = dims.C / WIDTH;
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * dims.N * dims.T * columns) {
    return;
  }
  let place = entry / columns;
  let c = entry - place * columns;
  let row = place / dims.T;
  let t = min(index[select(row, row % dims.N, dims.S == 1u)], dims.T - 1u);
  var value = Element();
  if (place - row * dims.T == t) {
    value = y[row * columns + c];
  }
  x[entry] = value;
}
