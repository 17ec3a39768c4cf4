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

// tanh v = (e²ᵛ − 1)/(e²ᵛ + 1), with the series where the difference would cancel.
fn tanh_accurate(v: f32) -> f32 {
  let w = min(2.0 * abs(v), 40.0);
  let e = select(exp(w) - 1.0, expm1_small(w), w < 0.5);
  return sign(v) * e / (e + 2.0);
}

// 1/(1 + e⁻ᵛ)
fn sigmoid(v: f32) -> f32 {
  let e = exp(-min(abs(v), 87.0));
  return select(e, 1.0, v >= 0.0) / (1.0 + e);
}

// ln(1 + eᵛ)
fn softplus(v: f32) -> f32 {
  return max(v, 0.0) + log1p_accurate(exp(-min(abs(v), 87.0)));
}
