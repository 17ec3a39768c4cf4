// sin and cos: drivers may be off by 5e-4. To 2e-7 for |v| ≤ 5000: v = j π/2 + r with |r| ≤ π/4, where j times the first two
// parts of π/2 is exact, and the polynomials of Cephes. Beyond, the error grows with |v|.
fn sine_after(v: f32, quarters: i32) -> f32 {
  let j = round(v * 0.6366197724);
  let r = ((v - j * 1.5703125) - j * 4.837512969970703e-4) - j * 7.549789954891882e-8;
  let z = r * r;
  let sine = r + r * z * (-0.16666654611 + z * (0.0083321608736 - z * 1.9515295891e-4));
  let cosine = 1.0 - 0.5 * z + z * z * (0.04166664568 + z * (-0.001388731625 + z * 2.443315712e-5));
  let quadrant = i32(j) + quarters;
  let value = select(sine, cosine, (quadrant & 1) == 1);
  return select(value, -value, (quadrant & 2) == 2);
}

fn sin_accurate(v: f32) -> f32 {
  return sine_after(v, 0);
}

fn cos_accurate(v: f32) -> f32 {
  return sine_after(v, 1);
}
