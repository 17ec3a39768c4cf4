// du[n] = Σ_i<keys w_i (d_i − Σ_j w_j d_j) x_i,  d_i = dz[n]·x_i,  of tokens x_i with K numbers value[n,i,k] at the places index[n,i,k]
//
// One invocation per prompt n. Places beyond G count as the last one, so that nothing outside is read.
struct Dims { N: u32, T: u32, K: u32, G: u32, keys: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dz: array<f32>;                  // (N, G)
@group(0) @binding(2) var<storage, read> index: array<u32>;               // (N, T, K)
@group(0) @binding(3) var<storage, read> value: array<f32>;               // (N, T, K)
@group(0) @binding(4) var<storage, read> weights: array<f32>;             // (N, T)
@group(0) @binding(5) var<storage, read_write> du: array<f32>;            // (N, G)

fn slope(n: u32, i: u32) -> f32 {
  let token = (n * dims.T + i) * dims.K;
  var sum = 0.0;
  for (var k = 0u; k < dims.K; k++) {
    sum += value[token + k] * dz[n * dims.G + min(index[token + k], dims.G - 1u)];
  }
  return sum;
}

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let n = group_index(group, groups) * 64u + lane;
  if (n >= dims.N) {
    return;
  }
  let own = n * dims.G;
  var mean = 0.0;
  for (var i = 0u; i < dims.keys; i++) {
    mean += weights[n * dims.T + i] * slope(n, i);
  }
  for (var g = 0u; g < dims.G; g++) {
    du[own + g] = 0.0;
  }
  for (var i = 0u; i < dims.keys; i++) {
    let token = (n * dims.T + i) * dims.K;
    let share = weights[n * dims.T + i] * (slope(n, i) - mean);
    for (var k = 0u; k < dims.K; k++) {
      du[own + min(index[token + k], dims.G - 1u)] += share * value[token + k];
    }
  }
}
