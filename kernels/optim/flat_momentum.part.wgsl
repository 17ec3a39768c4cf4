// b ← μb + g + λp,   p ← p − ηb;      NESTEROV 1: p ← p − η(g + λp + μb)
//
// Stochastic gradient descent with momentum. hyper[r] = (lr, λ, clip, 0), schedule, (μ, 0, 0, 0), 0.
const NESTEROV: u32 = 0u;
@group(0) @binding(7) var<storage, read_write> momentum: array<vec4f>;  // (P)

var<private> b: vec4f;
var<private> rate: f32;
var<private> keep: f32;   // μ
var<private> decay: f32;  // λ
var<private> clip: f32;

fn prepare(place: Place) {
  let r = place.replica;
  rate = learning_rate(r);
  keep = hyper[4u * r + 2u].x;
  decay = select(0.0, hyper[4u * r].y, (place.flags & 1u) == 1u);
  clip = clip_factor(r);
}

fn load(quad: u32, place: Place) {
  b = momentum[quad];
}

fn store(quad: u32) {
  momentum[quad] = b;
}

fn change(c: u32, p: f32, gradient: f32, place: Place, inside: bool) -> f32 {
  let g = clip * gradient + decay * p;
  b[c] = select(b[c], keep * b[c] + g, inside);
  return p - rate * select(b[c], g + keep * b[c], NESTEROV == 1u);
}
