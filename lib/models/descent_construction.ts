/** Weights with which a linear transformer is gradient descent in context. */
import type { NamedArray } from "./parameter_spec.ts";

/** Step sizes that weights are constructed for. */
export interface DescentConstruction {
  /** Input dimension D; tokens are (x; y) of width C = D + 1. */
  readonly dimension: number;
  /** Learning rate of each step, which is a layer: factors on the sum over the context, η/N for a mean of N pairs. */
  readonly rates: readonly number[];
  /** Shrinkage of each step, a factor on the sum too, as GD++ has it; 0 by default. */
  readonly shrinkages?: readonly number[];
  /** Replicas, all alike; 1 by default. */
  readonly replicas?: number;
}

/**
 * Constructs `linearTransformer` weights that descend on in-context regression (von Oswald et al., 2212.07677, Proposition 1
 * and GD++): `W_Q W_Kᵀ = diag(I, 0)` and `W_V W_P = diag(−γ I, −η)`, so that a layer makes of tokens (x; y) and the query
 * (x_q; 0)
 *
 *   x ← x − γ Σ_i x_i (x_i·x),   y ← y − η Σ_i y_i x_i·x,
 *
 * and the prediction is minus the query's y.
 *
 * @param options Dimension, step sizes, replicas.
 * @returns `blocks.l.attention.query` and `.output` (R, C, C) of a model with merged matrices, `average: false` and
 *   `queryIsKey: false`.
 * @throws {RangeError} If there are not as many shrinkages as rates.
 *
 * @example
 * ```ts
 * import { descentConstruction } from "./descent_construction.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [query, output] = descentConstruction({ dimension: 1, rates: [0.5], shrinkages: [0.25] });
 * assertEquals([...query.data, ...output.data], [1, 0, 0, 0, -0.25, 0, 0, -0.5]);
 * ```
 */
export function descentConstruction(
  { dimension: D, rates, shrinkages = rates.map(() => 0), replicas = 1 }: DescentConstruction,
): NamedArray[] {
  if (shrinkages.length !== rates.length) {
    throw new RangeError(
      `descentConstruction: expected ${rates.length} shrinkages, one a step, found ${shrinkages.length}`,
    );
  }
  const C = D + 1;
  const diagonal = (x: number, y: number) =>
    Float32Array.from({ length: replicas * C * C }, (_, at) => {
      const [i, j] = [Math.floor(at / C) % C, at % C];
      return i !== j ? 0 : i < D ? x : y;
    });
  return rates.flatMap((rate, layer) => [
    { name: `blocks.${layer}.attention.query`, shape: [replicas, C, C], data: diagonal(1, 0) },
    { name: `blocks.${layer}.attention.output`, shape: [replicas, C, C], data: diagonal(-shrinkages[layer], -rate) },
  ]);
}
