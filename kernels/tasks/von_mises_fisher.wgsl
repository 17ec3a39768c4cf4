// z[r,b] ~ vMF(v, κ_r) with density ∝ exp(κ v·z) on the unit sphere, v = centre[r, choice[r,b,0] mod K]     (Wood 1994)
//
// z = w v + √(1 − w²) u,  u uniform among unit vectors normal to v, and w by rejection: with a = (D − 1)/2,
// s = 2a/(2κ + √(4κ² + 4a²)), x₀ = (1 − s)/(1 + s), Z ~ Beta(a, a):  1 − w = 2 s Z / (1 − (1 − s) Z), accepted if
// κ (w − x₀) + 2a ln((1 − x₀ w)/(1 − x₀²)) ≥ ln U. Differences of 1 are formed without cancellation, for large κ.
//
// One invocation per sample. A try succeeds with probability above ½; of 64 tries none fails altogether.
struct Dims { R: u32, B: u32, K: u32, D: u32, key: u32, beta_key: u32, accept_key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> seeds: array<u32>;         // (R)
@group(0) @binding(2) var<storage, read> clock: array<u32>;         // (3)
@group(0) @binding(3) var<storage, read> kappa: array<f32>;         // (R)
@group(0) @binding(4) var<storage, read> centre: array<f32>;        // (R, K, D)
@group(0) @binding(5) var<storage, read> choice: array<u32>;        // (R, B, 1)
@group(0) @binding(6) var<storage, read_write> z: array<f32>;       // (R, B, D)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let sample = group_index(group, groups) * 64u + lane;
  if (sample >= dims.R * dims.B) {
    return;
  }
  let r = sample / dims.B;
  let b = sample % dims.B;
  let k = kappa[r];
  let a = 0.5 * f32(dims.D - 1u);
  let s = 2.0 * a / (2.0 * k + sqrt(4.0 * k * k + 4.0 * a * a));
  let x0 = (1.0 - s) / (1.0 + s);
  // 1 − x₀, and 1 − x₀².
  let gap = 2.0 * s / (1.0 + s);
  let gap2 = 4.0 * s / ((1.0 + s) * (1.0 + s));
  // 1 − w and 1 + w of the accepted try.
  var less = 0.0;
  var more = 2.0;
  for (var attempt = 0u; attempt < 64u; attempt++) {
    let gammas = gamma_pair(seeds[r], dims.beta_key, clock[0], b, attempt, vec2f(a));
    let parts = gammas.value * exp(gammas.log_boost);
    let denominator = parts.y + s * parts.x;
    less = 2.0 * s * parts.x / denominator;
    more = 2.0 * parts.y / denominator;
    let u = uniform_from(random_bits(seeds[r], dims.accept_key, clock[0], b, attempt).x);
    if (k * (gap - less) + 2.0 * a * log_positive((gap + x0 * less) / gap2) >= log_unit(u)) {
      break;
    }
  }
  let v = (r * dims.K + choice[sample] % dims.K) * dims.D;
  let first = sample * dims.D;
  var along = 0.0;
  for (var d = 0u; d < dims.D; d++) {
    let g = normals_from(random_bits(seeds[r], dims.key, clock[0], b, d / 4u))[d % 4u];
    z[first + d] = g;
    along += g * centre[v + d];
  }
  var square = 0.0;
  for (var d = 0u; d < dims.D; d++) {
    let g = z[first + d] - along * centre[v + d];
    z[first + d] = g;
    square += g * g;
  }
  let radius = sqrt(less * more / square);
  for (var d = 0u; d < dims.D; d++) {
    z[first + d] = (1.0 - less) * centre[v + d] + radius * z[first + d];
  }
}
