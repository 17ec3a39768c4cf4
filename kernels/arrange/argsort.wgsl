// order[n,rank(c)] = c,   rank(c) = #{k : x[n,k] < x[n,c], or x[n,k] = x[n,c] and k < c}
//
// One invocation per element. x must be finite.
struct Dims { N: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;            // (N, C)
@group(0) @binding(2) var<storage, read_write> order: array<u32>;  // (N, C)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let at = group_index(group, groups) * 64u + lane;
  if (at >= dims.N * dims.C) {
    return;
  }
  let row = at / dims.C * dims.C;
  let c = at - row;
  let value = x[at];
  var rank = 0u;
  for (var k = 0u; k < dims.C; k++) {
    let other = x[row + k];
    rank += u32(other < value || (other == value && k < c));
  }
  order[row + rank] = c;
}
