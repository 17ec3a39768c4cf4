// Writes elements 4v … 4v + 3 of the head that begins at element `start`, a multiple of four.
//
// The host puts a tensor's name for "operand".
@group(0) @binding(1) var<storage, read_write> operand: array<vec4f>;

fn write_operand(start: u32, v: u32, piece: vec4f) {
  operand[start / 4u + v] = piece;
}
