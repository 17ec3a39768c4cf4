/** The loop of training: it replays a step until reports are due, and awaits the GPU a few times a second. */
import { DivergenceError } from "./divergence.ts";
import type { DivergenceMask } from "./divergence_mask.ts";
import { Staging } from "../gpu/tensor.ts";
import type { LoopOptions, LoopParts, LoopReport } from "./loop_options.ts";
import { Ring } from "./ring.ts";

export type { LoopOptions, LoopParts, LoopReport, Pace } from "./loop_options.ts";

const WATCHED_BYTES = 2 ** 24;
const MOST_REPORTS = 64;
const REPORT_MS = 200;

/** Loop that queues steps, collects their losses and the watched tensors, and finds replicas that diverge. */
export class TrainLoop implements Disposable {
  /** Steps queued so far. */
  #step: number;
  /** Steps whose losses the host has checked. */
  #drained: number;
  /** Losses of the last step that the host has checked. */
  #last: Float32Array | null = null;
  /** Losses since the last report. */
  #losses: Float32Array[];
  readonly #parts: LoopParts;
  readonly #rings: readonly Ring[];
  readonly #rows: Staging;

  private constructor(parts: LoopParts, rings: readonly Ring[], rows: Staging) {
    this.#parts = parts;
    this.#rings = rings;
    this.#rows = rows;
    this.#step = this.#drained = parts.from ?? 0;
    this.#losses = [...parts.pending ?? []];
  }

  /**
   * Prepares a loop.
   *
   * @param parts Program to replay, and tensors to watch.
   * @returns A loop at its first step.
   */
  static async create(parts: LoopParts): Promise<TrainLoop> {
    const bytes = 4 * parts.watched.reduce((sum, { size }) => sum + size, 0);
    const capacity = Math.max(1, Math.min(MOST_REPORTS, Math.floor(WATCHED_BYTES / Math.max(1, bytes))));
    const rings: Ring[] = [];
    for (const tensor of parts.watched) rings.push(await Ring.of(tensor, capacity));
    return new TrainLoop(parts, rings, new Staging(parts.losses.size));
  }

  /** Steps taken so far. */
  get step(): number {
    return this.#step;
  }

  /** Losses (R) of the steps that no report has had yet. */
  get pending(): readonly Float32Array[] {
    return this.#losses;
  }

  /** Whether every step that was queued has been waited for, so that tensors hold the state after {@linkcode TrainLoop.step}. */
  get settled(): boolean {
    return this.#step === this.#drained;
  }

