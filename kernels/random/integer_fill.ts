/** Uniform integers, and permutations, as functions of (seed, key, step, item). */
import { ShapeError } from "../../lib/gpu/errors.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import { makeTensor } from "../../lib/gpu/program.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { drawKey } from "../../lib/random/random.ts";
import code from "./integer_fill.wgsl" with { type: "text" };
import permutations from "./permutation_fill.wgsl" with { type: "text" };
import { type RandomDraw, randomFiles } from "./random_fill.ts";
import integers from "./random_integers.part.wgsl" with { type: "text" };

const files = { ...randomFiles, "kernels/random/random_integers.part.wgsl": integers };

const fill = kernel({
  label: "integer_fill",
  code: { ...files, "kernels/random/integer_fill.wgsl": code },
  inputs: { seeds: ["R"], clock: ["3"] },
  outputs: { y: ["R", "I", "C"] },
  scalars: ["key", "below"],
  groups: ({ R, I, C }) => Math.ceil(R * I * C / 64),
});

const permute = kernel({
  label: "permutation_fill",
  code: { ...files, "kernels/random/permutation_fill.wgsl": permutations },
  inputs: { seeds: ["R"], clock: ["3"] },
  outputs: { y: ["R", "I", "K"] },
  scalars: ["key", "C"],
  // One workgroup per item: its lanes stride over the elements, whose number is no axis of a tensor.
  groups: ({ R, I }) => R * I,
});

/**
 * Draws uniform integers without the bias of a remainder, as {@linkcode integersBelow}.
 *
 * @param draw Seeds (R), clock and key.
 * @param sizes `I` items of `C` integers each, and the number of values `below`, ≥ 1.
 * @returns Integers (R, I, C) in [0, below).
 * @throws {ShapeError} If `below` is no integer from 1 to 2³² − 1.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { integerFill } from "./integer_fill.ts";
 * import { assert } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(7, 8));
 * using clock = Tensor.from(Uint32Array.of(0, 1, 1));
 * using dice = integerFill({ seeds, clock, key: "dice" }, { I: 10, C: 3, below: 6 });
 * assert((await dice.read()).every((face) => face < 6));
 * ```
 */
export function integerFill(
  { seeds, clock, key }: RandomDraw,
  { I, C, below }: { readonly I: number; readonly C: number; readonly below: number },
): Tensor<"u32"> {
  if (!(below >= 1 && below === below >>> 0)) {
    throw new ShapeError(`integer_fill: expected an integer from 1 to 4294967295 to stay below, found ${below}`);
  }
  const y = makeTensor([seeds.shape[0], I, C], "u32", "integers");
  fill({ seeds, clock, y, key: drawKey(key), below });
  return y;
}

/**
 * Draws uniform permutations of 0 … C − 1, as {@linkcode permutation}, or the first K elements of each: K different integers.
 *
 * @param draw Seeds (R), clock and key.
 * @param sizes `I` items, elements `C`, and how many of them are kept, `K`, all by default. Costs C² / 4 steps an item;
 *   C ≤ 4032 on a software adapter.
 * @returns Integers (R, I, K) in [0, C), different within an item. `gather` and `embedding` take rows in that order.
 * @throws {ShapeError} If K is not from 1 to C.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { permutationFill } from "./integer_fill.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(7));
 * using clock = Tensor.from(Uint32Array.of(0, 1, 1));
 * using order = permutationFill({ seeds, clock, key: "order" }, { I: 1, C: 5 });
 * assertEquals([...await order.read()].sort(), [0, 1, 2, 3, 4]);
 * ```
 */
export function permutationFill(
  { seeds, clock, key }: RandomDraw,
  { I, C, K = C }: { readonly I: number; readonly C: number; readonly K?: number },
): Tensor<"u32"> {
  if (!(Number.isInteger(K) && K >= 1 && K <= C)) {
    throw new ShapeError(`permutation_fill: expected from 1 to ${C} elements, found ${K}`);
  }
  // Each lane ranks every 64th of the C elements.
  checkLoopIterations("permutation_fill", Math.ceil(C / 64) * (1 + Math.ceil(C / 4)));
  const y = makeTensor([seeds.shape[0], I, K], "u32", "permutation");
  permute({ seeds, clock, y, key: drawKey(key), C });
  return y;
}
