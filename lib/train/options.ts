/** Options and reports of training, and refusal of computations that cannot be trained or measured. */
import { dependsOn } from "../autodiff/gradients.ts";
import { globalNorm } from "../../kernels/optim/global_norm.ts";
import { ShapeError } from "../gpu/errors.ts";
import { type Program, record } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import type { ParameterSet, Weights } from "../models/parameters.ts";
import type { Pace } from "./loop_options.ts";
import type { Optimizer, OptimizerState } from "../optim/optimizer.ts";
import type { SavedState } from "./state.ts";

export type { Pace } from "./loop_options.ts";

/** Place of a step's random draws in their streams: what samplers take, beside a key. */
export interface StepDraw {
  /** One seed per replica (R). */
  readonly seeds: Tensor<"u32">;
  /** Clock (3), whose step enters every draw. */
  readonly clock: Tensor<"u32">;
}

/** Numbers that an evaluation computes: a tensor, or several by name. */
export type Evaluated = Tensor | Readonly<Record<string, Tensor>>;

/** Evaluations by name, with the numbers that each computes. */
export type Evaluations = Readonly<Record<string, Evaluated>>;

/** Computation that is recorded once: from parameters and draws to numbers. */
export type Computation<T extends Evaluated = Tensor> = (weights: Weights, draw: StepDraw) => T;

/** Numbers of an evaluation on the host, row-major: an array, or several by name. */
export type Elements<T extends Evaluated> = T extends Tensor ? Float32Array
  : { readonly [Name in keyof T]: Float32Array };

/**
 * Problem and method of training, and measurements on the way.
 *
 * `E` has the name of each evaluation and what it computes; it is inferred from `evaluations`.
 */
