// prediction[r,b,n] = Σ_{m<n} gram[r,b,n,m] a_m,   (gram + λ I)[<n, <n] a = y[<n]      for the last P positions n
//
// One invocation per prompt. The factor L Lᵀ = gram + λ I of the whole prompt holds those of all prefixes: with L z = y the
// prediction is Σ_{m<n} L[n,m] z[m].
struct Dims { R: u32, B: u32, N: u32, P: u32, L: u32, W: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> gram: array<f32>;                // (R, B, N, N)
@group(0) @binding(2) var<storage, read> y: array<f32>;                   // (R, B, N)
@group(0) @binding(3) var<storage, read> lambda: array<f32>;              // (L)
@group(0) @binding(4) var<storage, read_write> part: array<f32>;          // (R, B, N, W): a row of L, and z; W = N + 1
@group(0) @binding(5) var<storage, read_write> prediction: array<f32>;    // (R, B, P)

@compute @workgroup_size(32) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let prompt = group_index(group, groups) * 32u + lane;
  if (prompt >= dims.R * dims.B) {
    return;
  }
  let penalty = lambda[min(prompt / dims.B, dims.L - 1u)];
  let width = dims.W;
  let first = prompt * dims.N * width;
  for (var n = 0u; n < dims.N; n++) {
    let row = first + n * width;
    let pair = prompt * dims.N + n;
    var guess = 0.0;
    var pivot = gram[pair * dims.N + n] + penalty;
    for (var m = 0u; m < n; m++) {
      let other = first + m * width;
      var rest = gram[pair * dims.N + m];
      for (var k = 0u; k < m; k++) {
        rest -= part[row + k] * part[other + k];
      }
      let entry = rest / part[other + m];
      part[row + m] = entry;
      pivot -= entry * entry;
      guess += entry * part[other + dims.N];
    }
    // Rounding takes no more from a positive definite matrix than its penalty.
    let diagonal = sqrt(max(pivot, 0.5 * penalty));
    part[row + n] = diagonal;
    part[row + dims.N] = (y[pair] - guess) / diagonal;
    if (n + dims.P >= dims.N) {
      prediction[prompt * dims.P + n + dims.P - dims.N] = guess;
    }
  }
}
