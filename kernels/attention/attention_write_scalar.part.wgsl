// Writes those of the elements 4v … 4v + 3 that the head has, which begins at element `start`.
//
// The host puts a tensor's name for "operand".
@group(0) @binding(1) var<storage, read_write> operand: array<f32>;

fn write_operand(start: u32, v: u32, piece: vec4f) {
  for (var c = 0u; c < 4u; c++) { // unroll
    if (4u * v + c < E) {
      operand[start + 4u * v + c] = piece[c];
    }
  }
}
