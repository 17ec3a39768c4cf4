// Elementary functions to a few roundings, where drivers' own are coarse: llvmpipe's tanh has no correct digit below 1e-6,
// its log is off by 6e-5 near 1.

// ln v for finite v > 0, from v = m 2ᵉ with m in [√½, √2) and ln m = 2 artanh((m−1)/(m+1)). Relative error < 4e-7.
fn log_accurate(v: f32) -> f32 {
  let bits = bitcast<u32>(v);
  let e = i32(bits - 0x3f3504f3u) >> 23u;
  let m = bitcast<f32>(bits - (u32(e) << 23u));
  let s = (m - 1.0) / (m + 1.0);
  let s2 = s * s;
  let artanh2 = s * (2.0 + s2 * (0.6666666667 + s2 * (0.4 + s2 * (0.2857142857 + s2 * 0.2222222222))));
  return f32(e) * 0.6931471806 + artanh2;
}

// ln(1 + v) = 2 artanh(v/(2 + v)) for v ≥ 0; by the series below ½, where 1 + v would lose digits of v. Compilers cancel
// compensations such as v − ((1 + v) − 1).
fn log1p_accurate(v: f32) -> f32 {
  let s = v / (2.0 + v);
  let s2 = s * s;
  let series = s * (2.0 + s2 * (0.6666666667 + s2 * (0.4 + s2 * (0.2857142857 + s2 * (0.2222222222 + s2 * 0.1818181818)))));
  return select(log_accurate(1.0 + v), series, v < 0.5);
}

// eᵛ − 1 for |v| ≤ ½ by its series, to 2e-7 relative.
fn expm1_small(v: f32) -> f32 {
  return v * (1.0 + v * (0.5 + v * (0.16666667 + v * (0.041666668 + v * (0.0083333333 + v * (0.0013888889 + v * 1.984127e-4))))));
}

// eᵛ for |v| ≤ 87: 2ⁿ eʳ with r = v − n ln 2, where n times the first part of ln 2 is exact. Relative error < 3e-7.
fn exp_accurate(v: f32) -> f32 {
  let n = round(v * 1.4426950);
  let r = (v - n * 0.693359375) + n * 2.12194440e-4;
  let series = 1.0 + expm1_small(r);
  return series * bitcast<f32>(u32(i32(n) + 127) << 23u);
}

// 1 − eᵛ for v ≤ 0.
fn one_minus_exp(v: f32) -> f32 {
  return select(1.0 - exp_accurate(max(v, -87.0)), -expm1_small(max(v, -0.5)), v > -0.5);
}

// The value of a function, but v where that is not a number: max, min and comparisons make numbers of it, and a loss that has
// left the finite numbers would look like a small one. By bits, as compilers may suppose that there is no NaN.
fn unless_nan(value: f32, v: f32) -> f32 {
  return select(value, v, (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u);
}

// tanh v = (e²ᵛ − 1)/(e²ᵛ + 1), with the series where the difference would cancel.
fn tanh_accurate(v: f32) -> f32 {
  let w = min(2.0 * abs(v), 40.0);
  let e = select(exp(w) - 1.0, expm1_small(w), w < 0.5);
  return unless_nan(sign(v) * e / (e + 2.0), v);
}

// 1/(1 + e⁻ᵛ)
fn sigmoid(v: f32) -> f32 {
  let e = exp(-min(abs(v), 87.0));
  return unless_nan(select(e, 1.0, v >= 0.0) / (1.0 + e), v);
}

// ln(1 + eᵛ)
fn softplus(v: f32) -> f32 {
  return unless_nan(max(v, 0.0) + log1p_accurate(exp(-min(abs(v), 87.0))), v);
}

// 2ᵛ for finite v ≤ 128: a polynomial on [−½, ½] and an exponent. Relative error < 2e-7; 0 below 2⁻¹²⁶.
fn exp2_accurate(v: f32) -> f32 {
  let w = max(v, -127.0);
  let n = floor(w + 0.5);
  let f = w - n;
  let p = 1.0 + f * (0.6931471806 + f * (0.2402265070 + f * (0.0555041087 + f * (0.0096181291 + f * (0.0013333558 + f * 1.5403530e-4)))));
  return p * bitcast<f32>(u32(i32(n) + 127) << 23u);
}

// 1 − erf v for v ≥ 0: t e^(−v² + polynomial in t), t = 1/(1 + v/2); Numerical Recipes §6.2, to 1.2e-7 relative.
fn erfc_positive(v: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.5 * v);
  let low = 0.09678418 + t * (-0.18628806 + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277)))));
  return t * exp(-min(v * v, 80.0) - 1.26551223 + t * (1.00002368 + t * (0.37409196 + t * low)));
}

// erf v = 2/√π ∫₀ᵛ e^(−s²) ds, by its series below ½.
fn erf(v: f32) -> f32 {
  let s = v * v;
  let series = v * (1.1283791671 + s * (-0.3761263890 + s * (0.1128379167 + s * (-0.0268661706 + s * (0.0052239776 + s * -0.0008548327)))));
  return select(sign(v) * (1.0 - erfc_positive(abs(v))), series, abs(v) < 0.5);
}

// Φ(v): the part of a normal distribution below v.
fn normal_below(v: f32) -> f32 {
  let tail = 0.5 * erfc_positive(abs(v) * 0.7071067812);
  return select(tail, 1.0 - tail, v > 0.0);
}
