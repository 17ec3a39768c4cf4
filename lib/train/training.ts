/**
 * Training: a loss, its gradient and the optimiser's update as one recorded step, reports at chosen steps, and states.
 *
 * @module
 */
import { advance } from "../../kernels/shared/advance.ts";
import { append } from "../../kernels/shared/append.ts";
import { DivergenceMask } from "./divergence_mask.ts";
import { type Program, record } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import type { ParameterSet } from "../models/parameters.ts";
import { TrainLoop } from "./loop.ts";
import {
  type Evaluations,
  evaluationsOf,
  expectLoss,
  expectTensor,
  type MeasuredTensors,
  type RecordedStep,
  recordEvaluations,
  type RunOptions,
  type TrainingOptions,
  type TrainingReport,
} from "./options.ts";
import { checkBuffers, readState, restoreState, type StateHolders, type TrainingState } from "./state.ts";

export {
  evenSteps,
  everySteps,
  linearAndLogarithmicSteps,
  logarithmicChoice,
  logarithmicSteps,
  unionOfSteps,
} from "./steps.ts";
export type {
  Computation,
  Elements,
  Evaluated,
  Evaluations,
  Pace,
  RecordedStep,
  RunOptions,
  StepDraw,
  StepTensors,
  TrainingOptions,
  TrainingReport,
} from "./options.ts";
export type { SavedState, TrainingState } from "./state.ts";

/** Rows of losses that stay on the GPU until the host reads them; fewer steps are queued at a time. */
const LOSS_ROWS = 4096;

interface TrainingParts {
  readonly program: Program<unknown>;
  readonly loop: TrainLoop;
  readonly mask: DivergenceMask | null;
  readonly holders: StateHolders;
  readonly places: MeasuredTensors["places"];
  readonly reported: number;
  readonly owned: readonly { destroy(): void }[];
}

/** An ensemble in training; `E` has its evaluations, by name, and what each computes. */
export class Training<E extends Evaluations = Record<never, never>> implements Disposable {
  /** Parameters, at {@linkcode Training.step}. */
  readonly parameters: ParameterSet;
  /** The recorded step, for profiles. */
  readonly program: Program<unknown>;
  readonly #loop: TrainLoop;
  readonly #mask: DivergenceMask | null;
  readonly #holders: StateHolders;
  readonly #places: MeasuredTensors["places"];
  /** Steps up to here were reported. */
  #reported: number;
  #running = false;
  readonly #owned: readonly { destroy(): void }[];

  private constructor(parts: TrainingParts) {
    this.parameters = parts.holders.parameters;
    this.program = parts.program;
    this.#loop = parts.loop;
    this.#mask = parts.mask;
    this.#holders = parts.holders;
    this.#places = parts.places;
    this.#reported = parts.reported;
    this.#owned = parts.owned;
  }

  /**
   * Records the training step and the evaluations.
   *
   * @param options Parameters, optimiser, loss, evaluations, and where to continue from.
   * @returns Training at its first step.
   * @throws {ShapeError} If the loss is not one number per replica, or a state to continue from does not fit.
   * @throws {Error} If the loss does not depend on the parameters, or a computation returns no tensor.
   * @throws {GpuError} If memory does not suffice.
   *
   * @example
   * ```ts
   * import { multiply } from "../../kernels/elementwise/binary.ts";
   * import { mean, sum } from "../../kernels/reduce/reduce.ts";
   * import { openGpu } from "../gpu/device.ts";
   * import { ParameterSet } from "../models/parameters.ts";
   * import { sgd } from "../optim/sgd.ts";
   * import { everySteps, Training } from "./training.ts";
   * import { assertEquals, assertLess } from "@std/assert";
   *
   * await openGpu();
   * using parameters = ParameterSet.create({ w: { shape: [4], init: { law: "normal", deviation: 1 } } }, [1, 2]);
   * using training = await Training.create({
   *   parameters,
   *   optimizer: sgd({ lr: 0.5 }),
   *   loss: ({ w }) => mean(multiply(w, w), [1]),
   *   evaluations: { sum: ({ w }) => sum(w, [1]), moments: ({ w }) => ({ mean: mean(w, [1]), square: multiply(w, w) }) },
   * });
   * for await (const { step, loss, evaluations } of training.run({ reports: everySteps(10, 100) })) {
   *   if (step === 100) assertLess(loss![1], 1e-6);
   *   assertEquals(evaluations.sum.length, 2);
   *   assertEquals(evaluations.moments.square.length, 2 * 4);
   * }
   * ```
   */
  static async create<E extends Evaluations = Record<never, never>>(
    options: TrainingOptions<E>,
  ): Promise<Training<E>> {
    const { parameters, optimizer, loss } = options;
    const state = optimizer.init(parameters);
    return await Training.ofStep(options, {
      label: "train",
      state,
      owned: Object.values(state),
      record({ seeds, clock, losses }) {
        const row = loss(parameters.weights, { seeds, clock });
        expectTensor("loss", row);
        expectLoss(row, parameters);
        const gradient = parameters.gradient(row);
        append({ row: row.reshape([parameters.replicas]), cursor: clock, ring: losses });
        optimizer.update({ parameters, gradient, state, clock });
      },
    });
  }

