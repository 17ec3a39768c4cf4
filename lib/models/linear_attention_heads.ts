/** Heads of linear attention that answer a regression query: keys and queries separate, of any rank, or merged. */
import { slice } from "../../kernels/arrange/blocks.ts";
import { multiply } from "../../kernels/elementwise/binary.ts";
import { scale } from "../../kernels/elementwise/unary.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import type { Prompts } from "../../kernels/baselines/prefixes.ts";
import { ShapeError } from "../gpu/errors.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { expectWeights } from "./layers.ts";
import type { ParameterSpecs, Weights } from "./parameters.ts";

/** Sizes of the heads. */
export interface LinearAttentionHeadsOptions {
  /** Dimension D of the inputs. */
  readonly dimension: number;
  /** Heads H. */
  readonly heads: number;
  /** Rank E of a head's keys and queries; `"merged"`: one key-query matrix a head. */
  readonly rank: number | "merged";
  /** Standard deviation of the initial weights. */
  readonly deviation: number;
}

/** Statistic of a prompt's pairs, and its query. */
export interface PromptStatistics {
  /** `β = (1/N) Σ y_n x_n` (R, B, D). */
  readonly beta: Tensor;
  /** Query x_q (R, B, D). */
  readonly query: Tensor;
}

/** Heads of linear attention, as plain data: parameters, and predictions. */
export interface LinearAttentionHeads {
  /** Parameters of one replica. */
  readonly parameters: ParameterSpecs;
  /**
   * Predicts the last label of every prompt from the pairs before it, as exact baselines with `positions: "last"` do.
   *
   * @param weights Parameters (R, …) by name.
   * @param prompts Inputs (R, B, N + 1, D) and labels (R, B, N + 1); the last label is not read.
   * @returns Predictions (R, B).
   * @throws {ShapeError} If prompts have another dimension, or no pair before the query.
   */
  apply(weights: Weights, prompts: Prompts): Tensor;
  /**
   * Predicts from what the model sees of prompts.
   *
   * @param weights Parameters (R, …) by name.
   * @param statistics β (R, B, D) and the query (R, B, D).
   * @returns Predictions (R, B).
   */
  answer(weights: Weights, statistics: PromptStatistics): Tensor;
  /**
   * The map of the heads.
   *
   * @param weights Parameters (R, …) by name.
   * @returns M (R, D, D).
   */
  map(weights: Weights): Tensor;
}

/**
 * Linear attention of several heads on tokens (x_n; y_n) and the query (x_q; 0), read at the query's label:
 * `ŷ = βᵀ M x_q`, `β = (1/N) Σ y_n x_n`, `M = Σ_h v_h K_hᵀ Q_h`; merged, U_h stands for K_hᵀQ_h. (Zhang, Singh, Latham and Saxe
 * 2025, arXiv 2501.16265.) It is the attention whose blocks that mix inputs and labels are zero: they are where training
 * starts there, and stay so in expectation.
 *
 * The heads are summed before a prompt is looked at, so that their number costs next to nothing.
 *
 * @param options Sizes.
 * @returns The model. Parameters: `value` (H), and `key` (H, E, D) and `query` (H, E, D), or `keyQuery` (H, D, D).
 * @throws {ShapeError} If a size is no positive integer.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { linearAttentionHeads } from "./linear_attention_heads.ts";
 * import { ParameterSet } from "./parameters.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * const model = linearAttentionHeads({ dimension: 1, heads: 1, rank: 1, deviation: 0.1 });
 * using parameters = ParameterSet.create(model.parameters, [1]);
 * parameters.load([
 *   { name: "value", shape: [1, 1], data: Float32Array.of(2) },
 *   { name: "key", shape: [1, 1, 1, 1], data: Float32Array.of(1) },
 *   { name: "query", shape: [1, 1, 1, 1], data: Float32Array.of(1) },
 * ]);
 * // One pair (2, 6) and the query 5: 2 · y x · x_q.
 * using x = Tensor.from([2, 5], [1, 1, 2, 1]);
 * using y = Tensor.from([6, 99], [1, 1, 2]);
 * using found = await evaluate(() => model.apply(parameters.weights, { x, y }));
 * assertEquals([...await found.read()], [120]);
 * ```
 */
export function linearAttentionHeads(options: LinearAttentionHeadsOptions): LinearAttentionHeads {
  const { dimension: D, heads: H, rank, deviation } = options;
  const E = rank === "merged" ? 1 : rank;
  for (const [name, value] of Object.entries({ dimension: D, heads: H, rank: E })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new ShapeError(`linearAttentionHeads: expected a positive integer for ${name}, found ${value}`);
    }
  }
  const normal = (...shape: number[]) => ({ shape, init: { law: "normal", deviation } } as const);
  const parameters: ParameterSpecs = rank === "merged"
    ? { value: normal(H), keyQuery: normal(H, D, D) }
    : { value: normal(H), key: normal(H, E, D), query: normal(H, E, D) };
  const map = (weights: Weights) => {
    expectWeights("linearAttentionHeads", parameters, weights);
    const { value } = weights;
    const [R] = value.shape;
    if (rank === "merged") {
      return matmul(value.reshape([R, 1, H]), weights.keyQuery.reshape([R, H, D * D])).reshape([R, D, D]);
    }
    const rows = (name: string) => weights[name].reshape([R, H * E, D]);
    const valued = multiply(weights.key, value.reshape([R, H, 1, 1])).reshape([R, H * E, D]);
    return matmul(valued, rows("query"), { transposeA: true });
  };
  const answer = (weights: Weights, { beta, query }: PromptStatistics) => {
    const [R, B] = beta.shape;
    return sum(multiply(matmul(beta, map(weights)), query), [2]).reshape([R, B]);
  };
  return {
    parameters,
    map,
    answer,
    apply(weights, { x, y }) {
      const [R, B, T] = x.shape;
      if (x.shape.length !== 4 || x.shape[3] !== D || T < 2) {
        throw new ShapeError(
          `linearAttentionHeads: expected inputs (R, B, N + 1, ${D}) with N ≥ 1, found shape (${x.shape.join(", ")})`,
        );
      }
      const pairs = (of: Tensor, width: number) => slice(of, 2, 0, T - 1).reshape([R * B, T - 1, width]);
      const beta = scale(matmul(pairs(y, 1), pairs(x, D), { transposeA: true }), 1 / (T - 1)).reshape([R, B, D]);
      return answer(weights, { beta, query: slice(x, 2, T - 1, T).reshape([R, B, D]) });
    },
  };
}
