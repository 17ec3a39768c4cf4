/**
 * Training: a model's loss on fresh batches, its gradient and the optimiser's update as one recorded step.
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
  expectLoss,
  expectTensor,
  recordEvaluations,
  type RunOptions,
  type TrainingOptions,
  type TrainingReport,
} from "./options.ts";
import { checkBuffers, readState, restoreState, type StateHolders, type TrainingState } from "./state.ts";

export { everySteps, logarithmicSteps, unionOfSteps } from "./steps.ts";
export type { Computation, RunOptions, StepDraw, TrainingOptions, TrainingReport } from "./options.ts";
export type { SavedState, TrainingState } from "./state.ts";

/** Losses that stay on the GPU before the host reads them; bounds how many steps are queued at a time. */
const LOSS_ROWS = 4096;

/** An ensemble in training. */
export class Training<E extends string = never> implements Disposable {
  /** Parameters, at {@linkcode Training.step}. */
  readonly parameters: ParameterSet;
  /** The recorded step, for profiles. */
  readonly program: Program<unknown>;
  readonly #loop: TrainLoop;
  readonly #mask: DivergenceMask | null;
  readonly #holders: StateHolders;
  readonly #names: readonly E[];
  /** Steps up to here were reported. */
  #reported: number;
  #running = false;
  readonly #owned: readonly { destroy(): void }[];

  private constructor(
    { parameters, evaluations, from }: TrainingOptions<E>,
    program: Program<unknown>,
    loop: TrainLoop,
    mask: DivergenceMask | null,
    holders: StateHolders,
    owned: readonly { destroy(): void }[],
  ) {
    this.parameters = parameters;
    this.program = program;
    this.#loop = loop;
    this.#mask = mask;
    this.#holders = holders;
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
   * @throws {Error} If the loss does not depend on the parameters, or a computation returns no tensor.
   * @throws {GpuError} If memory does not suffice.
   *
   * @example
   * ```ts
   * import { multiply, subtract } from "../../kernels/elementwise/binary.ts";
   * import { mean } from "../../kernels/reduce/reduce.ts";
   * import { openGpu } from "../gpu/device.ts";
   * import { ParameterSet } from "../models/parameters.ts";
   * import { sgd } from "../optim/sgd.ts";
   * import { everySteps, Training } from "./training.ts";
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
    const { parameters, buffers, optimizer, loss, evaluations = {}, divergence, from } = options;
    const R = parameters.replicas;
    const start = from?.step ?? 0;
    const seeds = Tensor.from(Uint32Array.from(parameters.seeds), [R], "seeds");
    const clock = Tensor.from(Uint32Array.of(start, start, 1), [3], "clock");
    const fixed = Tensor.from(Uint32Array.of(0, 0, 1), [3], "fixed clock");
    const losses = new Tensor([LOSS_ROWS, R], "f32", "losses");
    const state = optimizer.init(parameters);
    const holders = { parameters, buffers, state };
    const owned: { destroy(): void }[] = [seeds, clock, fixed, losses, ...Object.values(state)];
    try {
      checkBuffers(holders);
      const before = from ? restoreState(holders, from) : null;
      const mask = divergence === "mask" ? new DivergenceMask(R, before?.diverged) : null;
      const program = await record("train", () => {
        const row = loss(parameters.weights, { seeds, clock });
        expectTensor("loss", row);
        expectLoss(row, parameters);
        const gradient = parameters.gradient(row);
        append({ row: row.reshape([R]), cursor: clock, ring: losses });
        optimizer.update({ parameters, gradient, state, clock });
        advance({ clock });
      });
      owned.push(program);
      const measured = await recordEvaluations(options, { seeds, clock: fixed });
      owned.push(measured);
      const observe = () => measured.replay();
      const loop = await TrainLoop.create({
        program,
        clock,
        losses,
        watched: measured.outputs,
        observe,
        from: start,
        pending: before?.pending,
        mask,
        names: [...Object.keys(evaluations).map((name) => `evaluation "${name}"`), "norm of the parameters"],
      });
      return new Training(options, program, loop, mask, holders, [loop, ...owned]);
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
   * Trains and yields a report at each of the chosen steps. The GPU is awaited a few times a second, not once a step.
   *
   * @param options Steps to report, and when to stop.
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

  async *#reports({ reports, until, pause, signal, reportStart }: RunOptions<E>): AsyncGenerator<TrainingReport<E>> {
    const wait = until ? () => true : pause;
    const before = this.#reported;
    const steps = Iterator.from(reports).filter((step) => !(reportStart ? step < before : step <= before));
    for await (const { step, losses, watched, diverged } of this.#loop.run({ steps, pause: wait, signal })) {
      const values = this.#names.map((name, index) => [name, watched[index]] as const);
      const evaluations = Object.fromEntries(values) as Record<E, Float32Array>;
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

  /** Frees the GPU memory, parameters excepted. */
  destroy(): void {
    for (const resource of this.#owned) resource.destroy();
  }

  /** Frees the GPU memory at the end of a `using` block, parameters excepted. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}
