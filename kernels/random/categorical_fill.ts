/** Categories drawn with given probabilities, as a function of (seed, key, step, item). */
import { kernel } from "../../lib/gpu/kernel.ts";
import { makeTensor, own } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { type Draw, drawKey, uniforms } from "../../lib/random/random.ts";
import code from "./categorical_fill.wgsl" with { type: "text" };
import { type RandomDraw, randomFiles } from "./random_fill.ts";

const fill = kernel({
  label: "categorical_fill",
  code: { ...randomFiles, "kernels/random/categorical_fill.wgsl": code },
  inputs: { seeds: ["R"], clock: ["3"], c: ["R", "K"] },
  outputs: { y: ["R", "I"] },
  scalars: ["key"],
  groups: ({ R, I }) => Math.ceil(R * I / 64),
});

/** Cumulative probabilities in single precision. */
function cumulative(probabilities: readonly number[]): number[] {
  let sum = 0;
  return probabilities.map((p) => Math.fround(sum += p));
}

/**
 * Draws one of K categories for every item.
 *
 * @param draw Seeds (R), clock and key.
 * @param probabilities Probabilities of the categories for each replica, (R, K), with sum 1.
 * @param items Items I of a replica.
 * @returns Categories (R, I), in [0, K).
 *
 * @example
 * ```ts
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { categoricalFill } from "./categorical_fill.ts";
 * import { assert } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(7));
 * using clock = Tensor.from(Uint32Array.of(0, 1, 1));
 * using y = categoricalFill({ seeds, clock, key: "example" }, [[0.9, 0.1]], 1000);
 * const ones = (await y.read()).reduce((sum, category) => sum + category);
 * assert(ones > 60 && ones < 140);
 * ```
 */
export function categoricalFill(
  { seeds, clock, key }: RandomDraw,
  probabilities: readonly (readonly number[])[],
  items: number,
): Tensor<"u32"> {
  const [R, K] = [probabilities.length, probabilities[0].length];
  const c = own(Tensor.from(probabilities.flatMap(cumulative), [R, K], "cumulative probabilities"));
  const y = makeTensor([R, items], "u32", "categories");
  fill({ seeds, clock, c, y, key: drawKey(key) });
  return y;
}

/**
 * {@linkcode categoricalFill} of one item on the host, rounding as the kernel does: equal to the last bit.
 *
 * @param draw Where the item stands.
 * @param probabilities Probabilities (K).
 * @returns The category.
 */
export function categoricalReference(draw: Draw, probabilities: readonly number[]): number {
  const [u] = uniforms(draw, 1).map(Math.fround);
  const found = cumulative(probabilities).findIndex((value) => u <= value);
  return found < 0 ? probabilities.length - 1 : found;
}
