// Counter-based random numbers: a draw is a function of (seed, key, step, item, index) and of nothing else.
//
// threefry: Threefry-4x32 with 13 rounds (Salmon, Moraes, Dror, Shaw 2011: 12 rounds already pass BigCrush; known answers
// for 13 are in Random123). Add, rotate and xor only: WGSL has no 32-bit high multiply, which Philox would need ten times.
//
// counter = (index, item, step, attempt), key = (seed, name of the draw, 0, 0).

fn rotate(x: vec2u, by: vec2u) -> vec2u {
  return (x << by) | (x >> (vec2u(32u) - by));
}

// Two rounds' worth of mixing on the pairs (0,1) (2,3), then on (0,3) (2,1).
fn mix_twice(x: vec4u, first: vec2u, second: vec2u) -> vec4u {
  var even = x.xz + x.yw;
  var odd = rotate(x.yw, first) ^ even;
  even += odd.yx;
  odd = rotate(odd.yx, second) ^ even;
  return vec4u(even.x, odd.y, even.y, odd.x);
}

fn threefry(counter: vec4u, key: vec4u) -> vec4u {
  let parity = 0x1BD11BDAu ^ key.x ^ key.y ^ key.z ^ key.w;
  var x = counter + key;
  x = mix_twice(x, vec2u(10u, 26u), vec2u(11u, 21u));
  x = mix_twice(x, vec2u(13u, 27u), vec2u(23u, 5u));
  x += vec4u(key.y, key.z, key.w, parity + 1u);
  x = mix_twice(x, vec2u(6u, 20u), vec2u(17u, 11u));
  x = mix_twice(x, vec2u(25u, 10u), vec2u(18u, 20u));
  x += vec4u(key.z, key.w, parity, key.x + 2u);
  x = mix_twice(x, vec2u(10u, 26u), vec2u(11u, 21u));
  x = mix_twice(x, vec2u(13u, 27u), vec2u(23u, 5u));
  x += vec4u(key.w, parity, key.x, key.y + 3u);
  let even = x.xz + x.yw;
  let odd = rotate(x.yw, vec2u(6u, 20u)) ^ even;
  return vec4u(even.x, odd.x, even.y, odd.y);
}

fn random_bits(seed: u32, key: u32, step: u32, item: u32, index: u32) -> vec4u {
  return threefry(vec4u(index, item, step, 0u), vec4u(seed, key, 0u, 0u));
}

// (k + ½) / 2³¹ for the upper 31 bits k: never 0; 1 is reached only by rounding.
fn uniform_from(bits: u32) -> f32 {
  return (f32(i32(bits >> 1u)) + 0.5) * 4.656612873077393e-10;
}

// ln u for u in (0, 1], from u = m 2ᵉ with m in [√½, √2) and ln m = 2 artanh((m−1)/(m+1)). Relative error < 3e-7, also near 1.
fn log_unit(u: f32) -> f32 {
  let bits = bitcast<u32>(u);
  let e = i32(bits - 0x3f3504f3u) >> 23u;
  let m = bitcast<f32>(bits - (u32(e) << 23u));
  let s = (m - 1.0) / (m + 1.0);
  let s2 = s * s;
  let artanh2 = s * (2.0 + s2 * (0.6666666667 + s2 * (0.4 + s2 * (0.2857142857 + s2 * 0.2222222222))));
  return f32(e) * 0.6931471806 + artanh2;
}

// Two independent N(0, 1) by Box–Muller: √(−2 ln u₁) (cos 2πu₂, sin 2πu₂). The largest is 6.64.
// The upper two bits of u₂ pick the quadrant, the rest an angle in [−π/4, π/4): polynomials to 1e-7 there.
fn normal_pair(radius: u32, angle: u32) -> vec2f {
  let r = sqrt(-2.0 * log_unit(uniform_from(radius)));
  let t = f32(i32(angle << 2u)) * 3.657295198e-10;
  let t2 = t * t;
  let s = t * (1.0 + t2 * (-0.16666667 + t2 * (0.0083333310 + t2 * (-0.00019840874 + t2 * 2.7525562e-6))));
  let c = 1.0 + t2 * (-0.5 + t2 * (0.041666638 + t2 * (-0.0013888378 + t2 * 2.4760495e-5)));
  let odd = (angle & 0x40000000u) != 0u;
  // Rotations by a quarter turn: (c, s), (−s, c), (−c, −s), (s, −c).
  let x = select(c, s, odd);
  let y = select(s, c, odd);
  let sign_x = ((angle ^ (angle << 1u)) & 0x80000000u);
  let sign_y = angle & 0x80000000u;
  return r * vec2f(bitcast<f32>(bitcast<u32>(x) ^ sign_x), bitcast<f32>(bitcast<u32>(y) ^ sign_y));
}

