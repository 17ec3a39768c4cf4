// tokens[r,b,0] uniform below V;  tokens[r,b,t] = the first j with u_t < c[r, b mod P, i, j],   i = tokens[r,b,t−1]
// TRIGGERED: after i = triggers[r,b,k] comes successors[r,b,k]
//
// One invocation per sequence; a row of c, cumulative probabilities, is searched by bisection. u_t is number t of draw
// (seed_r, key, step, b), whose number 0 picks the first token.
const TRIGGERED: u32 = 0u;
struct Dims { R: u32, B: u32, T: u32, P: u32, V: u32, K: u32, key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;             // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;             // (3)
@group(0) @binding(3) var<storage, read> c: array<f32>;                 // (R, P, V, V)
@group(0) @binding(4) var<storage, read> triggers: array<u32>;          // (R, B, K)
@group(0) @binding(5) var<storage, read> successors: array<u32>;        // (R, B, K)
@group(0) @binding(6) var<storage, read_write> tokens: array<u32>;      // (R, B, T)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let sequence = group_index(group, groups) * 64u + lane;
  if (sequence >= dims.R * dims.B) {
    return;
  }
  let b = sequence % dims.B;
  let r = sequence / dims.B;
  let table = (r * dims.P + b % dims.P) * dims.V * dims.V;
  var bits = random_bits(seeds[r], dims.key, clock[0], b, 0u);
  var token = min(u32(uniform_from(bits.x) * f32(dims.V)), dims.V - 1u);
  tokens[sequence * dims.T] = token;
  for (var t = 1u; t < dims.T; t++) {
    if (t % 4u == 0u) {
      bits = random_bits(seeds[r], dims.key, clock[0], b, t / 4u);
    }
    let u = uniform_from(bits[t % 4u]);
    let row = table + token * dims.V;
    var low = 0u;
    var high = dims.V - 1u;
    while (low < high) {
      let middle = (low + high) / 2u;
      let below = u < c[row + middle];
      high = select(high, middle, below);
      low = select(middle + 1u, low, below);
    }
    if (TRIGGERED == 1u) {
      for (var k = 0u; k < dims.K; k++) {
        low = select(low, successors[sequence * dims.K + k], triggers[sequence * dims.K + k] == token);
      }
    }
    token = low;
    tokens[sequence * dims.T + t] = token;
  }
}
