// What every tiled product c[r,m,n] = Σ_k a[r,m,k] b[r,k,n] shares: sizes, and both operands in 4×4 blocks, whichever
// way they lie in memory.
//
// TRANSPOSE_A: a is stored as (K, M). TRANSPOSE_B: b is stored as (N, K). TAIL: K is no multiple of the steps of a pass,
// so that the last blocks need their surplus cleared. A long sum is made in `parts` of `chunk` steps each, a multiple of
// 16: R counts replicas × parts, and product r is part r % parts of replica r / parts. A stride of 0 uses one matrix for
// every replica.
const TRANSPOSE_A: u32 = 0u;
const TRANSPOSE_B: u32 = 0u;
const TAIL: u32 = 0u;
struct Dims { R: u32, M: u32, N: u32, K: u32, parts: u32, chunk: u32, strideA: u32, strideB: u32, strideBias: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;

// First step of product r, and the step after its last one.
fn steps_of(r: u32) -> vec2u {
  let first = r % dims.parts * dims.chunk;
  return vec2u(first, min(first + dims.chunk, dims.K));
}

// Whether each of k … k + 3 takes part.
fn takes_part(k: u32) -> vec4<bool> {
  return vec4u(k, k + 1u, k + 2u, k + 3u) < vec4u(dims.K);
}

// Column i holds a[replica, m + i, k … k + 3].
fn left_block(replica: u32, m: u32, k: u32) -> mat4x4f {
  var block: mat4x4f;
  if (TRANSPOSE_A == 1u) {
    block = transpose(a_block(replica * dims.strideA, vec2u(dims.K, dims.M), vec2u(k, m)));
  } else {
    block = a_block(replica * dims.strideA, vec2u(dims.M, dims.K), vec2u(m, k));
  }
  if (TAIL == 1u) {
    let part = takes_part(k);
    let zero = vec4f();
    block = mat4x4f(select(zero, block[0], part), select(zero, block[1], part), select(zero, block[2], part), select(zero, block[3], part));
  }
  return block;
}

// Row i, as it lies in memory, of the block of b that holds [replica, k … k + 3, n … n + 3].
fn right_row(replica: u32, k: u32, n: u32, i: u32) -> vec4f {
  if (TRANSPOSE_B == 1u) {
    return b_row(replica * dims.strideB, vec2u(dims.N, dims.K), vec2u(n + i, k));
  }
  return b_row(replica * dims.strideB, vec2u(dims.K, dims.N), vec2u(k + i, n));
}

// Of such rows, column i holds b[replica, k + i, n … n + 3].
fn right_rows(k: u32, rows: mat4x4f) -> mat4x4f {
  var block = rows;
  if (TRANSPOSE_B == 1u) {
    block = transpose(rows);
  }
  if (TAIL == 1u) {
    let part = takes_part(k);
    let zero = vec4f();
    block = mat4x4f(select(zero, block[0], part.x), select(zero, block[1], part.y), select(zero, block[2], part.z), select(zero, block[3], part.w));
  }
  return block;
}

// Column i holds b[replica, k + i, n … n + 3].
fn right_block(replica: u32, k: u32, n: u32) -> mat4x4f {
  return right_rows(k, mat4x4f(
    right_row(replica, k, n, 0u),
    right_row(replica, k, n, 1u),
    right_row(replica, k, n, 2u),
    right_row(replica, k, n, 3u),
  ));
}
