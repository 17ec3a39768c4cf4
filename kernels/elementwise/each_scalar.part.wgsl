// f and its slope for one number.
fn each(v: Element) -> Element {
  return f(v);
}

fn each_slope(v: Element) -> Element {
  return slope_of(v);
}
