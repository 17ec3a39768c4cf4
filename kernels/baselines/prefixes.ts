/**
 * Sizes, checks and references of the kernels that predict every label of a prompt from the pairs before it.
 *
 * A prompt is N pairs (x_n, y_n). Prediction n is made for x_n from the pairs 0 … n − 1; the label of the last pair is
 * never read.
 */
import { type Array64, array64 } from "../../lib/autodiff/array64.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { currentTrace } from "../../lib/gpu/trace.ts";

/** Prompts of in-context regression. */
export interface Prompts {
  /** Inputs (R, B, N, D). */
  readonly x: Tensor;
  /** Labels (R, B, N). */
  readonly y: Tensor;
}

/** Positions that are predicted: every one (R, B, N), or the last one alone (R, B). */
export type Positions = "every" | "last";

/** Prompts that one workgroup of a kernel with one invocation per prompt takes. */
export const PROMPTS_PER_GROUP = 32;

/** Largest dimension of kernels that are written out for it: they take seconds to compile beyond. */
const MAX_PREFIX_DIMENSION = 64;

/**
 * Finds the sizes that a kernel needs for the wanted positions.
 *
 * @param label Kernel; stands in the error message.
 * @param prompts Prompts.
 * @param positions Which predictions are wanted.
 * @param largest Largest dimension D.
 * @returns Number of predictions P per prompt.
 * @throws {ShapeError} If x is not (R, B, N, D) or D is larger.
 */
export function prefixSizes(
  label: string,
  { x }: Prompts,
  positions: Positions,
  largest: number = MAX_PREFIX_DIMENSION,
): { readonly P: number } {
  const [, , N, D] = x.shape;
  if (x.shape.length !== 4 || D > largest) {
    throw new ShapeError(
      `${label}: expected "x" of shape (R, B, N, D) with D ≤ ${largest}, found (${x.shape.join(", ")})`,
    );
  }
  return { P: positions === "last" ? 1 : N };
}

/**
 * Refuses a parameter that neither all replicas (or coordinates) share nor each has of its own.
 *
 * @param label Kernel; stands in the error message.
 * @param name Parameter.
 * @param extent Its extent along the axis.
 * @param axis Name of the axis.
 * @param size The prompts' extent along it.
 * @throws {ShapeError} If the extent is neither 1 nor that size.
 */
export function checkShared(label: string, name: string, extent: number, axis: string, size: number): void {
  if (extent === 1 || extent === size) return;
  const sizes = size === 1 ? "1" : `1 or ${size}`;
  throw new ShapeError(`${label}: expected axis ${axis} of "${name}" to be ${sizes}, found ${extent}`);
}

/**
 * Drops the axis of positions if there is but the last one.
 *
 * @param prediction Predictions (R, B, P).
 * @param positions Which predictions they are.
 * @returns Predictions (R, B, N), or (R, B) of the last position.
 */
export function shapePositions(prediction: Tensor, positions: Positions): Tensor {
  return positions === "last" ? prediction.reshape(prediction.shape.slice(0, 2)) : prediction;
}

/**
 * Frees tensors that only the kernels just called needed; a program that is being recorded plans and frees it by
 * itself.
 *
 * @param scratch Made by a kernel.
 */
export function releaseScratch(scratch: Tensor): void {
  if (!currentTrace()) scratch.destroy();
}

/** A predictor in float64: from earlier inputs and labels to the label of a query. */
export type PrefixPredictor = (
  context: { readonly x: readonly Float64Array[]; readonly y: readonly number[] },
  query: Float64Array,
  replica: number,
) => number;

/**
 * Applies a predictor to every prefix of every prompt in float64.
 *
 * @param x Inputs (R, B, N, D).
 * @param y Labels (R, B, N).
 * @param predict Predictor.
 * @returns Predictions (R, B, N).
 */
export function prefixReference(x: Array64, y: Array64, predict: PrefixPredictor): Array64 {
  const [, B, N, D] = x.shape;
  const input = (pair: number) => x.data.subarray(pair * D, (pair + 1) * D);
  return array64(y.shape, (index) => {
    const first = index - index % N;
    const pairs = Array.from({ length: index - first }, (_, m) => first + m);
    const context = { x: pairs.map(input), y: pairs.map((pair) => y.data[pair]) };
    return predict(context, input(index), Math.floor(index / (N * B)));
  });
}

/** Multiplies vectors: Σ_i a_i b_i. */
export function dot64(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * Solves A w = b for a symmetric positive definite A by Cholesky's factorisation, in float64.
 *
 * @param a A (D, D), row-major.
 * @param b Right-hand side (D).
 * @returns w (D).
 */
export function solve64(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  const D = b.length;
  const l = new Float64Array(D * D);
  const w = new Float64Array(D);
  for (let i = 0; i < D; i++) {
    for (let j = 0; j <= i; j++) {
      const rest = a[i * D + j] - dot64(l.subarray(i * D, i * D + j), l.subarray(j * D, j * D + j));
      l[i * D + j] = i === j ? Math.sqrt(rest) : rest / l[j * D + j];
    }
    w[i] = (b[i] - dot64(l.subarray(i * D, i * D + i), w)) / l[i * D + i];
  }
  for (let i = D - 1; i >= 0; i--) {
    w[i] /= l[i * D + i];
    for (let j = 0; j < i; j++) w[j] -= l[i * D + j] * w[i];
  }
  return w;
}

/**
 * Sums the second moments of pairs: Σ_m x_m x_mᵀ and Σ_m y_m x_m, in float64.
 *
 * @param x Inputs, each (D).
 * @param y Labels.
 * @param D Dimension, which no pair at all does not tell.
 * @returns `gram` (D, D), row-major, and `moment` (D).
 */
export function moments64(
  x: readonly Float64Array[],
  y: readonly number[],
  D: number,
): { readonly gram: Float64Array; readonly moment: Float64Array } {
  const gram = new Float64Array(D * D);
  const moment = new Float64Array(D);
  x.forEach((row, m) => {
    for (let i = 0; i < D; i++) {
      moment[i] += y[m] * row[i];
      for (let j = 0; j < D; j++) gram[i * D + j] += row[i] * row[j];
    }
  });
  return { gram, moment };
}
