// operand_block(base, size, at) = the 4×4 block whose first entry is (at.x, at.y) of a row-major matrix of `size`
//
// For an operand with rows of any length: a block row is four loads. Rows and columns beyond the matrix repeat its last
// ones; the caller keeps them out of the product. The host puts "a" or "b" for "operand".
@group(0) @binding(1) var<storage, read> operand: array<f32>;

fn operand_row(base: u32, size: vec2u, at: vec2u) -> vec4f {
  let first = base + min(at.x, size.x - 1u) * size.y;
  let last = size.y - 1u;
  return vec4f(
    operand[first + min(at.y, last)],
    operand[first + min(at.y + 1u, last)],
    operand[first + min(at.y + 2u, last)],
    operand[first + min(at.y + 3u, last)],
  );
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