  /**
   * Records a training step that is not made of a loss, its gradient and an optimiser, and the evaluations.
   *
   * Reports, states and continuations are those of {@linkcode Training.create}: a training of its own needs kernels alone.
   * `linearIcl` is one.
   *
   * @param options Parameters, evaluations, and where to continue from.
   * @param step Kernels of the step, and what they own.
   * @returns Training at its first step.
   * @throws {ShapeError} If a state to continue from does not fit.
   * @throws {Error} If an evaluation returns no tensor.
   * @throws {GpuError} If memory does not suffice.
   */
  static async ofStep<E extends Evaluations = Record<never, never>>(
    options: Omit<TrainingOptions<E>, "optimizer" | "loss">,
    step: RecordedStep,
  ): Promise<Training<E>> {
    const { parameters, buffers, divergence, from } = options;
    const { label, stride = 1, state = {} } = step;
    const owned: { destroy(): void }[] = [...step.owned ?? []];
    const keep = <T extends { destroy(): void }>(resource: T): T => {
      owned.unshift(resource);
      return resource;
    };
    try {
      const R = parameters.replicas;
      const start = from?.step ?? 0;
      const seeds = keep(Tensor.from(Uint32Array.from(parameters.seeds), [R], "seeds"));
      const clock = keep(Tensor.from(Uint32Array.of(start, start, stride), [3], "clock"));
      const fixed = keep(Tensor.from(Uint32Array.of(0, 0, 1), [3], "fixed clock"));
      const losses = keep(new Tensor([LOSS_ROWS, R], "f32", "losses"));
      const holders = { parameters, buffers, state };
      checkBuffers(holders);
      const before = from ? restoreState(holders, from) : null;
      const mask = divergence === "mask" ? new DivergenceMask(R, before?.diverged) : null;
      const program = keep(
        await record(label, () => {
          step.record({ seeds, clock, losses });
          advance({ clock });
        }),
      );
      const measured = keep(await recordEvaluations(options, { seeds, clock: fixed }));
      const { tensors, names, places } = measured.outputs;
      const loop = keep(
        await TrainLoop.create({
          program,
          stride,
          clock,
          losses,
          watched: tensors,
          observe: measured.dispatches.length > 0 ? () => measured.replay() : undefined,
          from: start,
          pending: before?.pending,
          mask,
          names,
        }),
      );
      return new Training<E>({ program, loop, mask, holders, places, reported: from?.step ?? -1, owned });
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
   * Step at which each diverged replica was lost, by replica: that of the last report, and of steps after it. Empty unless
   * `divergence` is `"mask"`.
   */
  get diverged(): ReadonlyMap<number, number> {
    return this.#mask?.steps ?? new Map();
  }

  /**
   * Trains and yields a report at each of the chosen steps. The GPU is awaited a few times a second, not once a step, and
   * runs ahead of the reports but where {@linkcode RunOptions} make it wait.
   *
   * @param options Steps to report, where to wait for the caller, and when to end.
   * @returns One report per step.
   * @throws {DivergenceError} Naming the first step and replica whose loss is not finite, after the reports before it; with
   *   `divergence: "mask"` once all replicas are lost, naming the last one.
   * @throws {RangeError} If a step to report is no whole number, or lies before another one.
   * @throws {Error} If another run is under way.
   * @throws {GpuError} If any GPU operation has failed.
   */
  async *run(options: RunOptions<E>): AsyncGenerator<TrainingReport<E>> {
    if (this.#running) throw new Error("training: expected one run at a time, found another under way");
    this.#running = true;
    try {
      yield* this.#reports(options);
    } finally {
      this.#running = false;
    }
  }

  async *#reports(
    { reports, until, pause, signal, reportStart, onWait, pace }: RunOptions<E>,
  ): AsyncGenerator<TrainingReport<E>> {
    const wait = until ? () => true : pause;
    const before = this.#reported;
    const steps = Iterator.from(reports).filter((step) => !(reportStart ? step < before : step <= before));
    const loop = this.#loop.run({ steps, pause: wait, signal, onWait, pace });
    for await (const { step, losses, watched, diverged } of loop) {
      const evaluations = evaluationsOf<E>(this.#places, watched);
      const report = { step, loss: losses.at(-1) ?? null, losses, evaluations, diverged };
      this.#reported = step;
      yield report;
      if (until?.(report)) return;
    }
  }

  /**
   * Copies parameters, buffers and the optimiser's state to the host, for a checkpoint.
   *
   * @returns The state after {@linkcode Training.step} steps.
   * @throws {Error} If steps are under way: call it at a report at which training pauses, or after the run.
   * @throws {GpuError} If any GPU operation has failed.
   */
  async state(): Promise<TrainingState> {
    if (!this.#loop.settled) {
      throw new Error("training: expected a report at which training pauses, found steps under way");
    }
    const tensors = await readState(this.#holders, { pending: this.#loop.pending, diverged: this.diverged });
    return { step: this.step, tensors };
  }

  /** Frees the GPU memory, parameters and buffers of the caller excepted. */
  destroy(): void {
    for (const resource of this.#owned) resource.destroy();
  }

  /** Frees the GPU memory at the end of a `using` block, parameters and buffers of the caller excepted. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}
