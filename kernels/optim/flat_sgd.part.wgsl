// p ← p − η(g + λp)
//
// Stochastic gradient descent. hyper[r] = (lr, λ, clip, 0), schedule, 0, 0.
var<private> rate: f32;
var<private> decay: f32;  // λ
var<private> clip: f32;

fn prepare(place: Place) {
  let r = place.replica;
  rate = learning_rate(r);
  decay = select(0.0, hyper[4u * r].y, (place.flags & 1u) == 1u);
  clip = clip_factor(r);
}

fn load(quad: u32, place: Place) {}

fn store(quad: u32) {}

fn change(c: u32, p: f32, gradient: f32, place: Place, inside: bool) -> f32 {
  return p - rate * (clip * gradient + decay * p);
}
