/**
 * Exact baselines made of operations: what their gradients are taken through. Kernels predict; these are slower, take
 * memory for every position (D² numbers, or the tasks of a pool), and round as normal equations do.
 */
import { concatenate, slice } from "../../../kernels/arrange/blocks.ts";
import { select } from "../../../kernels/arrange/gather.ts";
import { permute } from "../../../kernels/arrange/strided.ts";
import { add, divide, multiply, subtract } from "../../../kernels/elementwise/binary.ts";
import { log, reciprocal, scale, square } from "../../../kernels/elementwise/unary.ts";
import type { Positions, Prompts } from "../../../kernels/baselines/prefixes.ts";
import { ridgePrefixes, ridgeReference } from "../../../kernels/baselines/ridge.ts";
import { matmul } from "../../../kernels/matmul/matmul.ts";
import { softmax } from "../../../kernels/reduce/softmax.ts";
import { sum } from "../../../kernels/reduce/reduce.ts";
import { differentiable } from "../../autodiff/differentiable.ts";
import { pullBack } from "../../autodiff/pull_back.ts";
import { own } from "../../gpu/program.ts";
import { Tensor } from "../../gpu/tensor.ts";
import type { Array64 } from "../../gpu/trace.ts";
import { solvePositive } from "../../linalg/solve.ts";

/** A baseline by its kernel, and the same made of operations. */
export interface TwoForms {
  /** Stands in error messages. */
  readonly label: string;
  /** Inputs and labels. */
  readonly prompts: Prompts;
  /** Numbers of the baseline that may have gradients, as both forms take them. */
  readonly constants: readonly Tensor[];
  /** Which positions are predicted. */
  readonly positions?: Positions;
  /** Predicts by the kernel. */
  readonly kernel: () => Tensor;
  /** Predicts by operations. */
  readonly composed: () => Tensor;
  /** Predicts all positions in float64: inputs, labels, constants. */
  readonly reference: (...arrays: Array64[]) => Array64;
}

/**
 * Predicts by a kernel, so that gradients pass through.
 *
 * @param forms Kernel and operations.
 * @returns Predictions (R, B, N), or (R, B) of the last position.
 */
export function inTwoForms({ label, prompts, constants, positions, kernel, composed, reference }: TwoForms): Tensor {
  const inputs = [prompts.x, prompts.y, ...constants];
  return differentiable({
    label,
    inputs,
    output: kernel(),
    gradient: (dy) => pullBack(composed, inputs, dy),
    reference: (...arrays) => positions === "last" ? lastOf(reference(...arrays)) : reference(...arrays),
  });
}

function lastOf({ shape: [R, B, N], data }: Array64): Array64 {
  return { shape: [R, B], data: data.filter((_, index) => index % N === N - 1) };
}

/** Prompts one after the other, and what the pairs before the wanted positions have in sum. */
interface Prefixes {
  /** Replicas R, prompts of each B, pairs N, dimension D, wanted positions P. */
  readonly sizes: {
    readonly R: number;
    readonly B: number;
    readonly N: number;
    readonly D: number;
    readonly P: number;
  };
  /** Inputs of the wanted positions (R B, P, D). */
  readonly query: Tensor;
  /** Σ_{m<n} x_m x_mᵀ (R B, P, D D). */
  readonly gram: Tensor;
  /** Σ_{m<n} y_m x_m (R B, P, D). */
  readonly moment: Tensor;
}

/** Ones where pair m lies before the wanted position (P, N). */
function before(N: number, P: number): Tensor {
  const ones = Float32Array.from({ length: P * N }, (_, at) => at % N < Math.floor(at / N) + N - P ? 1 : 0);
  return own(Tensor.from(ones, [P, N], "pairs before"));
}

function prefixesOf({ x, y }: Prompts, positions: Positions = "every"): Prefixes {
  const [R, B, N, D] = x.shape;
  const [M, P] = [R * B, positions === "last" ? 1 : N];
  const [inputs, mask] = [x.reshape([M, N, D]), before(N, P)];
  const outer = multiply(x.reshape([M, N, D, 1]), x.reshape([M, N, 1, D])).reshape([M, N, D * D]);
  return {
    sizes: { R, B, N, D, P },
    query: slice(inputs, 1, N - P, N),
    gram: matmul(mask, outer),
    moment: matmul(mask, multiply(inputs, y.reshape([M, N, 1]))),
  };
}

/** Predictions x_n·w_n of the wanted positions, in the shape of the kernels'. */
function predicted({ sizes: { R, B, P }, query }: Prefixes, weight: Tensor, positions?: Positions): Tensor {
  const found = sum(multiply(weight.reshape(query.shape), query), [2]);
  return found.reshape(positions === "last" ? [R, B] : [R, B, P]);
}

