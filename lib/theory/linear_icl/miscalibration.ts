/**
 * Prediction error when context and query are not drawn from the covariance that training saw.
 *
 * With p1 = q2 = 0 the prediction is ŷ = p W Σ̂ q x_q: only the CONTEXT's covariance enters it, the query's share of Z Zᵀ meets p1
 * and drops out. Context tokens x ~ N(0, Σ'), N' of them, query x_q ~ N(0, Σ''), both covariances in the training eigenbasis
 * but not necessarily diagonal there; with Φ(X) = E[Wᵀ X W] (linear_icl_flow.ts):
 *
 *     ½E‖ŷ − W x_q‖² = ½ tr(Φ(pᵀp) E[Σ̂' q Σ'' qᵀ Σ̂']) − tr(Φ(p) Σ' q Σ'') + ½ tr(Φ(1) Σ''),
 *     E[ŷ | W, x_q] = p W Σ' q x_q, no (N+1)/N: for diagonal everything the slope on λ_α x_α is a_α s'_α.
 *
 * A model trained to a∞ = N/((N+1)s + T) is calibrated for s' = s∞ = ((N+1)s + T)/N, which is not even its training spectrum.
 */

import { type Blocks, type TaskLaw, taskMoment } from "./flow.ts";
import { diagonal, product, traceProduct, transpose, wishartMoment } from "../matrix.ts";
import { expectLength, type IclProblem, spectrumOf } from "./problem.ts";

/** Where a trained model is tested. */
export interface TestData {
  /** Context covariance Σ' (d, d), symmetric, or its spectrum (d) in the training eigenbasis. */
  readonly context: ArrayLike<number>;
  /** Query covariance Σ'' (d, d), symmetric, or its spectrum (d); default that of the context. */
  readonly query?: ArrayLike<number>;
  /** Context length N', a positive integer. The model divides Z Zᵀ by it. */
  readonly length: number;
}

function covarianceOf(name: string, values: ArrayLike<number>, d: number): Float64Array {
  const matrix = values.length === d ? diagonal(values) : Float64Array.from(values);
  expectLength(name, matrix, d * d);
  return matrix;
}

/**
 * Expected loss ½‖ŷ − W x_q‖² of given p and q on given test data, exact at finite N'.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { testLoss } from "./miscalibration.ts";
 * // A context of twice the variance doubles ŷ: ½ (4 (1 + 2/N') − 4 + 1) for p = q = 1.
 * const loss = testLoss({ kind: "commuting" }, { p: [1], q: [1] }, { context: [2], query: [1], length: 8 });
 * assertAlmostEquals(loss, 0.5 * (4 * 1.25 - 4 + 1), 1e-12);
 * ```
 *
 * @param law Task law.
 * @param blocks p and q (d, d), of a model with p1 = q2 = 0.
 * @param data Context and query covariances and context length.
 * @returns The loss, ≥ 0; the calibrated optimum is 0 only as N' → ∞.
 * @throws {RangeError} If a shape or the length is invalid.
 */
export function testLoss(law: TaskLaw, blocks: Blocks, data: TestData): number {
  const d = Math.sqrt(blocks.p.length);
  expectLength("q", blocks.q, d * d);
  if (!Number.isInteger(data.length) || data.length < 1) {
    throw new RangeError(`expected length to be a positive integer, found ${data.length}`);
  }
  const context = covarianceOf("context", data.context, d);
  const query = covarianceOf("query", data.query ?? data.context, d);
  const p = Float64Array.from(blocks.p), q = Float64Array.from(blocks.q), one = diagonal(new Float64Array(d).fill(1));
  const R = wishartMoment(context, product(q, query, transpose(q)), data.length);
  return 0.5 * traceProduct(taskMoment(law, product(transpose(p), p)), R) -
    traceProduct(taskMoment(law, p), product(context, q, query)) + 0.5 * traceProduct(taskMoment(law, one), query);
}

/**
 * Effective slope of every mode, `E[ŷ_α | λ, x] / (λ_α x_α) = a_α s'_α`: 1 is calibrated, more overshoots.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { effectiveSlopes } from "./miscalibration.ts";
 * assertEquals([...effectiveSlopes([0.25, 0.5], [4, 4])], [1, 2]);
 * ```
 *
 * @param products Trained a_α (d).
 * @param contextSpectrum s'_α (d) of the test context.
 * @returns Slopes (d).
 * @throws {RangeError} If the lengths differ.
 */
export function effectiveSlopes(products: ArrayLike<number>, contextSpectrum: ArrayLike<number>): Float64Array {
  expectLength("contextSpectrum", contextSpectrum, products.length);
  return Float64Array.from(products, (a, i) => a * contextSpectrum[i]);
}

/**
 * The paper's prediction of the same loss from products alone: its decoupled fixed point `ŷ = W Σ̂ diag(a) x_q`, exact for p ∝ 1.
 *
 *     ½ Σ_α s''_α [ a_α² s'_α ((N'+1) s'_α + T')/N' − 2 a_α s'_α + 1 ]
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { decoupledLoss } from "./closed_form.ts";
 * import { decoupledTestLoss } from "./miscalibration.ts";
 * const a = [0.2, 0.4];
 * const trained = decoupledLoss({ spectrum: [2, 1], context: 8 }, a);
 * assertAlmostEquals(decoupledTestLoss(a, { spectrum: [2, 1], context: 8 }), trained, 1e-12);
 * ```
 *
 * @param products Trained a_α (d).
 * @param test Context spectrum and length of the test data.
 * @param querySpectrum s''_α (d), default the context's.
 * @returns The loss, ≥ 0, for tasks of unit variance.
 * @throws {RangeError} If a shape is invalid.
 */
export function decoupledTestLoss(
  products: ArrayLike<number>,
  test: IclProblem,
  querySpectrum: ArrayLike<number> = test.spectrum,
): number {
  const { s, d, N, T } = spectrumOf(test);
  expectLength("products", products, d);
  expectLength("querySpectrum", querySpectrum, d);
  let loss = 0;
  for (let i = 0; i < d; i++) {
    const a = products[i];
    loss += 0.5 * querySpectrum[i] * (a * a * s[i] * ((N + 1) * s[i] + T) / N - 2 * a * s[i] + 1);
  }
  return loss;
}
