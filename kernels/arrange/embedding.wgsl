// y[r,n,c] = table[r, tokens[s,n], c]      s = r, or 0 if all replicas share the tokens
//
// One invocation per element of y. A token outside of the table counts as its last row: nothing else may be read.
struct Dims { S: u32, N: u32, R: u32, V: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> tokens: array<u32>;         // (S, N)
@group(0) @binding(2) var<storage, read> table: array<Element>;      // (R, V, C)
@group(0) @binding(3) var<storage, read_write> y: array<Element>;    // (R, N, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let columns = dims.C / WIDTH;
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * dims.N * columns) {
    return;
  }
  let row = entry / columns;
  let c = entry - row * columns;
  let r = row / dims.N;
  let position = select(row, row - r * dims.N, dims.S == 1u);
  let token = min(tokens[position], dims.V - 1u);
  y[entry] = table[(r * dims.V + token) * columns + c];
}
