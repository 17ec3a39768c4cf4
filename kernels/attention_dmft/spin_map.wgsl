// K steps of the map of N → ∞, and of one tangent vector:
//   A' = Σ_τ w_τ m^v(τ),  w = softmax_τ γ m^q(newest)·m^k(τ),  m^α from means t_s(τ) = tanh β Σ_b W^o_bs A_b(τ)
//   growth[r] = Σ ln ‖tangent‖ before each normalisation; y[r,s]: mean of the first output feature, in the last S steps
//
// One invocation per orbit. K must be a multiple of 4, so that positions stand as at the start of every dispatch.
const K: u32 = 4u;
struct Dims { R: u32, S: u32, epsilon: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> weights: array<f32>;          // (R, 60)
@group(0) @binding(2) var<storage, read> couplings: array<f32>;        // (R, 2)
@group(0) @binding(3) var<storage, read_write> window: array<f32>;     // (R, 12)
@group(0) @binding(4) var<storage, read_write> tangent: array<f32>;    // (R, 12)
@group(0) @binding(5) var<storage, read_write> growth: array<f32>;     // (R)
@group(0) @binding(6) var<storage, read_write> y: array<f32>;          // (R, S)

fn means_of(beta: f32, field: vec3f) -> vec3f {
  return vec3f(tanh_accurate(beta * field.x), tanh_accurate(beta * field.y), tanh_accurate(beta * field.z));
}

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let r = group_index(group, groups) * 64u + lane;
  if (r >= dims.R) { return; }
  let o = matrix_at(60u * r);
  let v = matrix_at(60u * r + SIGNS);
  let q = matrix_at(60u * r + 2u * SIGNS);
  let k = matrix_at(60u * r + 3u * SIGNS);
  let beta = couplings[2u * r];
  let gamma = couplings[2u * r + 1u];
  let share = (1.0 - dims.epsilon) / 3.0;
  var A = mat4x3f();
  var dA = mat4x3f();
  var means = mat4x3f();
  var moved = mat4x3f();
  for (var j = 0u; j < TOKENS; j++) {
    let at = 12u * r + 3u * j;
    A[j] = vec3f(window[at], window[at + 1u], window[at + 2u]);
    dA[j] = vec3f(tangent[at], tangent[at + 1u], tangent[at + 2u]);
    means[j] = means_of(beta, A[j] * o.spins);
    moved[j] = beta * (1.0 - means[j] * means[j]) * (dA[j] * o.spins);
  }
  let first = vec3f(o.spins[0].x, o.spins[1].x, o.spins[2].x) / 3.0;
  var places = places_at(0u);
  var sum = 0.0;
  for (var step = 0u; step < K; step++) {
    let values = features(v, means, places, dims.epsilon);
    let keys = features(k, means, places, dims.epsilon);
    let query = share * (q.spins * means[0]) + (0.5 * dims.epsilon) * (q.places * places[0]);
    let w = attention_of(gamma * (query * keys));
    let next = values * w;
    let moved_scores = gamma * share * ((q.spins * moved[0]) * keys + query * (k.spins * moved));
    let mean_move = dot(w, moved_scores);
    let change = share * ((v.spins * moved) * w) + values * (w * (moved_scores - vec4f(mean_move)));
    // The norm of all 12 numbers, the three newest of which are new.
    let norm = sqrt(dot(change, change) + dot(dA[0], dA[0]) + dot(dA[1], dA[1]) + dot(dA[2], dA[2]));
    let safe = max(norm, 1e-30);
    sum += log_accurate(safe);
    let scaling = 1.0 / safe;
    A = mat4x3f(next, A[0], A[1], A[2]);
    dA = scaling * mat4x3f(change, dA[0], dA[1], dA[2]);
    let t = means_of(beta, next * o.spins);
    let dt = beta * (1.0 - t * t) * (change * o.spins);
    means = mat4x3f(t, means[0], means[1], means[2]);
    moved = scaling * mat4x3f(dt, moved[0], moved[1], moved[2]);
    places = mat4x2f(places[3], places[0], places[1], places[2]);
    if (step + dims.S >= K) { y[r * dims.S + step + dims.S - K] = dot(first, t); }
  }
  growth[r] = sum;
  for (var j = 0u; j < TOKENS; j++) {
    for (var a = 0u; a < 3u; a++) {
      window[12u * r + 3u * j + a] = A[j][a];
      tangent[12u * r + 3u * j + a] = dA[j][a];
    }
  }
}
