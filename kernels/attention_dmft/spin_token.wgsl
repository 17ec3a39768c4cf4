// y[r] = mean over the new token's spins of the first output feature, ⅓ Σ_s W^o_1s t_s
// window[r] ← (t, window[r,0], window[r,1]) with t_s = 2 Σ_g counts[r,s,g] / n − 1, output[r] ← attention over the new token and the
// three of the old window, at the positions of phase clock[0]
//
// One invocation per replica. Counts are whole numbers below 2²⁴: their sums are exact.
struct Dims { R: u32, G: u32, n: f32, epsilon: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> clock: array<u32>;             // (3)
@group(0) @binding(2) var<storage, read> weights: array<f32>;           // (R, 60)
@group(0) @binding(3) var<storage, read> couplings: array<f32>;         // (R, 2)
@group(0) @binding(4) var<storage, read> counts: array<f32>;            // (R, 3, G)
@group(0) @binding(5) var<storage, read_write> window: array<f32>;      // (R, 9)
@group(0) @binding(6) var<storage, read_write> output: array<f32>;      // (R, 3)
@group(0) @binding(7) var<storage, read_write> y: array<f32>;           // (R)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let r = group_index(group, groups) * 64u + lane;
  if (r >= dims.R) { return; }
  var means = mat4x3f();
  for (var s = 0u; s < 3u; s++) {
    var up = 0.0;
    for (var g = 0u; g < dims.G; g++) { up += counts[(3u * r + s) * dims.G + g]; }
    means[0][s] = 2.0 * up / dims.n - 1.0;
    for (var j = 0u; j < 3u; j++) { means[j + 1u][s] = window[9u * r + 3u * j + s]; }
  }
  let first = vec3f(weights[60u * r], weights[60u * r + 1u], weights[60u * r + 2u]);
  y[r] = dot(first, means[0]) / 3.0;
  let places = places_at(clock[0]);
  let values = features(matrix_at(60u * r + SIGNS), means, places, dims.epsilon);
  let queries = features(matrix_at(60u * r + 2u * SIGNS), means, places, dims.epsilon);
  let keys = features(matrix_at(60u * r + 3u * SIGNS), means, places, dims.epsilon);
  let next = values * attention_of(couplings[2u * r + 1u] * (queries[0] * keys));
  for (var a = 0u; a < 3u; a++) {
    output[3u * r + a] = next[a];
    for (var j = 0u; j < 3u; j++) { window[9u * r + 3u * j + a] = means[j][a]; }
  }
}
