// y[p,s] = Σ_{i<keys} (q[p,s]·z[p,i]) z[p,i]
//
// One invocation per prompt p and query s; rows of C in registers.
const C: u32 = 4u;
struct Dims { P: u32, S: u32, T: u32, keys: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<f32>;        // (P, S, C)
@group(0) @binding(2) var<storage, read> z: array<f32>;        // (P, T, C)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // (P, S, C)

var<private> row: array<f32, C>;
var<private> key: array<f32, C>;
var<private> total: array<f32, C>;

@compute @workgroup_size(32) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 32u + lane;
  if (entry >= dims.P * dims.S) {
    return;
  }
  let first = entry / dims.S * dims.T * C;
  for (var c = 0u; c < C; c++) { // unroll
    row[c] = q[entry * C + c];
  }
  for (var i = 0u; i < dims.keys; i++) {
    var score = 0.0;
    for (var c = 0u; c < C; c++) { // unroll
      key[c] = z[first + i * C + c];
      score += row[c] * key[c];
    }
    for (var c = 0u; c < C; c++) { // unroll
      total[c] += score * key[c];
    }
  }
  for (var c = 0u; c < C; c++) { // unroll
    y[entry * C + c] = total[c];
  }
}
