/** In-context regression over orthonormal features that occur with unequal probabilities (Huang, Cheng, Liang 2023). */
import { categoricalFill } from "../../kernels/random/categorical_fill.ts";
import { multinomialFill } from "../../kernels/random/multinomial_fill.ts";
import { normalFill } from "../../kernels/random/random_fill.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { checkCounts, type PerReplica, perReplica, type TaskSampler } from "./sampler.ts";

/** A task of features. */
export interface FeatureRegressionOptions {
  /** Probabilities of the K ≥ 2 features, for all replicas (K) or for each (R, K); above 0 with sum 1. */
  readonly probabilities: readonly number[] | readonly (readonly number[])[];
  /** Tokens N of a context. */
  readonly length: PerReplica;
  /** Prompts B per replica and step. */
  readonly batch: number;
}

/** A batch of prompts. */
export interface FeatureRegressionBatch {
  /** How many tokens of the context show each feature (R, B, K), whole numbers with sum N. */
  readonly counts: Tensor;
  /** The feature that is asked for (R, B), in [0, K). */
  readonly query: Tensor<"u32">;
  /** Label w_m of each feature (R, B, K), N(0, 1), new for every prompt. */
  readonly labels: Tensor;
}

const NAME = "feature_regression";

/**
 * `y_i = w · x_i`, w ~ N(0, 1)^K new for every prompt, x_i and the query one of K orthonormal features, feature m with probability
 * p_m each. In feature coordinates a token is a feature's number and its label w_m, so that a context is known by its counts:
 * those are drawn, Multinomial(N, p), which is the law of N tokens drawn one by one.
 *
 * @param options The task.
 * @returns A sampler; prompt b depends on seed, key, step and b only.
 * @throws {RangeError} If an option is out of its domain; per-replica options are checked by the sampler.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { featureRegression } from "./feature_regression.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1, 2));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * const sampler = featureRegression({ probabilities: [0.5, 0.25, 0.25], length: [20, 50], batch: 8 });
 * const { counts, query } = sampler({ seeds, clock, key: "train" });
 * assertEquals((await counts.read()).reduce((sum, count) => sum + count), 8 * (20 + 50));
 * assertEquals(query.shape, [2, 8]);
 * ```
 */
export function featureRegression(options: FeatureRegressionOptions): TaskSampler<FeatureRegressionBatch> {
  const { probabilities, length, batch: B } = options;
  checkCounts(NAME, { batch: B });
  const isRows = (rows: typeof probabilities): rows is readonly (readonly number[])[] => typeof rows[0] !== "number";
  const given = isRows(probabilities) ? probabilities : [probabilities as readonly number[]];
  for (const row of given) {
    if (row.length !== given[0].length || row.length < 2) {
      throw new RangeError(
        `${NAME}: expected rows of at least 2 probabilities, all of one length, found ${row.length}`,
      );
    }
    const wrong = row.find((p) => !(p > 0 && p < 1));
    if (wrong !== undefined) throw new RangeError(`${NAME}: expected probabilities between 0 and 1, found ${wrong}`);
    const sum = row.reduce((sum, p) => sum + p);
    if (Math.abs(sum - 1) > 1e-6) throw new RangeError(`${NAME}: expected probabilities with sum 1, found ${sum}`);
  }
  return (draw) => {
    const [R] = draw.seeds.shape;
    const rows = isRows(probabilities) ? probabilities : new Array<readonly number[]>(R).fill(given[0]);
    if (rows.length !== R) throw new RangeError(`${NAME}: expected ${R} rows of probabilities, found ${rows.length}`);
    const trials = perReplica(NAME, "length", length, R);
    trials.forEach((N) => checkCounts(NAME, { length: N }));
    const of = (what: string) => ({ ...draw, key: `${draw.key} ${what}` });
    return {
      counts: multinomialFill(of("counts"), { trials, probabilities: rows }, B),
      query: categoricalFill(of("query"), rows, B),
      labels: normalFill(of("labels"), { I: B, C: given[0].length }),
    };
  };
}
