/** dMMSE: the posterior mean over a pool of tasks. */
import { dmmsePrefixes, dmmseReference } from "../../../kernels/baselines/dmmse.ts";
import { Tensor } from "../../gpu/tensor.ts";
import { type Baseline, BaselineConstants, type BaselineOptions, type PerReplica, positive } from "./baseline.ts";
import { composedDmmse, inTwoForms } from "./composed.ts";

/** Options of {@linkcode dmmse}. */
export interface DmmseOptions extends BaselineOptions {
  /** Tasks (R, M, D), or (1, M, D) for a pool that all replicas share; it stays the caller's. */
  readonly pool: Tensor;
  /** Standard deviation σ > 0 of the labels' noise. */
  readonly sigma: PerReplica;
  /** Number of tasks of the pool that count, the first ones, from 1 to M: one, or one per replica. All by default. */
  readonly tasks?: number | readonly number[];
}

/**
 * `ŷ_n = Σ_m p_m t_m·x_n`, `p = softmax_m(−Σ_{j<n} (y_j − t_m·x_j)² / 2σ²)`: the optimum if the task is one of the
 * pool, all equally likely. Nested pools are one tensor and a number of tasks per replica.
 *
 * @param options Pool, noise, numbers of tasks, and which positions.
 * @returns The baseline. D ≤ 64.
 * @throws {RangeError} If σ is not positive, or a number of tasks is not from 1 to M.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../gpu/device.ts";
 * import { Tensor } from "../../gpu/tensor.ts";
 * import { dmmse } from "./dmmse.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using pool = Tensor.from([1, -1], [1, 2, 1]);
 * using x = Tensor.from([1, 2], [1, 1, 2, 1]);
 * using y = Tensor.from([0.25, 0], [1, 1, 2]);
 * using model = dmmse({ pool, sigma: 1 });
 * using prediction = model.apply({ x, y });
 * const [first, second] = await prediction.read();
 * assertAlmostEquals(first, 0, 1e-6);
 * assertAlmostEquals(second, 2 * Math.tanh(0.25), 1e-6);
 * ```
 */
export function dmmse({ pool, sigma, tasks, positions }: DmmseOptions): Baseline {
  const constants = new BaselineConstants("dMMSE");
  const M = pool.shape[1];
  const counts = tasks === undefined ? [M] : typeof tasks === "number" ? [tasks] : tasks;
  const wrong = counts.find((count) => !(Number.isInteger(count) && count >= 1 && count <= M));
  if (wrong !== undefined) throw new RangeError(`dMMSE: expected tasks to be integers from 1 to ${M}, found ${wrong}`);
  const posterior = {
    pool,
    sigma: constants.perReplica("sigma", sigma, positive),
    tasks: constants.hold(Tensor.from(Uint32Array.from(counts), [counts.length], "tasks")),
  };
  return constants.baseline((prompts) =>
    inTwoForms({
      label: "dMMSE",
      prompts,
      constants: [pool, posterior.sigma],
      positions,
      kernel: () => dmmsePrefixes(prompts, posterior, positions),
      composed: () => composedDmmse(prompts, { ...posterior, counts }, positions),
      reference: (x, y, pool, sigma) =>
        dmmseReference(x, y, pool, { shape: [counts.length], data: Float64Array.from(counts) }, sigma),
    })
  );
}
