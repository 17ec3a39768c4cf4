// operand_piece(start, v) = elements 4v … 4v + 3 of the head that begins at element `start`, zeros after its E elements
//
// The host puts a tensor's name for "operand".
@group(0) @binding(1) var<storage, read> operand: array<f32>;

fn operand_entry(start: u32, d: u32) -> f32 {
  return select(0.0, operand[start + min(d, E - 1u)], d < E);
}

fn operand_piece(start: u32, v: u32) -> vec4f {
  let d = 4u * v;
  return vec4f(
    operand_entry(start, d),
    operand_entry(start, d + 1u),
    operand_entry(start, d + 2u),
    operand_entry(start, d + 3u),
  );
}
