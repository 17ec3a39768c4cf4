// operand_block(base, size, at) = the 4×4 block whose first entry is (at.x, at.y) of a row-major matrix of `size`
//
// For an operand whose rows start at multiples of four elements: a block row is one load. Rows and columns beyond the
// matrix repeat its last ones; the caller keeps them out of the product. The host puts "a" or "b" for "operand".
@group(0) @binding(1) var<storage, read> operand: array<vec4f>;

fn operand_row(base: u32, size: vec2u, at: vec2u) -> vec4f {
  return operand[(base + min(at.x, size.x - 1u) * size.y + min(at.y, size.y - 4u)) / 4u];
}

// Column i of the result is row i of the block.
fn operand_block(base: u32, size: vec2u, at: vec2u) -> mat4x4f {
  return mat4x4f(
    operand_row(base, size, at),
    operand_row(base, size, at + vec2u(1u, 0u)),
    operand_row(base, size, at + vec2u(2u, 0u)),
    operand_row(base, size, at + vec2u(3u, 0u)),
  );
}