fn normals_from(bits: vec4u) -> vec4f {
  return vec4f(normal_pair(bits.x, bits.y), normal_pair(bits.z, bits.w));
}

// A gamma number, 0 where the try is rejected, and the logarithm of a uniform number that acceptance leaves over.
struct GammaTry { value: f32, log_spare: f32 }

// One try of Marsaglia & Tsang (2000) for Gamma(a, 1), a ≥ 1: v d with v = (1 + c x)³, d = a − ⅓, c = 1/√(9 d).
// Accepts if ln u < x²/2 + d (1 − v + ln v). With y = c x the right side is d times 9y²/2 − 3y − 3y² − y³ + 3 ln(1 + y);
// for small y the leading terms cancel, so the series is summed instead: exact up to a = 10⁷ in float32.
// An accepted u is uniform below the chance p = min(1, e^right side) of acceptance, whatever x: u/p is uniform again.
fn gamma_try(d: f32, c: f32, x: f32, u: f32) -> GammaTry {
  let y = c * x;
  let v = (1.0 + y) * (1.0 + y) * (1.0 + y);
  let y4 = y * y * y * y;
  let series = y4 * (-0.75 + y * (0.6 + y * (-0.5 + y * (0.42857143 + y * (-0.375 + y * 0.33333333)))));
  let direct = 4.5 * y * y + 1.0 - v + log_positive(v);
  let bound = d * select(direct, series, abs(y) < 0.1);
  let log_u = log_unit(u);
  return GammaTry(select(0.0, d * v, y > -1.0 && log_u < bound), log_u - min(bound, 0.0));
}

// ln v for v > 0; 0 stands in for arguments that the caller discards.
fn log_positive(v: f32) -> f32 {
  return log_unit(select(1.0, v, v > 1e-30));
}

// Two independent gamma numbers, value e^log_boost each: the boost may underflow, so it is kept as a logarithm.
struct GammaPair { value: vec2f, log_boost: vec2f }

// Numbers 2 pair and 2 pair + 1 of the stream, Gamma(shape, 1) each, shape > 0.
// Below 1, Gamma(a) = Gamma(a + 1) u^(1/a) with the uniform number that is left over.
// Each block of four words gives a try for both; 64 of them without success do not happen (a try succeeds with
// probability ≥ 0.95). Software drivers execute both sides of a branch, hence no branches but the loop's end.
fn gamma_pair(seed: u32, key: u32, step: u32, item: u32, pair: u32, shape: vec2f) -> GammaPair {
  let boosted = shape < vec2f(1.0);
  let d = select(shape, shape + 1.0, boosted) - 0.33333333;
  let c = 1.0 / sqrt(9.0 * d);
  var value = vec2f();
  var log_spare = vec2f();
  for (var attempt = 0u; attempt < 64u; attempt++) {
    let bits = threefry(vec4u(pair, item, step, attempt), vec4u(seed, key, 0u, 0u));
    let x = normal_pair(bits.x, bits.y);
    let first = gamma_try(d.x, c.x, x.x, uniform_from(bits.z));
    let second = gamma_try(d.y, c.y, x.y, uniform_from(bits.w));
    let open = value == vec2f();
    value = select(value, vec2f(first.value, second.value), open);
    log_spare = select(log_spare, vec2f(first.log_spare, second.log_spare), open);
    if (all(value > vec2f())) {
      break;
    }
  }
  return GammaPair(value, select(vec2f(), log_spare / shape, boosted));
}

// Two χ² numbers, numbers 2 pair and 2 pair + 1 of the stream, with `dof` degrees of freedom each; 0 where dof ≤ 0.
// χ²(k) = 2 Gamma(k/2).
fn chi_square_pair(seed: u32, key: u32, step: u32, item: u32, pair: u32, dof: vec2f) -> vec2f {
  let gamma = gamma_pair(seed, key, step, item, pair, select(vec2f(1.0), 0.5 * dof, dof > vec2f(0.0)));
  return select(vec2f(), 2.0 * gamma.value * exp(gamma.log_boost), dof > vec2f());
}
