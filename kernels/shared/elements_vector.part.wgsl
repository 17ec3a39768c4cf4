// Numbers four at a time: the form for extents that are multiples of four.
alias Element = vec4f;
const WIDTH: u32 = 4u;

fn total(v: Element) -> f32 {
  return (v.x + v.y) + (v.z + v.w);
}

fn largest(v: Element) -> f32 {
  return max(max(v.x, v.y), max(v.z, v.w));
}
