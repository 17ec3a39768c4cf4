/** Regression prompts that are changed: their pairs in another order, or one of them replaced. */
import { argsort } from "../../kernels/arrange/argsort.ts";
import { concatenate, slice } from "../../kernels/arrange/blocks.ts";
import { embedding } from "../../kernels/arrange/embedding.ts";
import { ShapeError } from "../gpu/errors.ts";
import type { Tensor } from "../gpu/tensor.ts";

/** Pairs of prompts. */
export interface PromptPairs {
  /** Inputs (R, B, N, D). */
  readonly x: Tensor;
  /** Labels (R, B, N). */
  readonly y: Tensor;
}

/**
 * Puts the pairs of every prompt in ascending order of their inputs' first coordinate; equal ones keep theirs.
 *
 * @param prompts Inputs (R, B, N, D) and labels (R, B, N).
 * @returns Prompts of the same shapes.
 * @throws {ShapeError} If there is not one label per input.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { sortedPrompts } from "./changed_prompts.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([3, 1, 2], [1, 1, 3, 1]);
 * using y = Tensor.from([30, 10, 20], [1, 1, 3]);
 * const sorted = sortedPrompts({ x, y });
 * assertEquals([[...await sorted.x.read()], [...await sorted.y.read()]], [[1, 2, 3], [10, 20, 30]]);
 * ```
 */
export function sortedPrompts({ x, y }: PromptPairs): { x: Tensor; y: Tensor } {
  const [R, B, N, D] = sizesOf("sortedPrompts", { x, y });
  const order = argsort(slice(x, 3, 0, 1).reshape([R * B, N]));
  return {
    x: embedding(order, x.reshape([R * B, N, D])).reshape(x.shape),
    y: embedding(order, y.reshape([R * B, N, 1])).reshape(y.shape),
  };
}

/**
 * Replaces one pair of every prompt by its last one, which goes from its place: prompts of N − 1 pairs, of which the
 * unchanged ones are pairs 0 … N − 2.
 *
 * @param prompts Inputs (R, B, N, D) and labels (R, B, N).
 * @param pair Which pair is replaced, from 0 to N − 2.
 * @returns Prompts (R, B, N − 1, D) and (R, B, N − 1).
 * @throws {ShapeError} If there is not one label per input.
 * @throws {RangeError} If there is no such pair.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { replacedPair } from "./changed_prompts.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 2, 3, 9], [1, 1, 4, 1]);
 * using y = Tensor.from([10, 20, 30, 90], [1, 1, 4]);
 * const changed = replacedPair({ x, y }, 1);
 * assertEquals([[...await changed.x.read()], [...await changed.y.read()]], [[1, 9, 3], [10, 90, 30]]);
 * ```
 */
export function replacedPair({ x, y }: PromptPairs, pair: number): { x: Tensor; y: Tensor } {
  const N = sizesOf("replacedPair", { x, y })[2];
  if (!(Number.isInteger(pair) && pair >= 0 && pair < N - 1)) {
    throw new RangeError(`replacedPair: expected a pair from 0 to ${N - 2}, found ${pair}`);
  }
  const parts = (of: Tensor) =>
    [[0, pair], [N - 1, N], [pair + 1, N - 1]]
      .flatMap(([from, to]) => from < to ? [slice(of, 2, from, to)] : []);
  return { x: concatenate(parts(x), 2), y: concatenate(parts(y), 2) };
}

function sizesOf(label: string, { x, y }: PromptPairs): readonly number[] {
  if (x.shape.length === 4 && y.shape.join() === x.shape.slice(0, 3).join()) return x.shape;
  const found = `(${x.shape.join(", ")}) and (${y.shape.join(", ")})`;
  throw new ShapeError(`${label}: expected inputs (R, B, N, D) and labels (R, B, N), found ${found}`);
}
