/**
 * Training: a model's loss on fresh batches, its gradient and the optimiser's update as one recorded step.
 *
 * @module
 */
import { advance } from "../kernels/advance.ts";
import { append } from "../kernels/append.ts";
import { ShapeError } from "./gpu/errors.ts";
import { type Program, record } from "./gpu/program.ts";
import { Tensor } from "./gpu/tensor.ts";
import type { NamedArray, ParameterSet, Weights } from "./models/parameters.ts";
import type { Optimizer, OptimizerState } from "./optim/optimizer.ts";
import { TrainLoop } from "./train_loop.ts";

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
  /** How gradients change parameters. */
  readonly optimizer: Optimizer;
  /** One loss per replica (R) on a batch that it draws. Recorded once: all that varies comes from GPU memory. */
  readonly loss: Computation;
  /**
   * Measurements at every report, of any shape. Their draws are those of step 0, the same at every report: draw under
   * other keys than the loss does.
   */
  readonly evaluations?: Readonly<Record<E, Computation>>;
  /** State to continue from; the start of training without it. */
  readonly from?: TrainingState;
}

/** All that training needs to continue bit by bit. */
export interface TrainingState {
  /** Steps taken. */
  readonly step: number;
  /**
   * Parameters under their names, the optimiser's state as `optimizer.STATE.NAME`, and the losses (n, R) of steps that no
   * report has had yet as `run.losses`.
   */
  readonly tensors: readonly NamedArray[];
}

/** Which steps are reported, and when training ends. */
export interface RunOptions<E extends string = never> {
  /**
   * Steps to report, ascending; training ends at the last one. Those that were reported before training was continued are
   * left out. See {@linkcode everySteps}, {@linkcode logarithmicSteps}, {@linkcode unionOfSteps}.
   */
  readonly reports: Iterable<number>;
  /** Ends training at the first report for which it holds. */
  readonly until?: (report: TrainingReport<E>) => boolean;
  /**
   * Reports at which training waits for the caller, who may then read tensors and {@linkcode Training.state}; at others
   * the GPU is ahead already. All reports if `until` is given.
   */
  readonly pause?: (step: number) => boolean;
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

/** Name of the losses that no report has had, in a state. */
const PENDING = "run.losses";
/** Losses that stay on the GPU before the host reads them; bounds how many steps are queued at a time. */
const LOSS_ROWS = 4096;

/** An ensemble in training. */
export class Training<E extends string = never> implements Disposable {
  /** Parameters, at {@linkcode Training.step}. */
  readonly parameters: ParameterSet;
  /** The recorded step, for profiles. */
  readonly program: Program<unknown>;
  readonly #loop: TrainLoop;
  readonly #state: OptimizerState;
  readonly #names: readonly E[];
  /** Steps up to here were reported before. */
  readonly #reported: number;
  readonly #owned: readonly { destroy(): void }[];

  private constructor(
    { parameters, evaluations, from }: TrainingOptions<E>,
    program: Program<unknown>,
    loop: TrainLoop,
    state: OptimizerState,
    owned: readonly { destroy(): void }[],
  ) {
    this.parameters = parameters;
    this.program = program;
    this.#loop = loop;
    this.#state = state;
    this.#names = Object.keys(evaluations ?? {}) as E[];
    this.#reported = from?.step ?? -1;
    this.#owned = owned;
  }

  /**
   * Records the training step and the evaluations.
   *
   * @param options Parameters, optimiser, loss, evaluations, and where to continue from.
   * @returns Training at its first step.
   * @throws {ShapeError} If the loss is not one number per replica, or a state to continue from does not fit.
   * @throws {GpuError} If memory does not suffice.
   *
   * @example
   * ```ts
   * import { multiply, subtract } from "../kernels/binary.ts";
   * import { mean } from "../kernels/reduce.ts";
   * import { openGpu } from "./gpu/device.ts";
   * import { ParameterSet } from "./models/parameters.ts";
   * import { sgd } from "./optim/sgd.ts";
   * import { everySteps, Training } from "./train.ts";
   * import { assertLess } from "@std/assert";
   *
   * await openGpu();
   * using parameters = ParameterSet.create({ w: { shape: [4], init: { law: "normal", deviation: 1 } } }, [1, 2]);
   * using training = await Training.create({
   *   parameters,
   *   optimizer: sgd({ lr: 0.5 }),
   *   loss: ({ w }) => mean(multiply(w, w), [1]),
   * });
   * for await (const { step, loss } of training.run({ reports: everySteps(10, 100) })) {
   *   if (step === 100) assertLess(loss![1], 1e-6);
   * }
   * ```
   */
  static async create<E extends string = never>(options: TrainingOptions<E>): Promise<Training<E>> {
    const { parameters, optimizer, loss, evaluations, from } = options;
    const R = parameters.replicas;
    const start = from?.step ?? 0;
    const seeds = Tensor.from(Uint32Array.from(parameters.seeds), [R], "seeds");
    const clock = Tensor.from(Uint32Array.of(start, start, 1), [3], "clock");
    const fixed = Tensor.from(Uint32Array.of(0, 0, 1), [3], "fixed clock");
    const losses = new Tensor([LOSS_ROWS, R], "f32", "losses");
    const state = optimizer.init(parameters);
    const owned: { destroy(): void }[] = [seeds, clock, fixed, losses, ...Object.values(state)];
    try {
      const pending = from ? restore(parameters, state, from) : [];
      const program = await record("train", () => {
        const row = loss(parameters.weights, { seeds, clock });
        expectPerReplica("loss", row, R);
        const gradient = parameters.gradient(row);
        append({ row: row.reshape([R]), cursor: clock, ring: losses });
        optimizer.update({ parameters, gradient, state, clock });
        advance({ clock });
      });
      owned.push(program);
      const measured = await record(
        "evaluate",
        () =>
          Object.values<Computation>(evaluations ?? {}).map((compute) =>
            compute(parameters.weights, { seeds, clock: fixed })
          ),
      );
      owned.push(measured);
      const observe = () => measured.replay();
      const loop = await TrainLoop.create({
        program,
        clock,
        losses,
        watched: measured.outputs,
        observe,
        from: start,
        pending,
      });
      return new Training(options, program, loop, state, [loop, ...owned]);
    } catch (error) {
      for (const resource of owned) resource.destroy();
      throw error;
    }
  }

