// Attention over four tokens of spins, by the means of their thirds. Columns are tokens, newest first.

const TOKENS: u32 = 4u;
const SIGNS: u32 = 15u;

// W^α as two matrices: a column for each third of the spins, and one for each positional bit; rows are features.
struct SpinMatrix { spins: mat3x3f, places: mat2x3f }

// Positional bits at a phase: those of token j are those of place (j − phase) mod 4 among (++), (+−), (−+), (−−).
fn places_at(phase: u32) -> mat4x2f {
  var places = mat4x2f();
  for (var j = 0u; j < TOKENS; j++) {
    let place = (j + TOKENS - phase % TOKENS) % TOKENS;
    places[j] = vec2f(select(-1.0, 1.0, place < 2u), select(-1.0, 1.0, place % 2u == 0u));
  }
  return places;
}

// m^α of every token.
fn features(weight: SpinMatrix, means: mat4x3f, places: mat4x2f, epsilon: f32) -> mat4x3f {
  return ((1.0 - epsilon) / 3.0) * (weight.spins * means) + (0.5 * epsilon) * (weight.places * places);
}

// Softmax.
fn attention_of(scores: vec4f) -> vec4f {
  let largest = max(max(scores.x, scores.y), max(scores.z, scores.w));
  let e = exp(scores - vec4f(largest));
  return e / (e.x + e.y + e.z + e.w);
}

// Weight of a replica from its 60 signs (o, v, q, k): 15 from `at` on.
fn matrix_at(at: u32) -> SpinMatrix {
  var w = SpinMatrix();
  for (var a = 0u; a < 3u; a++) {
    for (var s = 0u; s < 3u; s++) { w.spins[s][a] = weights[at + 5u * a + s]; }
    for (var p = 0u; p < 2u; p++) { w.places[p][a] = weights[at + 5u * a + 3u + p]; }
  }
  return w;
}
