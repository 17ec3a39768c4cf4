// token[r,b,s] = (x; y),  x = μ[r,j] + κ ν[r,k],  of the last S of the T tokens of each prompt
//
// One invocation per token.
struct Dims { R: u32, B: u32, T: u32, S: u32, M: u32, K: u32, D: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> mu: array<f32>;                  // (R, M, D)
@group(0) @binding(2) var<storage, read> nu: array<f32>;                  // (R, K, D)
@group(0) @binding(3) var<storage, read> index: array<u32>;               // (R, B, T, 3), (j, M + k, M + K)
@group(0) @binding(4) var<storage, read> value: array<f32>;               // (R, B, T, 3), (1, κ, y)
@group(0) @binding(5) var<storage, read_write> tokens: array<f32>;        // (R, B, S, C), C = D + 1

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let token = group_index(group, groups) * 64u + lane;
  if (token >= dims.R * dims.B * dims.S) {
    return;
  }
  let prompt = token / dims.S;
  let r = prompt / dims.B;
  let at = 3u * (prompt * dims.T + dims.T - dims.S + token % dims.S);
  let j = (r * dims.M + index[at]) * dims.D;
  let k = (r * dims.K + index[at + 1u] - dims.M) * dims.D;
  let kappa = value[at + 1u];
  let row = token * dims.C;
  for (var d = 0u; d < dims.D; d++) {
    tokens[row + d] = mu[j + d] + kappa * nu[k + d];
  }
  tokens[row + dims.D] = value[at + 2u];
}
