// Numbers one at a time: the form that fits any extent.
alias Element = f32;
const WIDTH: u32 = 1u;

fn total(v: Element) -> f32 {
  return v;
}

fn largest(v: Element) -> f32 {
  return v;
}
