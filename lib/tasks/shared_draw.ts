/** One place in the random streams for all replicas: test prompts that do not differ from replica to replica. */
import type { RandomDraw } from "../../kernels/random/random_fill.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";

/**
 * Gives all replicas one seed, so that a sampler draws the same prompts for every one of them: bands over replicas then do not
 * mix the noise of test data with that of training.
 *
 * What a list of tasks holds is the sampler's own: with `list: { seeds }` each replica keeps its tasks, and shares inputs, noise
 * and the draw that chooses among equally many.
 *
 * @param draw Draw of a step or an evaluation, with or without a key.
 * @param seed Seed of all replicas, an unsigned 32-bit integer; 0 by default.
 * @returns The same draw with that seed for every replica. Draw from it under a key that training does not use.
 * @throws {RangeError} If the seed is no unsigned 32-bit integer.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { linearRegression } from "./linear_regression.ts";
 * import { sharedDraw } from "./shared_draw.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1, 2));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * const prompts = linearRegression({ dimension: 2, context: 3, batch: 4 });
 * using y = await evaluate(() => prompts({ ...sharedDraw({ seeds, clock }), key: "test" }).y);
 * const labels = await y.read();
 * assertEquals(labels.slice(0, 12), labels.slice(12));
 * ```
 */
export function sharedDraw<Draw extends Omit<RandomDraw, "key">>(draw: Draw, seed = 0): Draw {
  if (seed !== seed >>> 0) {
    throw new RangeError(`sharedDraw: expected the seed to be an unsigned 32-bit integer, found ${seed}`);
  }
  const [R] = draw.seeds.shape;
  return { ...draw, seeds: own(Tensor.from(new Uint32Array(R).fill(seed), [R], "shared seed")) };
}
