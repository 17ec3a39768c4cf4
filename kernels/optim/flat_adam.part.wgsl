// m ← m + (1 − β₁)(g − m),   v ← v + (1 − β₂)(g² − v),   p ← p − η m̂ / (√v̂ + ε)      m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ)
//
// Adam (Kingma & Ba 2015). DECOUPLED 1: AdamW (Loshchilov & Hutter 2019), p ← (1 − ηλ) p first; 0: g ← g + λp.
// hyper[r] = (lr, λ, clip, 0), schedule, (1 − β₁, 1 − β₂, ln β₁, ln β₂), (ε, 0, 0, 0);   t = step + 1.
const DECOUPLED: u32 = 1u;
@group(0) @binding(7) var<storage, read_write> mean: array<vec4f>;    // (P)
@group(0) @binding(8) var<storage, read_write> square: array<vec4f>;  // (P)

var<private> m: vec4f;
var<private> v: vec4f;
var<private> gain: vec2f;     // 1 − β
var<private> stride: f32;     // η / (1 − β₁ᵗ)
var<private> root: f32;       // 1 / √(1 − β₂ᵗ)
var<private> epsilon: f32;
var<private> decay: f32;      // ηλ, or λ if coupled
var<private> clip: f32;

fn prepare(place: Place) {
  let r = place.replica;
  let rate = learning_rate(r);
  let betas = hyper[4u * r + 2u];
  let t = f32(clock[0]) + 1.0;
  gain = betas.xy;
  stride = rate / one_minus_exp(t * betas.z);
  root = 1.0 / sqrt(one_minus_exp(t * betas.w));
  epsilon = hyper[4u * r + 3u].x;
  decay = select(0.0, hyper[4u * r].y * select(1.0, rate, DECOUPLED == 1u), (place.flags & 1u) == 1u);
  clip = clip_factor(r);
}

fn load(quad: u32, place: Place) {
  m = mean[quad];
  v = square[quad];
}

fn store(quad: u32) {
  mean[quad] = m;
  square[quad] = v;
}

fn change(c: u32, p: f32, gradient: f32, place: Place, inside: bool) -> f32 {
  var g = clip * gradient;
  if (DECOUPLED == 0u) {
    g += decay * p;
  }
  m[c] = select(m[c], m[c] + gain.x * (g - m[c]), inside);
  v[c] = select(v[c], v[c] + gain.y * (g * g - v[c]), inside);
  let kept = select(p, p * (1.0 - decay), DECOUPLED == 1u);
  return kept - stride * m[c] / (sqrt(v[c]) * root + epsilon);
}
