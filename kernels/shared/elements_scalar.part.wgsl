// Numbers one at a time: the form that fits any extent.
alias Element = f32;
const WIDTH: u32 = 1u;

fn total(v: Element) -> f32 {
  return v;
}

fn largest(v: Element) -> f32 {
  return v;
}

// The value, but v where that is not a number, which max and min make one of; by bits, as compilers may suppose that there is
// no NaN.
fn element_unless_nan(value: Element, v: Element) -> Element {
  return select(value, v, (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u);
}

fn larger(a: Element, b: Element) -> Element {
  return element_unless_nan(element_unless_nan(max(a, b), a), b);
}

fn smaller(a: Element, b: Element) -> Element {
  return element_unless_nan(element_unless_nan(min(a, b), a), b);
}