  /**
   * Trains and yields the state at chosen steps, in order.
   *
   * @param options Steps to report, where to pause, how to stop.
   * @returns One report per step.
   * @throws {RangeError} If a step is no whole number, or lies before the current one or before another one.
   * @throws {DivergenceError} Naming the first step and replica whose loss is not finite, after the reports before it; with
   *   a mask, once all replicas are lost, naming the last one.
   * @throws {GpuError} If any GPU operation has failed.
   */
  async *run({ steps, pause, signal, onWait, pace }: LoopOptions): AsyncGenerator<LoopReport> {
    const [rows] = this.#parts.losses.shape;
    const capacity = this.#rings[0]?.capacity ?? MOST_REPORTS;
    const due: number[] = [];
    let budget = this.#parts.stride ?? 1;
    let allowed = pace === undefined ? Infinity : 0;
    let since = performance.now();
    let last = this.#step;
    for (const target of steps) {
      if (!Number.isInteger(target) || target < last) {
        throw new RangeError(`training: expected reports at whole steps from ${last} on, found ${target}`);
      }
      last = target;
      while (this.#step < target && !signal?.aborted) {
        if (pace !== undefined && allowed < 1) {
          if (!this.settled || due.length > 0) yield* this.#drain(due);
          allowed = await pace.next(this.#step, this.#last);
          since = performance.now();
          continue;
        }
        const count = Math.min(target - this.#step, budget - (this.#step - this.#drained), allowed);
        this.#queue(count);
        allowed -= count;
        if (this.#step - this.#drained < budget && allowed >= 1) continue;
        const whole = this.#step - this.#drained >= budget;
        yield* this.#drain(due);
        onWait?.(this.#drained);
        const factor = Math.min(4, (pace?.ms ?? REPORT_MS) / (performance.now() - since));
        if (whole) budget = Math.min(Math.ceil(budget * factor), rows - 1);
        if (pace !== undefined) allowed = 0;
        since = performance.now();
      }
      if (this.#step < target) break;
      this.#parts.observe?.();
      for (const ring of this.#rings) ring.push();
      if (due.push(target) === capacity || pause?.(target)) yield* this.#drain(due);
    }
    yield* this.#drain(due);
  }

  #queue(steps: number): void {
    const { clock, program, stride = 1 } = this.#parts;
    clock.write([this.#step + steps], 1);
    program.replay(Math.ceil(steps / stride));
    this.#step += steps;
  }

  /** Waits for the queue, checks every loss since the last time, and yields the reports due before the first lost one. */
  async *#drain(due: number[]): AsyncGenerator<LoopReport> {
    const copies: Float32Array[][] = [];
    for (const ring of this.#rings) copies.push(await ring.drain());
    const { losses } = this.#parts;
    const [rows, R] = losses.shape;
    const all = await this.#rows.read(losses, 0, losses.size);
    // Views of one copy: a buffer for every step would be garbage for whose sake the heap grows.
    const start = this.#drained;
    const recent = new Float32Array((this.#step - start) * R);
    for (let step = start; step < this.#step; step++) {
      const row = step % rows * R;
      for (let r = 0; r < R; r++) recent[(step - start) * R + r] = all[row + r];
    }
    const lossAt = (step: number) => recent.subarray((step - start) * R, (step - start + 1) * R);
    const { mask } = this.#parts;
    const lost = mask ? null : this.#firstLost(lossAt);
    const take = () => {
      const losses = lossAt(this.#drained);
      mask?.mark(this.#drained, losses, "loss");
      mask?.cover(losses);
      this.#losses.push(losses);
      this.#last = losses;
      this.#drained++;
    };
    // With a mask, a report knows of the losses before it alone, however far the GPU is ahead.
    const reports: LoopReport[] = [];
    for (const [index, step] of due.splice(0).entries()) {
      while (this.#drained < step) take();
      const watched = copies.map((ring) => ring[index]);
      if (mask) this.#cover(mask, step, watched);
      if (mask?.end) break;
      reports.push({ step, losses: this.#losses.splice(0), watched, diverged: mask?.steps ?? new Map() });
    }
    while (this.#drained < this.#step) take();
    // Parameters are finite where the loss that they give is; of those at the lost step nobody knows.
    for (const report of reports) if (!lost || report.step < lost.step) yield report;
    const end = lost ?? mask?.end;
    if (end) throw end;
  }

  /** Marks replicas by their watched numbers, and covers those, where replicas are the first axis. */
  #cover(mask: DivergenceMask, step: number, watched: readonly Float32Array[]): void {
    const { watched: tensors, names } = this.#parts;
    const ofReplicas = (_: unknown, index: number) => tensors[index].shape[0] === mask.replicas;
    watched.forEach((values, index) => {
      if (ofReplicas(values, index)) mask.mark(step, values, names?.[index] ?? "number");
    });
    for (const values of watched.filter(ofReplicas)) mask.cover(values);
  }

  #firstLost(lossAt: (step: number) => Float32Array): DivergenceError | null {
    for (let step = this.#drained; step < this.#step; step++) {
      const replica = lossAt(step).findIndex((value) => !Number.isFinite(value));
      if (replica >= 0) return new DivergenceError(replica, step);
    }
    return null;
  }

  /** Frees the GPU memory of the loop itself. */
  destroy(): void {
    for (const ring of this.#rings) ring.destroy();
    this.#rows.destroy();
  }

  /** Frees the GPU memory at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}
