// Σ̂ = L A Aᵀ L / N,   L = diag(sd),   A_jj = √χ²(N − j),   A_ij = z_ij for i > j,   A_ij = 0 for j ≥ N     (Bartlett)
//
// One invocation per entry. z holds the strict lower triangle row by row.
struct Dims { R: u32, B: u32, D: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> z: array<f32>;                // (R, B, C)
@group(0) @binding(2) var<storage, read> chi: array<f32>;              // (R, B, D)
@group(0) @binding(3) var<storage, read> context: array<f32>;          // (R)
@group(0) @binding(4) var<storage, read> deviation: array<f32>;        // (R, D)
@group(0) @binding(5) var<storage, read_write> covariance: array<f32>; // (R, B, D, D)

fn factor(item: u32, i: u32, j: u32, n: f32) -> f32 {
  if (i == j) {
    return sqrt(chi[item * dims.D + j]);
  }
  return select(0.0, z[item * dims.C + i * (i - 1u) / 2u + j], f32(j) < n);
}

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * dims.B * dims.D * dims.D) {
    return;
  }
  let i = (entry / dims.D) % dims.D;
  let j = entry % dims.D;
  let item = entry / (dims.D * dims.D);
  let r = item / dims.B;
  let n = context[r];
  var sum = 0.0;
  for (var k = 0u; k <= min(i, j); k++) {
    sum += factor(item, i, k, n) * factor(item, j, k, n);
  }
  covariance[entry] = deviation[r * dims.D + i] * deviation[r * dims.D + j] / n * sum;
}
