/**
 * Losses and scores: predictions and targets to one number per replica, the average over all other axes.
 *
 * Integer targets: {@linkcode crossEntropy} and {@linkcode accuracy}. Real ones: {@linkcode meanSquare}. Labels ±1:
 * {@linkcode hinge} and {@linkcode logistic}. Weights (0 for padded examples) average by weight.
 */
import { correctRows } from "../kernels/loss/accuracy.ts";
import { crossEntropyRows } from "../kernels/loss/cross_entropy.ts";
import { pointwiseLoss } from "../kernels/loss/pointwise_loss.ts";
import { weightedMean } from "../kernels/reduce/weighted_mean.ts";
import type { DType } from "./gpu/dtype.ts";
import { ShapeError } from "./gpu/errors.ts";
import type { Tensor } from "./gpu/tensor.ts";

/** Weights and averages of the losses of single predictions. */
export interface LossOptions {
  /** One weight ≥ 0 per prediction, (R, …), or the same for all replicas, (…); all 1 by default. */
  readonly weights?: Tensor;
  /**
   * `mean` (default): over all axes but the first, (R). `positions`: over all but the first and the last, (R, T), for
   * losses by position in the context. `none`: no average; excludes weights.
   */
  readonly reduction?: "mean" | "positions" | "none";
}

/** As {@linkcode LossOptions}, for squares. */
export interface MeanSquareOptions extends LossOptions {
  /** Whether to take half of the square, whose gradient is the difference itself; false by default. */
  readonly half?: boolean;
}

/**
 * Cross-entropy `−ln softmax(logits)[target]`, in nats, with its digits kept for losses down to 1e-37.
 *
 * @param logits Finite (R, …, V).
 * @param targets Classes in [0, V), (R, …), or the same for all replicas, (…). A target ≥ V makes the loss NaN.
 * @param options Weights and reduction.
 * @returns Average loss of each replica (R), or as the reduction says.
 * @throws {ShapeError} If shapes do not agree.
 *
 * @example
 * ```ts
 * import { crossEntropy } from "./losses.ts";
 * import { evaluate } from "./gpu/program.ts";
 * import { openGpu } from "./gpu/device.ts";
 * import { Tensor } from "./gpu/tensor.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using logits = Tensor.from([0, 0, 0, 0, 50, 0, 0, 0], [1, 2, 4]);
 * using targets = Tensor.from(Uint32Array.of(3, 0));
 * using weights = Tensor.from([0, 1]);
 * using loss = await evaluate(() => crossEntropy(logits, targets, { weights }));
 * assertAlmostEquals((await loss.read())[0] / (3 * Math.exp(-50)), 1, 1e-6);
 * ```
 */
export function crossEntropy(logits: Tensor, targets: Tensor<"u32">, options: LossOptions = {}): Tensor {
  const rows = expectTargets("crossEntropy", logits, targets);
  return combine("crossEntropy", crossEntropyRows(asMatrix(logits), targets).reshape(rows), options);
}

/**
 * Part of the predictions whose largest logit is that of the target; among equal logits the first one counts. A constant
 * to gradients.
 *
 * @param logits Finite (R, …, V).
 * @param targets Classes in [0, V), (R, …), or the same for all replicas, (…).
 * @param options Weights and reduction.
 * @returns Accuracy of each replica (R) in [0, 1], or as the reduction says.
 * @throws {ShapeError} If shapes do not agree.
 */
export function accuracy(logits: Tensor, targets: Tensor<"u32">, options: LossOptions = {}): Tensor {
  const rows = expectTargets("accuracy", logits, targets);
  return combine("accuracy", correctRows(asMatrix(logits), targets).reshape(rows), options).detached;
}

/**
 * Mean of `(prediction − target)²`, or half of it.
 *
 * @param prediction Predictions (R, …).
 * @param target Targets (R, …), or the same for all replicas, (…).
 * @param options Whether to halve; weights and reduction.
 * @returns Loss of each replica (R), or as the reduction says.
 * @throws {ShapeError} If shapes do not agree.
 */
export function meanSquare(prediction: Tensor, target: Tensor, options: MeanSquareOptions = {}): Tensor {
  return combine("meanSquare", pointwiseLoss(options.half ? "halfSquare" : "square", prediction, target), options);
}

/**
 * Mean of `max(0, 1 − y f)`.
 *
 * @param prediction Predictions f (R, …).
 * @param labels Labels y = ±1, (R, …), or the same for all replicas, (…).
 * @param options Weights and reduction.
 * @returns Loss of each replica (R), or as the reduction says.
 * @throws {ShapeError} If shapes do not agree.
 */
export function hinge(prediction: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  return combine("hinge", pointwiseLoss("hinge", prediction, labels), options);
}

/**
 * Mean of `ln(1 + e^(−y f))`, in nats, with its digits kept for losses down to 1e-37.
 *
 * @param prediction Predictions f (R, …): log-odds of the label +1.
 * @param labels Labels y = ±1, (R, …), or the same for all replicas, (…).
 * @param options Weights and reduction.
 * @returns Loss of each replica (R), or as the reduction says.
 * @throws {ShapeError} If shapes do not agree.
 */
export function logistic(prediction: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  return combine("logistic", pointwiseLoss("logistic", prediction, labels), options);
}

/** Averages values (R, …). */
function combine(label: string, values: Tensor, { weights, reduction = "mean" }: LossOptions): Tensor {
  const { shape } = values;
  if (weights) expectShape(label, "weights", weights, shape);
  if (reduction === "none") {
    if (weights) throw new ShapeError(`${label}: expected no weights without a mean, found some: multiply by them`);
    return values;
  }
  const R = shape[0];
  const T = reduction === "positions" ? shape.at(-1)! : 1;
  if (reduction === "positions" && shape.length < 2) {
    throw new ShapeError(`${label}: expected replicas and positions, found shape (${shape.join(", ")})`);
  }
  const mean = weightedMean(values.reshape([R, values.size / (R * T), T]), weights);
  return reduction === "positions" ? mean : mean.reshape([R]);
}

/** The shape of the rows of logits (R, …, V), if targets fit them. */
function expectTargets(label: string, logits: Tensor, targets: Tensor<"u32">): readonly number[] {
  if (logits.shape.length < 2) {
    throw new ShapeError(`${label}: expected logits (R, …, V), found shape (${logits.shape.join(", ")})`);
  }
  const rows = logits.shape.slice(0, -1);
  expectShape(label, "targets", targets, rows);
  return rows;
}

/** Refuses a tensor that has neither the shape (R, …) nor, shared by the replicas, (…). */
function expectShape(label: string, name: string, tensor: Tensor<DType>, shape: readonly number[]): void {
  const shared = shape.slice(1);
  if ([shape, shared].some((expected) => expected.join() === tensor.shape.join())) return;
  const expected = `(${shape.join(", ")}) or (${shared.join(", ")})`;
  throw new ShapeError(`${label}: expected "${name}" of shape ${expected}, found (${tensor.shape.join(", ")})`);
}

function asMatrix(logits: Tensor): Tensor {
  const V = logits.shape.at(-1)!;
  return logits.reshape([logits.size / V, V]);
}
