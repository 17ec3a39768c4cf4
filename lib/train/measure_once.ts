/** Measurements outside of training. */
import { evaluate } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import type { StepDraw } from "./options.ts";

/**
 * Runs a computation once and reads what it makes; its draws are those of step 0, as those of a training's evaluations are, so
 * that with the same keys and seeds both see the same data.
 *
 * @param seeds One seed per replica (R).
 * @param compute Computes tensors by name.
 * @returns Elements of each, row-major.
 * @throws {GpuError} If any GPU operation has failed.
 *
 * @example
 * ```ts
 * import { normalFill } from "../../kernels/random/random_fill.ts";
 * import { openGpu } from "../gpu/device.ts";
 * import { normals } from "../random/random.ts";
 * import { measureOnce } from "./measure_once.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * const { z } = await measureOnce([1, 7], (draw) => ({ z: normalFill({ ...draw, key: "example" }, { I: 1, C: 3 }) }));
 * assertAlmostEquals(z[3], normals({ seed: 7, key: "example" }, 3)[0], 1e-5);
 * ```
 */
export async function measureOnce<Name extends string>(
  seeds: readonly number[],
  compute: (draw: StepDraw) => Readonly<Record<Name, Tensor>>,
): Promise<Record<Name, Float32Array>> {
  using seedTensor = Tensor.from(Uint32Array.from(seeds));
  using clock = Tensor.from(Uint32Array.of(0, 0, 1));
  const found = await evaluate(() => compute({ seeds: seedTensor, clock }));
  const values: Partial<Record<Name, Float32Array>> = {};
  for (const [name, tensor] of Object.entries(found) as [Name, Tensor][]) {
    values[name] = await tensor.read();
    tensor.destroy();
  }
  return values as Record<Name, Float32Array>;
}
