// p ← p − (η/2)(β g + γ(p − p*) + λp) + √(ηT) ξ,   ξ ~ N(0, 1)
//
// Stochastic gradient Langevin dynamics (Welling & Teh 2011), localised at p* as in the estimator of the local learning
// coefficient (Lau et al. 2023), where β is n times the inverse temperature. ξ is number `element` of (seed, key, step,
// item = number of the parameter). hyper[r] = (lr, λ, clip, 0), schedule, (β, γ, T, 0), 0.
const KEY: u32 = 0u;
@group(0) @binding(7) var<storage, read> seeds: array<u32>;     // (R)
@group(0) @binding(8) var<storage, read> centre: array<vec4f>;  // (P)

var<private> origin: vec4f;
var<private> noise: vec4f;
var<private> next_noise: vec4f;
var<private> rate: f32;
var<private> weight: f32;      // β
var<private> spring: f32;      // γ
var<private> decay: f32;       // λ
var<private> deviation: f32;   // √(ηT)
var<private> clip: f32;

fn prepare(place: Place) {
  let r = place.replica;
  rate = 0.5 * learning_rate(r);
  weight = hyper[4u * r + 2u].x;
  spring = hyper[4u * r + 2u].y;
  decay = select(0.0, hyper[4u * r].y, (place.flags & 1u) == 1u);
  deviation = sqrt(2.0 * rate * hyper[4u * r + 2u].z);
  clip = clip_factor(r);
  next_noise = draw(place, place.element);
}

// The four normal numbers of which `element`, taken as signed, has one.
fn draw(place: Place, element: u32) -> vec4f {
  let block = bitcast<u32>(bitcast<i32>(element) >> 2u);
  return normals_from(random_bits(seeds[place.replica], KEY, clock[0], place.flags >> 1u, block));
}

// Four elements take their numbers from two blocks, of which the second is the first one of the next four.
fn load(quad: u32, place: Place) {
  origin = centre[quad];
  noise = next_noise;
  next_noise = draw(place, place.element + 4u);
}

fn store(quad: u32) {}

fn change(c: u32, p: f32, gradient: f32, place: Place, inside: bool) -> f32 {
  let number = place.element & 3u;
  let slope = weight * clip * gradient + spring * (p - origin[c]) + decay * p;
  return p - rate * slope + deviation * select(noise[number], next_noise[number], number < c);
}
