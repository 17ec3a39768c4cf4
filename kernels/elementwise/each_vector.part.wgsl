// f and its slope for each of four numbers.
fn each(v: Element) -> Element {
  return vec4f(f(v.x), f(v.y), f(v.z), f(v.w));
}

fn each_slope(v: Element) -> Element {
  return vec4f(slope_of(v.x), slope_of(v.y), slope_of(v.z), slope_of(v.w));
}
