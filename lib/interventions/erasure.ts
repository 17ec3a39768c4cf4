/** Erasing from activations what a linear readout reads; in float64 on the host. */
import { eighReference } from "../linalg/reference.ts";

/** Sizes of activations and of what is read from them. */
export interface ErasureSizes {
  /** Samples S. */
  readonly S: number;
  /** Width F of the activations. */
  readonly F: number;
  /** Directions K that are read, ≤ F. */
  readonly K: number;
}

/** An affine map of activations, `x ← x E + b`, which leaves their mean as it is. */
export interface Erasure {
  /** E (F, F), row-major: an oblique projection of rank F − K. */
  readonly map: Float64Array;
  /** b (F). */
  readonly offset: Float64Array;
}

/** Share of the largest eigenvalue below which a direction of the readout counts as constant. */
const CONSTANT = 1e-12;

/**
 * Erases a readout `z = x A` from activations: `x ← x − (z − z̄) Cov(z)⁻¹ Cov(z, x)`, of all maps that leave no correlation
 * with z the one that changes x least in every coordinate (least-squares concept erasure, Belrose et al., arXiv 2306.03819).
 *
 * With A the least-squares map to some targets, nothing linear is left of the targets: each is uncorrelated with the rest.
 * With A a random subspace, as many directions are erased: the control.
 *
 * @param features Activations (S, F), row-major; their covariance is taken from them.
 * @param readout A (F, K), row-major, such as a map of `linearFits`.
 * @param sizes Sizes.
 * @returns The map, which is idempotent; directions of z that are constant erase nothing.
 * @throws {RangeError} If sizes do not fit.
 *
 * @example The second coordinate follows the first; without the first, its own part is left.
 * ```ts
 * import { erasure } from "./erasure.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { map, offset } = erasure([1, 2, -1, -2, 1, 3, -1, -3], [1, 0], { S: 4, F: 2, K: 1 });
 * // x₂ ← x₂ − 2.5 x₁
 * assertAlmostEquals(map[1], -2.5);
 * assertAlmostEquals(map[3], 1);
 * assertAlmostEquals(offset[1], 0);
 * ```
 */
export function erasure(
  features: ArrayLike<number>,
  readout: ArrayLike<number>,
  { S, F, K }: ErasureSizes,
): Erasure {
  if (S < 2 || K > F || features.length !== S * F || readout.length !== F * K) {
    const found = `${features.length} and ${readout.length} numbers for S = ${S}, F = ${F}, K = ${K}`;
    throw new RangeError(`erasure: expected activations (S, F) and a readout (F, K), K ≤ F, S ≥ 2, found ${found}`);
  }
  const mean = new Float64Array(F);
  for (let s = 0; s < S; s++) for (let f = 0; f < F; f++) mean[f] += features[s * F + f] / S;
  // Cov(z, x) (K, F), and Cov(z) of it.
  const joint = new Float64Array(K * F);
  const z = new Float64Array(K);
  for (let s = 0; s < S; s++) {
    z.fill(0);
    for (let f = 0; f < F; f++) {
      const x = features[s * F + f] - mean[f];
      for (let k = 0; k < K; k++) z[k] += x * readout[f * K + k];
    }
    for (let k = 0; k < K; k++) {
      for (let f = 0; f < F; f++) joint[k * F + f] += z[k] * (features[s * F + f] - mean[f]) / S;
    }
  }
  const covariance = Float64Array.from({ length: K * K }, (_, index) => {
    const [i, j] = [Math.floor(index / K), index % K];
    let sum = 0;
    for (let f = 0; f < F; f++) sum += joint[i * F + f] * readout[f * K + j];
    return sum;
  });
  const inverse = pseudoInverse(covariance, K);
  const map = Float64Array.from({ length: F * F }, (_, index) => {
    const [f, g] = [Math.floor(index / F), index % F];
    let value = Number(f === g);
    for (let k = 0; k < K; k++) {
      for (let l = 0; l < K; l++) value -= readout[f * K + k] * inverse[k * K + l] * joint[l * F + g];
    }
    return value;
  });
  const offset = Float64Array.from({ length: F }, (_, g) => {
    let value = mean[g];
    for (let f = 0; f < F; f++) value -= mean[f] * map[f * F + g];
    return value;
  });
  return { map, offset };
}

/** Pseudo-inverse of a covariance (K, K), its directions in units of their own deviations. */
function pseudoInverse(covariance: Float64Array, K: number): Float64Array {
  const deviation = Array.from({ length: K }, (_, k) => Math.sqrt(covariance[k * K + k]) || 1);
  const correlation = covariance.map((value, index) => value / deviation[Math.floor(index / K)] / deviation[index % K]);
  const { values, vectors } = eighReference(correlation, K);
  const largest = Math.max(...values);
  return Float64Array.from({ length: K * K }, (_, index) => {
    const [i, j] = [Math.floor(index / K), index % K];
    let sum = 0;
    values.forEach((value, k) => {
      if (value > CONSTANT * largest) sum += vectors[i * K + k] * vectors[j * K + k] / value;
    });
    return sum / deviation[i] / deviation[j];
  });
}
