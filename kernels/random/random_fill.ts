/** Tensors of independent random numbers, a function of (seed, key, step, item, index). */
import { kernel, type Sizes } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import type { WgslFiles } from "../../lib/gpu/wgsl.ts";
import { drawKey } from "../../lib/random/random.ts";
import chiSquare from "./chi_square_fill.wgsl" with { type: "text" };
import random from "./random.part.wgsl" with { type: "text" };
import code from "./random_fill.wgsl" with { type: "text" };

/** WGSL files that kernels which draw random numbers begin with. */
export const randomFiles: WgslFiles = { "kernels/random/random.part.wgsl": random };

/** Place of a random tensor in the streams. */
export interface RandomDraw {
  /** One seed per replica (R), u32. */
  readonly seeds: Tensor<"u32">;
  /** Clock `(step, stop, stride)` (3), u32; only the step is read. */
  readonly clock: Tensor<"u32">;
  /** Name of the draw. */
  readonly key: string;
}

const blocks = ({ R, I, C }: Sizes) => Math.ceil(R * I * Math.ceil(C / 4) / 64);

const fill = kernel({
  label: "random_fill",
  code: { ...randomFiles, "kernels/random/random_fill.wgsl": code },
  inputs: { seeds: ["R"], clock: ["3"] },
  outputs: { y: ["R", "I", "C"] },
  scalars: ["key"],
  groups: blocks,
});

const chiSquareKernel = kernel({
  label: "chi_square_fill",
  code: { ...randomFiles, "kernels/random/chi_square_fill.wgsl": chiSquare },
  inputs: { seeds: ["R"], clock: ["3"], dof: ["R", "C"] },
  outputs: { y: ["R", "I", "C"] },
  scalars: ["key"],
  groups: ({ R, I, C }) => Math.ceil(R * I * Math.ceil(C / 2) / 64),
});

/**
 * Draws uniform numbers in (0, 1), as {@linkcode uniforms} in single precision: `y[r,i,c]` is number c of item i of
 * seed r.
 *
 * @param draw Seeds, clock and key.
 * @param sizes `I` items of `C` numbers each.
 * @returns Numbers (R, I, C) in [2⁻³², 1 − 2⁻²⁴].
 *
 * @example
 * ```ts
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { uniformFill } from "./random_fill.ts";
 * import { uniforms } from "../../lib/random/random.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(7));
 * using clock = Tensor.from(Uint32Array.of(0, 1, 1));
 * using y = uniformFill({ seeds, clock, key: "example" }, { I: 1, C: 3 });
 * assertAlmostEquals((await y.read())[2], uniforms({ seed: 7, key: "example" }, 3)[2], 1e-7);
 * ```
 */
export function uniformFill({ seeds, clock, key }: RandomDraw, sizes: { I: number; C: number }): Tensor {
  return fill({ seeds, clock, key: drawKey(key) }, { ...sizes, NORMAL: 0 }).y;
}

/**
 * Draws independent N(0, 1) numbers by Box–Muller, as {@linkcode normals} in single precision.
 *
 * The radius r = √(−2 ln u) inherits the rounding of u: an absolute error up to 1.2e-7/r + 5e-7 r.
 *
 * @param draw Seeds, clock and key.
 * @param sizes `I` items of `C` numbers each.
 * @returns Numbers (R, I, C), |y| < 6.64.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { normalFill } from "./random_fill.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(7, 8));
 * using clock = Tensor.from(Uint32Array.of(0, 1, 1));
 * using y = normalFill({ seeds, clock, key: "example" }, { I: 2, C: 3 });
 * assertEquals(y.shape, [2, 2, 3]);
 * ```
 */
export function normalFill({ seeds, clock, key }: RandomDraw, sizes: { I: number; C: number }): Tensor {
  return fill({ seeds, clock, key: drawKey(key) }, { ...sizes, NORMAL: 1 }).y;
}

/**
 * Draws independent χ² numbers by Marsaglia & Tsang's method, as {@linkcode chiSquares} in single precision.
 *
 * Kolmogorov–Smirnov finds no difference from the exact law up to 10⁶ degrees of freedom.
 *
 * @param draw Seeds, clock and key.
 * @param dof Degrees of freedom (R, C), up to 10⁷, not necessarily whole; 0 gives 0.
 * @param items Number of items I.
 * @returns Numbers (R, I, C), ≥ 0.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { chiSquareFill } from "./random_fill.ts";
 * import { chiSquares } from "../../lib/random/random.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(7));
 * using clock = Tensor.from(Uint32Array.of(0, 1, 1));
 * using dof = Tensor.from([3, 2], [1, 2]);
 * using y = chiSquareFill({ seeds, clock, key: "example" }, dof, 1);
 * assertAlmostEquals((await y.read())[1], chiSquares({ seed: 7, key: "example" }, [3, 2])[1], 1e-4);
 * ```
 */
export function chiSquareFill({ seeds, clock, key }: RandomDraw, dof: Tensor, items: number): Tensor {
  return chiSquareKernel({ seeds, clock, dof, key: drawKey(key) }, { I: items }).y;
}
