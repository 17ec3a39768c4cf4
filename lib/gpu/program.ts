/** Record once, replay: a list of dispatches over preallocated buffers. */
import { currentGpu, type Gpu } from "./device.ts";
import { type Dispatch, encode } from "./dispatch.ts";
import { GpuError } from "./errors.ts";
import type { DType, Tensor } from "./tensor.ts";

/** What a trace collects. */
export interface Trace {
  /** Kernel launches, in order. */
  readonly dispatches: Dispatch[];
  /** Buffers made while tracing; they live as long as the program. */
  readonly owned: { destroy(): void }[];
  /** Every tensor that a launch is bound to. */
  readonly used: Set<Tensor<DType>>;
}

let tracing: Trace | null = null;

/**
 * The trace that kernel calls append to.
 *
 * @returns The trace, or null outside of {@linkcode record}.
 */
export function currentTrace(): Trace | null {
  return tracing;
}

/** Enough work per submission that its cost vanishes, little enough that the driver can start early. */
const DISPATCHES_PER_SUBMIT = 512;

/**
 * A recorded list of dispatches; made by {@linkcode record}.
 *
 * Replaying allocates no GPU memory and never awaits. Whatever varies from one replay to the next (step counter,
 * learning rate, random streams) is read from GPU memory by the kernels themselves.
 */
export class Program implements Disposable {
  /** Stands in error messages and profiles. */
  readonly label: string;
  readonly #gpu: Gpu = currentGpu();
  readonly #trace: Trace;
  #destroyed = false;

  /**
   * Takes over a finished trace.
   *
   * @param label Stands in error messages and profiles.
   * @param trace What was recorded; the program owns its buffers from now on.
   */
  constructor(label: string, trace: Trace) {
    this.label = label;
    this.#trace = trace;
  }

  /** Labels of the dispatches, in order. */
  get dispatches(): readonly string[] {
    return this.#trace.dispatches.map(({ label }) => label);
  }

  /**
   * Submits the recorded dispatches, in order, `times` times over.
   *
   * @param times Number of repetitions, an integer ≥ 0.
   * @throws {RangeError} If `times` is anything else.
   * @throws {GpuError} If the program or one of its tensors was destroyed, or an earlier GPU operation is known to
   * have failed.
   */
  replay(times = 1): void {
    if (!Number.isInteger(times) || times < 0) {
      throw new RangeError(`${this.label}: expected an integer number of replays ≥ 0, found ${times}`);
    }
    this.#gpu.check();
    this.#checkAlive();
    const { device } = this.#gpu;
    const { dispatches } = this.#trace;
    const perSubmit = Math.max(1, Math.floor(DISPATCHES_PER_SUBMIT / Math.max(1, dispatches.length)));
    for (let done = 0; done < times; done += perSubmit) {
      const encoder = device.createCommandEncoder({ label: this.label });
      const pass = encoder.beginComputePass({ label: this.label });
      for (let repeat = Math.min(perSubmit, times - done); repeat > 0; repeat--) {
        for (const dispatch of dispatches) encode(pass, dispatch);
      }
      pass.end();
      device.queue.submit([encoder.finish()]);
    }
  }

  #checkAlive(): void {
    if (this.#destroyed) {
      throw new GpuError("validation", this.label, "expected a live program, found one that was destroyed");
    }
    for (const tensor of this.#trace.used) {
      if (tensor.destroyed) {
        throw new GpuError("validation", this.label, `expected live tensors, found "${tensor.label}" destroyed`);
      }
    }
  }

  /** Frees every buffer made while recording. The program must not be replayed afterwards. */
  destroy(): void {
    this.#destroyed = true;
    release(this.#trace);
  }

  /** Frees the program at the end of a `using` scope. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}

function release(trace: Trace): void {
  for (const resource of trace.owned.splice(0)) resource.destroy();
  trace.dispatches.length = 0;
  trace.used.clear();
}

/**
 * Runs `step` once without executing it and returns its kernel calls as a program.
 *
 * Tensors that kernels return while recording belong to the program and are freed with it. `Tensor.write` and
 * `Tensor.from` inside `step` are no kernel calls: they take effect once, now.
 *
 * @param label Stands in error messages and profiles.
 * @param step Calls kernels; must not await.
 * @returns The program, with every pipeline and buffer checked.
 * @throws {GpuError} If a kernel does not compile or a buffer cannot be made.
 * @throws {Error} If another program is being recorded, or `step` is an async function.
 *
 * @example
 * ```ts
 * import { openGpu } from "./device.ts";
 * import { Tensor } from "./tensor.ts";
 * import { record } from "./program.ts";
 * import { advance } from "../../kernels/advance.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using clock = Tensor.from(Uint32Array.of(0, 5, 1), [3]);
 * using program = await record("clock", () => {
 *   advance({ clock });
 * });
 * program.replay(9);
 * assertEquals((await clock.read())[0], 5);
 * ```
 */
export async function record(label: string, step: () => void): Promise<Program> {
  if (tracing) throw new Error(`${label}: expected no recording in progress, found one: programs do not nest`);
  const trace: Trace = { dispatches: [], owned: [], used: new Set() };
  tracing = trace;
  try {
    const result: unknown = step();
    if (result instanceof Promise) {
      throw new Error(`${label}: expected a step that does not await, found an async function`);
    }
  } catch (error) {
    release(trace);
    throw error;
  } finally {
    tracing = null;
  }
  const program = new Program(label, trace);
  try {
    await currentGpu().settle();
  } catch (error) {
    program.destroy();
    throw error;
  }
  return program;
}

/**
 * Keeps a tensor alive as long as the program being recorded; outside of a recording the caller owns it.
 *
 * @param tensor Made while recording.
 * @returns The same tensor.
 *
 * @example
 * ```ts
 * import { openGpu } from "./device.ts";
 * import { own, record } from "./program.ts";
 * import { Tensor } from "./tensor.ts";
 * import { assert } from "@std/assert";
 *
 * await openGpu();
 * let scratch: Tensor | null = null;
 * const program = await record("scratch", () => {
 *   scratch = own(new Tensor([4]));
 * });
 * program.destroy();
 * assert(scratch!.destroyed);
 * ```
 */
export function own<T extends DType>(tensor: Tensor<T>): Tensor<T> {
  tracing?.owned.push(tensor);
  return tensor;
}