  /** Steps taken, those ahead of the last report included. */
  get step(): number {
    return this.#loop.step;
  }

  /**
   * Trains and yields a report at each of the chosen steps. The GPU is awaited a few times a second, not once a step.
   *
   * @param options Steps to report, and when to stop.
   * @returns One report per step.
   * @throws {DivergenceError} Naming the first step and replica whose loss is not finite, after the reports before it.
   * @throws {GpuError} If any GPU operation has failed.
   */
  async *run({ reports, until, pause, signal }: RunOptions<E>): AsyncGenerator<TrainingReport<E>> {
    const wait = until ? () => true : pause;
    const steps = Iterator.from(reports).filter((step) => step > this.#reported);
    for await (const { step, losses, watched } of this.#loop.run({ steps, pause: wait, signal })) {
      const values = this.#names.map((name, index) => [name, watched[index]] as const);
      const evaluations = Object.fromEntries(values) as Record<E, Float32Array>;
      const report = { step, loss: losses.at(-1) ?? null, losses, evaluations };
      yield report;
      if (until?.(report)) return;
    }
  }

  /**
   * Copies parameters and the optimiser's state to the host, for a checkpoint.
   *
   * @returns The state after {@linkcode Training.step} steps.
   * @throws {Error} If steps are under way: call it at a report at which training pauses, or after the run.
   * @throws {GpuError} If any GPU operation has failed.
   */
  async state(): Promise<TrainingState> {
    if (!this.#loop.settled) {
      throw new Error("training: expected a report at which training pauses, found steps under way");
    }
    const tensors = await this.parameters.read();
    for (const [name, flat] of Object.entries(this.#state)) {
      const arrays = await this.parameters.read(flat);
      tensors.push(...arrays.map((array) => ({ ...array, name: `optimizer.${name}.${array.name}` })));
    }
    const { pending } = this.#loop;
    if (pending.length > 0) {
      const data = Float32Array.from(pending.flatMap((losses) => [...losses]));
      tensors.push({ name: PENDING, shape: [pending.length, this.parameters.replicas], data });
    }
    return { step: this.step, tensors };
  }

  /** Frees the GPU memory, parameters excepted. */
  destroy(): void {
    for (const resource of this.#owned) resource.destroy();
  }

  /** Frees the GPU memory at the end of a `using` block, parameters excepted. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}

/** Writes all tensors of a state, or none if one does not fit; returns the losses that no report has had. */
function restore(parameters: ParameterSet, state: OptimizerState, { tensors }: TrainingState): Float32Array[] {
  const prefixes = ["", ...Object.keys(state).map((name) => `optimizer.${name}.`)];
  const groups = prefixes.map((): NamedArray[] => []);
  const pending: Float32Array[] = [];
  for (const array of tensors) {
    if (array.name === PENDING) {
      const [count, R] = array.shape;
      for (let row = 0; row < count; row++) pending.push(array.data.slice(row * R, (row + 1) * R));
      continue;
    }
    const group = prefixes.findLastIndex((prefix) => array.name.startsWith(prefix));
    groups[group].push({ ...array, name: array.name.slice(prefixes[group].length) });
  }
  const packed = groups.map((arrays) => parameters.pack(arrays));
  [parameters.flat, ...Object.values(state)].forEach((flat, index) => flat.write(packed[index]));
  return pending;
}

function expectPerReplica(name: string, { shape, size }: Tensor, R: number): void {
  if (size === R) return;
  throw new ShapeError(
    `training: expected a ${name} of one number per replica (${R}), found shape (${shape.join(", ")})`,
  );
}

/**
 * Steps 0, `every`, 2 `every`, … and the last one.
 *
 * @param every Distance between reports, ≥ 1.
 * @param total Last step, ≥ 0.
 * @returns Steps in order.
 */
export function everySteps(every: number, total: number): number[] {
  const steps = Array.from({ length: Math.ceil(total / every) }, (_, index) => index * every);
  return [...steps, total];
}

/**
 * Step 0 and about `count` steps from 1 to the last one, evenly spaced in their logarithm.
 *
 * @param count Number of steps, ≥ 2.
 * @param total Last step, ≥ 1.
 * @returns Distinct steps in order.
 *
 * @example
 * ```ts
 * import { logarithmicSteps } from "./train.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(logarithmicSteps(4, 1000), [0, 1, 10, 100, 1000]);
 * ```
 */
export function logarithmicSteps(count: number, total: number): number[] {
  const steps = Array.from({ length: count }, (_, index) => Math.round(total ** (index / (count - 1))));
  return [...new Set([0, ...steps])];
}

/**
 * Steps of several lists, each once and in order: reports and checkpoints, say.
 *
 * @param lists Lists of steps.
 * @returns Their union, ascending.
 *
 * @example
 * ```ts
 * import { everySteps, unionOfSteps } from "./train.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(unionOfSteps(everySteps(4, 10), everySteps(5, 10)), [0, 4, 5, 8, 10]);
 * ```
 */
export function unionOfSteps(...lists: readonly (readonly number[])[]): number[] {
  return [...new Set(lists.flat())].sort((a, b) => a - b);
}
