// dz[p,i] = Σ_s (q[p,s]·z[p,i]) dy[p,s] + (dy[p,s]·z[p,i]) q[p,s]      for i < keys, else 0
//
// One invocation per prompt p and token i; rows of C in registers.
const C: u32 = 4u;
struct Dims { P: u32, S: u32, T: u32, keys: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<f32>;         // (P, S, C)
@group(0) @binding(2) var<storage, read> z: array<f32>;         // (P, T, C)
@group(0) @binding(3) var<storage, read> dy: array<f32>;        // (P, S, C)
@group(0) @binding(4) var<storage, read_write> dz: array<f32>;  // (P, T, C)

var<private> key: array<f32, C>;
var<private> query: array<f32, C>;
var<private> slope: array<f32, C>;
var<private> total: array<f32, C>;

@compute @workgroup_size(32) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 32u + lane;
  if (entry >= dims.P * dims.T) {
    return;
  }
  let first = entry / dims.T * dims.S * C;
  let queries = select(0u, dims.S, entry % dims.T < dims.keys);
  for (var c = 0u; c < C; c++) { // unroll
    key[c] = z[entry * C + c];
  }
  for (var s = 0u; s < queries; s++) {
    var score = 0.0;
    var growth = 0.0;
    for (var c = 0u; c < C; c++) { // unroll
      query[c] = q[first + s * C + c];
      slope[c] = dy[first + s * C + c];
      score += query[c] * key[c];
      growth += slope[c] * key[c];
    }
    for (var c = 0u; c < C; c++) { // unroll
      total[c] += score * slope[c] + growth * query[c];
    }
  }
  for (var c = 0u; c < C; c++) { // unroll
    dz[entry * C + c] = total[c];
  }
}
