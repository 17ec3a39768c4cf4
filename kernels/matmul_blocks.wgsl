// What every tiled product c[r,m,n] (+)= Σ_{k = from}^{to − 1} a[r,m,k] b[r,k,n] shares: sizes, and both operands in
// 4×4 blocks, whichever way they lie in memory.
//
// TRANSPOSE_A: a is stored as (K, M). TRANSPOSE_B: b is stored as (N, K). TAIL: to − from is no multiple of 4, so that
// the last block needs its surplus cleared. ADD: continue from the c of an earlier dispatch. A stride of 0 uses one
// matrix for every replica.
const TRANSPOSE_A: u32 = 0u;
const TRANSPOSE_B: u32 = 0u;
const TAIL: u32 = 0u;
const ADD: u32 = 0u;
struct Dims { R: u32, M: u32, N: u32, K: u32, start: u32, end: u32, strideA: u32, strideB: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;

// 1 for each of k … k + 3 that takes part, else 0.
fn takes_part(k: u32) -> vec4<bool> {
  return vec4u(k, k + 1u, k + 2u, k + 3u) < vec4u(dims.end);
}

// Column i holds a[r, m + i, k … k + 3].
fn left_block(r: u32, m: u32, k: u32) -> mat4x4f {
  var block: mat4x4f;
  if (TRANSPOSE_A == 1u) {
    block = transpose(a_block(r * dims.strideA, vec2u(dims.K, dims.M), vec2u(k, m)));
  } else {
    block = a_block(r * dims.strideA, vec2u(dims.M, dims.K), vec2u(m, k));
  }
  if (TAIL == 1u) {
    let part = takes_part(k);
    let zero = vec4f();
    block = mat4x4f(select(zero, block[0], part), select(zero, block[1], part), select(zero, block[2], part), select(zero, block[3], part));
  }
  return block;
}

// Column i holds b[r, k + i, n … n + 3].
fn right_block(r: u32, k: u32, n: u32) -> mat4x4f {
  var block: mat4x4f;
  if (TRANSPOSE_B == 1u) {
    block = transpose(b_block(r * dims.strideB, vec2u(dims.N, dims.K), vec2u(n, k)));
  } else {
    block = b_block(r * dims.strideB, vec2u(dims.K, dims.N), vec2u(k, n));
  }
  if (TAIL == 1u) {
    let part = takes_part(k);
    let zero = vec4f();
    block = mat4x4f(select(zero, block[0], part.x), select(zero, block[1], part.y), select(zero, block[2], part.z), select(zero, block[3], part.w));
  }
  return block;
}