/** 1/n of every wanted position, of one pair where there is none (1, P, 1). */
function inverseCounts({ sizes: { N, P } }: Prefixes): Tensor {
  const counts = Array.from({ length: P }, (_, p) => 1 / Math.max(1, p + N - P));
  return own(Tensor.from(counts, [1, P, 1], "inverse counts"));
}

/** The identity (D, D). */
function identity(D: number): Tensor {
  return own(
    Tensor.from(Float32Array.from({ length: D * D }, (_, at) => at % (D + 1) === 0 ? 1 : 0), [D, D], "identity"),
  );
}

/** Numbers of step k, one a replica or one for all, for (R, …) of four axes. */
function ofStep(values: Tensor, k: number): Tensor {
  return select(values, 1, k).reshape([values.shape[0], 1, 1, 1]);
}

/**
 * Predicts by ridge regression, so that gradients pass through.
 *
 * @param label Stands in error messages.
 * @param prompts Inputs (R, B, N, D) and labels (R, B, N).
 * @param penalty Positive numbers (R or 1, D or 1).
 * @param positions Which predictions.
 * @returns Predictions (R, B, N), or (R, B).
 */
export function ridgeInTwoForms(label: string, prompts: Prompts, penalty: Tensor, positions?: Positions): Tensor {
  return inTwoForms({
    label,
    prompts,
    constants: [penalty],
    positions,
    kernel: () => ridgePrefixes(prompts, penalty, positions),
    composed: () => composedRidge(prompts, penalty, positions),
    reference: ridgeReference,
  });
}

/**
 * Predicts by ridge regression, made of operations.
 *
 * @param prompts Inputs (R, B, N, D) and labels (R, B, N).
 * @param penalty Positive numbers (R or 1, D or 1).
 * @param positions Which predictions.
 * @returns Predictions (R, B, N), or (R, B).
 */
export function composedRidge(prompts: Prompts, penalty: Tensor, positions?: Positions): Tensor {
  const prefixes = prefixesOf(prompts, positions);
  const { R, B, D, P } = prefixes.sizes;
  const [L, Q] = penalty.shape;
  const diagonal = multiply(identity(D), penalty.reshape([L, 1, 1, Q]));
  const matrices = add(prefixes.gram.reshape([R, B * P, D, D]), diagonal);
  const weight = solvePositive(matrices.reshape([R * B * P, D, D]), prefixes.moment.reshape([R * B * P, D, 1]));
  return predicted(prefixes, weight, positions);
}

/**
 * Predicts by steps of gradient descent, made of operations.
 *
 * @param prompts Inputs (R, B, N, D) and labels (R, B, N).
 * @param rate Learning rates (R or 1, K).
 * @param positions Which predictions.
 * @returns Predictions (R, B, N), or (R, B).
 */
export function composedGradientDescent(prompts: Prompts, rate: Tensor, positions?: Positions): Tensor {
  const prefixes = prefixesOf(prompts, positions);
  const { R, B, D, P } = prefixes.sizes;
  const inverse = inverseCounts(prefixes);
  const covariance = multiply(prefixes.gram, inverse).reshape([R * B * P, D, D]);
  const moment = multiply(prefixes.moment, inverse).reshape([R, B, P, D]);
  let weight: Tensor | null = null;
  for (let k = 0; k < rate.shape[1]; k++) {
    const image = weight && matmul(covariance, weight.reshape([R * B * P, D, 1])).reshape(moment.shape);
    const step = multiply(image ? subtract(moment, image) : moment, ofStep(rate, k));
    weight = weight ? add(weight, step) : step;
  }
  return predicted(prefixes, weight!, positions);
}

/**
 * Predicts by GD++, made of operations.
 *
 * @param prompts Inputs (R, B, N, D) and labels (R, B, N).
 * @param rate Learning rates (R or 1, K).
 * @param gamma Shrinkages (R or 1, K).
 * @param positions Which predictions.
 * @returns Predictions (R, B, N), or (R, B).
 */
export function composedGdPlusPlus(prompts: Prompts, rate: Tensor, gamma: Tensor, positions?: Positions): Tensor {
  const prefixes = prefixesOf(prompts, positions);
  const { R, B, D, P } = prefixes.sizes;
  const [matrices, four] = [[R * B * P, D, D], [R, B * P, D, D]];
  const inverse = inverseCounts(prefixes);
  const covariance = multiply(prefixes.gram, inverse).reshape(matrices);
  const moment = multiply(prefixes.moment, inverse).reshape([R * B * P, D, 1]);
  let shrink: Tensor | null = null;
  let weight: Tensor | null = null;
  for (let k = 0; k < rate.shape[1]; k++) {
    const residual = weight ? subtract(moment, matmul(covariance, weight)) : moment;
    const seen: Tensor = shrink ? matmul(shrink, matmul(shrink, residual)) : residual;
    const step = multiply(seen.reshape([R, B * P, D, 1]), ofStep(rate, k)).reshape(moment.shape);
    weight = weight ? add(weight, step) : step;
    // Nobody sees the inputs after the last step.
    if (k + 1 === rate.shape[1]) break;
    const image: Tensor = shrink ? matmul(shrink, matmul(covariance, matmul(shrink, shrink))) : covariance;
    const fall = multiply(image.reshape(four), ofStep(gamma, k));
    shrink = (shrink ? subtract(shrink.reshape(four), fall) : subtract(identity(D), fall)).reshape(matrices);
  }
  return predicted(prefixes, weight!, positions);
}

