// operand_piece(start, v) = elements 4v … 4v + 3 of the head that begins at element `start`
//
// For heads that begin at multiples of four elements. The host puts a tensor's name for "operand".
@group(0) @binding(1) var<storage, read> operand: array<vec4f>;

fn operand_piece(start: u32, v: u32) -> vec4f {
  return operand[start / 4u + v];
}
