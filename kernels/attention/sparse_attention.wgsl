// z[n] = Σ_i<keys w_i x_i,  w_i = softmax_i(u[n]·x_i),  of tokens x_i with K numbers value[n,i,k] at the places index[n,i,k] of G
//
// One invocation per prompt n. Places beyond G count as the last one, so that nothing outside is read.
struct Dims { N: u32, T: u32, K: u32, G: u32, keys: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> u: array<f32>;                   // (N, G)
@group(0) @binding(2) var<storage, read> index: array<u32>;               // (N, T, K)
@group(0) @binding(3) var<storage, read> value: array<f32>;               // (N, T, K)
@group(0) @binding(4) var<storage, read_write> weights: array<f32>;       // (N, T), 0 of tokens that are no keys
@group(0) @binding(5) var<storage, read_write> z: array<f32>;             // (N, G)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let n = group_index(group, groups) * 64u + lane;
  if (n >= dims.N) {
    return;
  }
  let own = n * dims.G;
  var highest = -3.4e38;
  for (var i = 0u; i < dims.keys; i++) {
    let token = (n * dims.T + i) * dims.K;
    var score = 0.0;
    for (var k = 0u; k < dims.K; k++) {
      score += value[token + k] * u[own + min(index[token + k], dims.G - 1u)];
    }
    weights[n * dims.T + i] = score;
    highest = max(highest, score);
  }
  var total = 0.0;
  for (var i = 0u; i < dims.keys; i++) {
    let power = exp(weights[n * dims.T + i] - highest);
    weights[n * dims.T + i] = power;
    total += power;
  }
  for (var g = 0u; g < dims.G; g++) {
    z[own + g] = 0.0;
  }
  for (var i = 0u; i < dims.T; i++) {
    let token = (n * dims.T + i) * dims.K;
    if (i >= dims.keys) {
      weights[n * dims.T + i] = 0.0;
      continue;
    }
    let weight = weights[n * dims.T + i] / total;
    weights[n * dims.T + i] = weight;
    for (var k = 0u; k < dims.K; k++) {
      z[own + min(index[token + k], dims.G - 1u)] += weight * value[token + k];
    }
  }
}