/**
 * Predicts by the posterior mean over a pool of tasks, made of operations.
 *
 * @param prompts Inputs (R, B, N, D) and labels (R, B, N).
 * @param posterior Tasks (R or 1, M, D), standard deviation of the noise (R or 1), and how many tasks count (R or 1).
 * @param positions Which predictions.
 * @returns Predictions (R, B, N), or (R, B).
 */
export function composedDmmse(
  { x, y }: Prompts,
  { pool, sigma, counts }: { readonly pool: Tensor; readonly sigma: Tensor; readonly counts: readonly number[] },
  positions?: Positions,
): Tensor {
  const [R, B, N, D] = x.shape;
  const P = positions === "last" ? 1 : N;
  const M = pool.shape[1];
  const guesses = matmul(x.reshape([R, B * N, D]), pool, { transposeB: true }).reshape([R * B, N, M]);
  const errors = square(subtract(guesses, y.reshape([R * B, N, 1])));
  const sums = matmul(before(N, P), errors).reshape([R, B * P, M]);
  const likelihoods = divide(sums, scale(square(sigma.reshape([sigma.size, 1, 1])), -2));
  const never = Float32Array.from(
    { length: counts.length * M },
    (_, at) => at % M < counts[Math.floor(at / M)] ? 0 : -1e30,
  );
  const none = own(Tensor.from(never, [counts.length, 1, M], "tasks that do not count"));
  const weights = softmax(add(likelihoods, none)).reshape([R * B, P, M]);
  const found = sum(multiply(weights, slice(guesses, 1, N - P, N)), [2]);
  return found.reshape(positions === "last" ? [R, B] : [R, B, P]);
}

/**
 * Predicts by Bayesian ridge regression, made of operations.
 *
 * @param prompts Inputs (R, B, N, D) and labels (R, B, N).
 * @param sigma Standard deviations of the noise (R or 1, C).
 * @param tau Standard deviation of a weight (R or 1).
 * @param positions Which predictions.
 * @returns Predictions (R, B, N), or (R, B).
 */
export function composedBayesRidge(prompts: Prompts, sigma: Tensor, tau: Tensor, positions?: Positions): Tensor {
  const { gram, moment, query, sizes: { R, B, N, D } } = prefixesOf(prompts);
  const P = positions === "last" ? 1 : N;
  const [L, C] = sigma.shape;
  const variance = square(sigma.reshape([L, C, 1, 1]));
  const penalty = divide(variance, square(tau.reshape([tau.size, 1, 1, 1])));
  const S = penalty.shape[0];
  const diagonal = multiply(identity(D), penalty.reshape([S, C, 1, 1, 1]).reshape([S * C, 1, 1])).reshape([
    S,
    C,
    1,
    D * D,
  ]);
  const matrices = add(gram.reshape([R, 1, B * N, D * D]), diagonal).reshape([R * C * B * N, D, D]);
  const sides = concatenate([moment.reshape([R, 1, B * N, D, 1]), query.reshape([R, 1, B * N, D, 1])], 4);
  // One more axis than operations take at once: both sides of a pair together.
  const repeated = multiply(sides.reshape([R, 1, B * N, 2 * D]), own(Tensor.from(new Array(C).fill(1), [1, C, 1, 1])));
  const solved = solvePositive(matrices, repeated.reshape([R * C * B * N, D, 2]));
  const queries = query.reshape([R, 1, B * N, D]);
  const along = (side: number) => sum(multiply(select(solved, 2, side).reshape([R, C, B * N, D]), queries), [3]);
  const [mean, leverage] = [along(0), along(1)];
  const spread = multiply(variance.reshape([L, C, 1]), scale(leverage, 1, 1));
  const error = subtract(prompts.y.reshape([R, 1, B * N]), mean);
  const evidence = scale(add(log(spread), multiply(square(error), reciprocal(spread))), -0.5);
  const sums = matmul(before(N, P), evidence.reshape([R * C * B, N, 1])).reshape([R, C, B * P]);
  const wanted = slice(mean.reshape([R * C, B, N]), 2, N - P, N).reshape([R, C, B * P]);
  const found = sum(multiply(softmax(permute(sums, [0, 2, 1])), permute(wanted, [0, 2, 1])), [2]);
  return found.reshape(positions === "last" ? [R, B] : [R, B, P]);
}
