/** What is trained and measured, in the words of its caller, and what cannot be. */
import { dependsOn } from "./autodiff/gradients.ts";
import { ShapeError } from "./gpu/errors.ts";
import { Tensor } from "./gpu/tensor.ts";
import type { ParameterSet, Weights } from "./models/parameters.ts";
import type { Optimizer } from "./optim/optimizer.ts";
import type { SavedState } from "./training_state.ts";

/** Where random draws of a step stand in the streams: what samplers take, beside a key. */
export interface StepDraw {
  /** One seed per replica (R). */
  readonly seeds: Tensor<"u32">;
  /** Clock (3), whose step enters every draw. */
  readonly clock: Tensor<"u32">;
}

/** A computation that is recorded once: from parameters and draws to numbers. */
export type Computation = (weights: Weights, draw: StepDraw) => Tensor;

/** What is trained, how, and what is measured on the way. */
export interface TrainingOptions<E extends string = never> {
  /** Parameters, updated in place. */
  readonly parameters: ParameterSet;
  /**
   * State of the model that no gradient changes, such as running averages of batch normalisation: `loss` updates it in
   * place, and it is part of {@linkcode Training.state}. None by default.
   */
  readonly buffers?: ParameterSet;
  /** How gradients change parameters. */
  readonly optimizer: Optimizer;
  /** One loss per replica (R) on a batch that it draws. Recorded once: all that varies comes from GPU memory. */
  readonly loss: Computation;
  /**
   * Measurements at every report, of any shape. Their draws are those of step 0, the same at every report: draw under
   * other keys than the loss does.
   */
  readonly evaluations?: Readonly<Record<E, Computation>>;
  /**
   * State to continue from, such as `checkpoints.restore()` gives; null or nothing for the start of training. Tensors
   * that do not hold float32 are the experiment's own, and left alone.
   */
  readonly from?: SavedState | null;
}

/** Which steps are reported, and when training ends. */
export interface RunOptions<E extends string = never> {
  /**
   * Steps to report, ascending; training ends at the last one. Those that this training, or the one that it
   * continues, has reported before are left out. See {@linkcode everySteps}, {@linkcode logarithmicSteps}, {@linkcode unionOfSteps}.
   */
  readonly reports: Iterable<number>;
  /** Ends training at the first report for which it holds. */
  readonly until?: (report: TrainingReport<E>) => boolean;
  /**
   * Reports at which training waits for the caller, who may then read tensors and {@linkcode Training.state}; at others
   * the GPU is ahead already. All reports if `until` is given.
   */
  readonly pause?: (step: number) => boolean;
  /**
   * Whether the step that training was continued from is reported again: a branch from a changed state begins with it. By
   * default it is left out, since it was reported before.
   */
  readonly reportStart?: boolean;
  /** Ends training early once aborted. */
  readonly signal?: AbortSignal;
}

/** State at a reported step. */
export interface TrainingReport<E extends string = never> {
  /** Steps taken. */
  readonly step: number;
  /** Loss (R) of the last step, taken before its update; null if no step was taken since the last report. */
  readonly loss: Float32Array | null;
  /** Losses (R) of every step since the last report, each taken before its update. */
  readonly losses: readonly Float32Array[];
  /** Elements of each evaluation, row-major. */
  readonly evaluations: Readonly<Record<E, Float32Array>>;
}

/**
 * Refuses what a computation must not return.
 *
 * @param name Which computation; stands in the error message.
 * @param found What it returned.
 * @throws {Error} If that is no tensor of f32.
 */
export function expectTensor(name: string, found: unknown): void {
  if (found instanceof Tensor && found.dtype === "f32") return;
  const type = found instanceof Tensor
    ? `one of ${found.dtype}`
    : found instanceof Promise
    ? "a promise"
    : typeof found;
  throw new Error(`training: expected a tensor of f32 from the ${name}, found ${type}`);
}

/**
 * Refuses a loss that cannot be trained.
 *
 * @param loss Computed in this recording.
 * @param parameters What is trained.
 * @throws {ShapeError} If it is not one number per replica.
 * @throws {Error} If it does not depend on the parameters.
 */
export function expectLoss(loss: Tensor, { replicas, weights }: ParameterSet): void {
  if (loss.size !== replicas) {
    const found = `shape (${loss.shape.join(", ")})`;
    throw new ShapeError(`training: expected a loss of one number per replica (${replicas}), found ${found}`);
  }
  if (!dependsOn(loss, Object.values(weights))) {
    throw new Error("training: expected a loss that depends on the parameters, found one whose gradient is zero");
  }
}
