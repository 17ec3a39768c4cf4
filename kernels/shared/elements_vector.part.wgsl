// Numbers four at a time: the form for extents that are multiples of four.
alias Element = vec4f;
const WIDTH: u32 = 4u;

fn total(v: Element) -> f32 {
  return (v.x + v.y) + (v.z + v.w);
}

fn largest(v: Element) -> f32 {
  let pairs = larger(v, v.yxwz);
  return larger(pairs, pairs.zwxy).x;
}

// As for single numbers.
fn element_unless_nan(value: Element, v: Element) -> Element {
  return select(value, v, (bitcast<vec4u>(v) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u));
}

fn larger(a: Element, b: Element) -> Element {
  return element_unless_nan(element_unless_nan(max(a, b), a), b);
}

fn smaller(a: Element, b: Element) -> Element {
  return element_unless_nan(element_unless_nan(min(a, b), a), b);
}
