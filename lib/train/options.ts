/** What is trained and measured, in the words of its caller, and what cannot be. */
import { dependsOn } from "../autodiff/gradients.ts";
import { globalNorm } from "../../kernels/optim/global_norm.ts";
import { ShapeError } from "../gpu/errors.ts";
import { type Program, record } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import type { ParameterSet, Weights } from "../models/parameters.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { SavedState } from "./state.ts";

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
   * What becomes of an ensemble when a replica diverges. `"stop"`, the default, ends the run with a
   * {@linkcode DivergenceError}. With `"mask"` the others train on, with the bits that they have without the lost one:
   *
   * - A replica has diverged at the first step whose loss is not finite, or at the first report at which the norm of its
   *   parameters, or what an evaluation (R, …) says of it, is not. There is no way back.
   * - From then on its losses, its rows of evaluations (R, …) and its tensors in {@linkcode Training.state} are NaN. An
   *   evaluation over another first axis is left as it is: one that averages over replicas takes the lost one in.
   * - Reports and {@linkcode Training.diverged} name it with its step; states keep it. Once all are lost the run ends
   *   with the error of the last one.
   */
  readonly divergence?: "stop" | "mask";
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
  /** Step at which each diverged replica was lost, by replica; empty unless `divergence` is `"mask"`. */
  readonly diverged: ReadonlyMap<number, number>;
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

/**
 * Records the measurements of a report.
 *
 * @param options Parameters, evaluations, and what becomes of replicas that diverge.
 * @param draw Where their random draws stand.
 * @returns A program with one output per evaluation; and last, where diverged replicas are masked, the norm of each
 *   replica's parameters (R).
 * @throws {Error} If an evaluation returns no tensor of f32.
 */
export function recordEvaluations(
  { parameters, evaluations = {}, divergence }: TrainingOptions<string>,
  draw: StepDraw,
): Promise<Program<Tensor[]>> {
  return record("evaluate", () => {
    const all = Object.entries(evaluations).map(([name, compute]) => {
      const found = compute(parameters.weights, draw);
      expectTensor(`evaluation "${name}"`, found);
      return found;
    });
    return divergence === "mask" ? [...all, globalNorm(parameters.flat, parameters)] : all;
  });
}
