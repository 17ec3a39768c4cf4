// starts[s,v] = number of positions n with tokens[s,n] < v      v = 0 … V
//
// One invocation per s and v: a binary search in the tokens in order, see token_order.wgsl.
const PASSES: u32 = 2u;
struct Dims { S: u32, N: u32, V1: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> tokens: array<u32>;        // (S, N)
@group(0) @binding(2) var<storage, read> order: array<u32>;         // (S, 2, N)
@group(0) @binding(3) var<storage, read_write> starts: array<u32>;  // (S, V1)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.S * dims.V1) {
    return;
  }
  let s = entry / dims.V1;
  let v = entry % dims.V1;
  let first = (s * 2u + PASSES % 2u) * dims.N;
  // Tokens outside of the table count as its last row: all lie below V.
  var low = select(0u, dims.N, v == dims.V1 - 1u);
  var high = dims.N;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (tokens[s * dims.N + order[first + middle]] < v) {
      low = middle + 1u;
    } else {
      high = middle;
    }
  }
  starts[entry] = low;
}
