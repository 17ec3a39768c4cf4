/** Matrices brought into the form that the linear algebra kernels work on, and back: scaled, padded, transposed. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import scaleCode from "./matrix_scale.wgsl" with { type: "text" };
import packCode from "./pack.wgsl" with { type: "text" };
import unpackCode from "./unpack.wgsl" with { type: "text" };
import zeroCode from "./zero_words.wgsl" with { type: "text" };

/**
 * Finds the power of two that takes the largest entry of each matrix to `[1, 2)`:
 * `scale[b] = 2^−⌊log₂ max_i |a[b,i]|⌋`.
 *
 * Squares of scaled entries neither overflow nor vanish, and scaling back is exact. A zero matrix has the scale 1. The
 * constant `EVEN = 1` takes an even power, whose root is a power of two.
 *
 * @param a Matrices (B, N), N entries each.
 * @returns `scale` (B).
 */
export const matrixScale: KernelOf<"a", "scale"> = kernel({
  label: "matrixScale",
  code: { "kernels/linalg/matrix_scale.wgsl": scaleCode },
  inputs: { a: ["B", "N"] },
  outputs: { scale: ["B"] },
  groups: ({ B }) => B,
});

/**
 * Copies matrices into larger ones: `y[b,i,j] = scale[b] a[b,i,j]`, zero outside of `a`.
 *
 * Constants: `TRANSPOSE = 1` takes `a[b,j,i]`; `REVERSE = 1` counts rows of `a` from the end, 2 its columns too;
 * `PAD = 1` continues the diagonal with ones; `SYMMETRIC = 1` reads the lower triangle only; `SCALE = 0` leaves the
 * scale out. Columns from `height` on hold an identity matrix.
 *
 * @param a Matrices (B, M, N).
 * @param scale Factors (S), S ≥ B; any vector where they are left out.
 * @param height Columns of y before the identity matrix; J or more for none.
 * @returns `y` (B, I, J); I and J are given as sizes.
 */
export const pack: KernelOf<"a" | "scale", "y", "height"> = kernel({
  label: "pack",
  code: { "kernels/linalg/pack.wgsl": packCode },
  inputs: { a: ["B", "M", "N"], scale: ["S"] },
  outputs: { y: ["B", "I", "J"] },
  scalars: ["height"],
  groups: ({ B, I, J }) => Math.ceil(B * I * J / 64),
});

/**
 * Copies a corner out of larger matrices: `y[b,m,n] = x[b,m,n] / scale[b]`.
 *
 * Constants: `TRANSPOSE = 1` takes `x[b,n,m]`; `REVERSE_ROWS = 1` turns the rows of y around;
 * `DIVIDE = 0` leaves the scale out, 2 divides by its root.
 *
 * @param x Matrices (B, I, J).
 * @param scale Divisors (S), S ≥ B; any vector where they are left out.
 * @returns `y` (B, M, N); M and N are given as sizes.
 */
export const unpack: KernelOf<"x" | "scale", "y"> = kernel({
  label: "unpack",
  code: { "kernels/linalg/unpack.wgsl": unpackCode },
  inputs: { x: ["B", "I", "J"], scale: ["S"] },
  outputs: { y: ["B", "M", "N"] },
  groups: ({ B, M, N }) => Math.ceil(B * M * N / 64),
});

/**
 * Writes zeros: `y[i] = 0`.
 *
 * @returns `y` (N) of type u32; N is given as a size.
 */
export const zeroWords: KernelOf<never, "y"> = kernel({
  label: "zeroWords",
  code: { "kernels/linalg/zero_words.wgsl": zeroCode },
  inputs: {},
  outputs: { y: ["N"] },
  groups: ({ N }) => Math.ceil(N / 64),
});