export interface TrainingOptions<E extends Evaluations = Record<never, never>> {
  /** Parameters, updated in place. */
  readonly parameters: ParameterSet;
  /**
   * State of the model that no gradient changes, such as running averages of batch normalisation: `loss` updates it in
   * place, and it is part of {@linkcode Training.state}. None by default.
   */
  readonly buffers?: ParameterSet;
  /** Optimiser, which changes parameters by their gradients. */
  readonly optimizer: Optimizer;
  /** One loss per replica (R) on a batch that it draws. Recorded once: all that varies comes from GPU memory. */
  readonly loss: Computation;
  /**
   * Measurements at every report: each a tensor of any shape, or a record of tensors that share work, such as
   * `{ loss, prefix }`. Their draws are those of step 0, the same at every report: draw under other keys than the loss does.
   */
  readonly evaluations?: { readonly [Name in keyof E]: Computation<E[Name]> };
  /**
   * Consequence for the ensemble when a replica diverges. `"stop"`, the default, ends the run with a
   * {@linkcode DivergenceError}. With `"mask"` the others train on, with the bits that they have without the lost one:
   *
   * - A replica has diverged at the first step whose loss is not finite, or at the first report at which the norm of its
   *   parameters, or its row of an evaluation (R, …), is not. There is no way back.
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

/** Training step of kernels that write its losses themselves; several steps a replay if they are fused. */
export interface RecordedStep {
  /** Name of the program in profiles and error messages. */
  readonly label: string;
  /** Steps of one replay, ≥ 1; 1 by default. Reports, ends and continuations need not be multiples of it. */
  readonly stride?: number;
  /** State that the step updates beside the parameters; none by default. It is part of {@linkcode Training.state}. */
  readonly state?: OptimizerState;
  /** Resources that are freed with the training, those of `state` among them. */
  readonly owned?: readonly { destroy(): void }[];
  /**
   * Calls the kernels of `min(stride, stop − step)` steps, which update parameters and state, and write the losses (R) of
   * each step, taken before its update, into their row of the ring. The clock is advanced after them.
   */
  readonly record: (tensors: StepTensors) => void;
}

/** Tensors that a recorded step reads and writes. */
export interface StepTensors extends StepDraw {
  /** Ring (K, R): row `step mod K` holds the losses of that step. */
  readonly losses: Tensor;
}

/**
 * Steps that one run reports, and its end.
 *
 * The GPU runs ahead of the reports: when one arrives, tensors may hold later steps already. Three options make it wait:
 *
 * - `pause` names the reports at which it does, so that the caller can read tensors and {@linkcode Training.state}: those
 *   at which a checkpoint is due, say. Each costs 11 ms or more.
 * - `until` decides by a report whether training ends there, and hence waits at each of them.
 * - `signal` ends training between two reports, at a step that nobody has chosen; {@linkcode Training.step} tells it. No
 *   report follows, and {@linkcode Training.state} has the losses that none has had.
 */
export interface RunOptions<E extends Evaluations = Record<never, never>> {
  /**
   * Steps to report, ascending; training ends at the last one. Those that this training, or the one that it continues, has
   * reported before are left out, so that an interrupted run and its continuation take the same list. See
   * {@linkcode evenSteps}, {@linkcode everySteps}, {@linkcode logarithmicSteps}, {@linkcode unionOfSteps}.
   */
  readonly reports: Iterable<number>;
  /** Ends training at the first report for which it holds. */
  readonly until?: (report: TrainingReport<E>) => boolean;
  /** Reports at which training waits for the caller. */
  readonly pause?: (step: number) => boolean;
  /**
   * Whether the step that training was continued from is reported again: a branch from a changed state begins with it, a
   * continuation, the default, after it.
   */
  readonly reportStart?: boolean;
  /** Ends training early once aborted. */
  readonly signal?: AbortSignal;
  /** Told of the steps that are done, a few times a second, wherever reports lie. */
  readonly onWait?: (step: number) => void;
  /** Sets the pace; as fast as the GPU goes unless given. */
  readonly pace?: Pace;
}

/** State at a reported step. */
export interface TrainingReport<E extends Evaluations = Record<never, never>> {
  /** Steps taken. */
  readonly step: number;
  /** Loss (R) of the last step, taken before its update; null if no step was taken since the last report. */
  readonly loss: Float32Array | null;
  /** Losses (R) of every step since the last report, each taken before its update. */
  readonly losses: readonly Float32Array[];
  /** Elements of each evaluation, row-major: an array for a tensor, a record of arrays for a record of tensors. */
  readonly evaluations: { readonly [Name in keyof E]: Elements<E[Name]> };
  /** Step at which each diverged replica was lost, by replica; empty unless `divergence` is `"mask"`. */
  readonly diverged: ReadonlyMap<number, number>;
}

/**
 * Refuses a result that is no tensor of f32.
 *
 * @param name Name of the computation; stands in the error message.
 * @param found Its result.
 * @throws {Error} If that is no tensor of f32.
 */
export function expectTensor(name: string, found: unknown): asserts found is Tensor {
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

/** Tensors of all evaluations, one after the other. */
export interface MeasuredTensors {
  /** Tensors to copy at a report; last, where diverged replicas are masked, the norm of each replica's parameters (R). */
  readonly tensors: readonly Tensor[];
  /** Name of each, for error messages. */
  readonly names: readonly string[];
  /** Place of each evaluation's tensor, or of each of its tensors by name. */
  readonly places: Readonly<Record<string, number | Readonly<Record<string, number>>>>;
}

/**
 * Records the measurements of a report.
 *
 * @param options Parameters, evaluations, and whether replicas that diverge are masked.
 * @param draw Place of their random draws.
 * @returns A program that fills the tensors.
 * @throws {Error} If an evaluation returns anything but a tensor of f32 or a record of them.
 */
export function recordEvaluations(
  { parameters, evaluations = {}, divergence }: Pick<
    TrainingOptions<Evaluations>,
    "parameters" | "evaluations" | "divergence"
  >,
  draw: StepDraw,
): Promise<Program<MeasuredTensors>> {
  return record("evaluations", () => {
    const tensors: Tensor[] = [];
    const names: string[] = [];
    const place = (name: string, found: unknown): number => {
      expectTensor(name, found);
      names.push(name);
      return tensors.push(found) - 1;
    };
    const places = Object.entries(evaluations).map(([name, compute]) => {
      const found: unknown = compute(parameters.weights, draw);
      if (!isRecord(found)) return [name, place(`evaluation "${name}"`, found)] as const;
      const parts = Object.entries(found).map((
        [part, tensor],
      ) => [part, place(`evaluation "${name}.${part}"`, tensor)]);
      return [name, Object.fromEntries(parts) as Record<string, number>] as const;
    });
    if (divergence === "mask") place("norm of the parameters", globalNorm(parameters.flat, parameters));
    return { tensors, names, places: Object.fromEntries(places) };
  });
}

function isRecord(found: unknown): found is object {
  return typeof found === "object" && found !== null && Object.getPrototypeOf(found) === Object.prototype;
}

/**
 * Puts the numbers of a report under the names of their evaluations.
 *
 * @param places Places as {@linkcode recordEvaluations} gives them.
 * @param values Elements of each tensor.
 * @returns An array for each evaluation, or a record of arrays.
 */
export function evaluationsOf<E extends Evaluations>(
  places: MeasuredTensors["places"],
  values: readonly Float32Array[],
): TrainingReport<E>["evaluations"] {
  const named = Object.entries(places).map(([name, place]) => {
    if (typeof place === "number") return [name, values[place]] as const;
    return [name, Object.fromEntries(Object.entries(place).map(([part, at]) => [part, values[at]]))] as const;
  });
  return Object.fromEntries(named) as TrainingReport<E>["evaluations"];
}
