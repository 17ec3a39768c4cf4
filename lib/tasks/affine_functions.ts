/** Affine functions of one variable, `y = a x + b`. */
import type { Tensor } from "../gpu/tensor.ts";
import { linearRegression, type LinearRegressionBatch, type VectorLaw } from "./linear_regression.ts";
import type { PerReplica, TaskSampler } from "./sampler.ts";
import type { TaskList } from "./task_list.ts";

/** A task of affine functions. */
export interface AffineFunctionsOptions {
  /** Points N of a prompt. */
  readonly context: number;
  /** Prompts B per replica and step. */
  readonly batch: number;
  /** Where functions come from: new ones by default. */
  readonly list?: TaskList;
  /** Law of the points x; its scale is one number, or one for each replica as rows (R, 1). */
  readonly inputs?: VectorLaw;
  /** Law of (a, b); its scale is one number, a row for both, or rows (R, 2). */
  readonly coefficients?: VectorLaw;
  /** Noise level σ ≥ 0 of y; none by default. */
  readonly noise?: PerReplica;
}

/** A batch of affine functions. */
export interface AffineFunctionsBatch {
  /** Points (R, B, N). */
  readonly x: Tensor;
  /** Values (R, B, N). */
  readonly y: Tensor;
  /** Slope a and intercept b (R, B, 2). */
  readonly coefficients: Tensor;
  /** Which function of the list (R, B); the number of the prompt where functions are new. */
  readonly choice: LinearRegressionBatch["choice"];
}

/**
 * `y = a x + b + σ ε` with x, a and b of given laws.
 *
 * @param options The task.
 * @returns A sampler; its batch depends on seeds, key and step only.
 * @throws {RangeError} If an option is out of its domain.
 *
 * @example Trained on U(−5, 5), tested on functions of N(0, 10²).
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { affineFunctions } from "./affine_functions.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * const law = { law: "uniform", scale: 5 } as const;
 * const train = affineFunctions({ context: 41, batch: 64, inputs: law, coefficients: law });
 * const test = affineFunctions({ context: 41, batch: 64, coefficients: { scale: 10 } });
 * const { x, y, coefficients } = train({ seeds, clock, key: "train" });
 * const [[a, b], [x0], [y0]] = [await coefficients.read(), await x.read(), await y.read()];
 * assertAlmostEquals(y0, a * x0 + b, 1e-5);
 * test({ seeds, clock, key: "test" });
 * ```
 */
export function affineFunctions(options: AffineFunctionsOptions): TaskSampler<AffineFunctionsBatch> {
  const { coefficients: weights, ...shared } = options;
  const sample = linearRegression({ ...shared, weights, dimension: 1, intercept: true });
  return (draw) => {
    const { x, y, w, choice } = sample(draw);
    return { x: x.reshape(y.shape), y, coefficients: w, choice };
  };
}
