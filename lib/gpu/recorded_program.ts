/** A recorded list of dispatches, ready to be replayed. */
import { currentGpu, type Gpu } from "./device.ts";
import { type Dispatch, encode } from "./dispatch.ts";
import type { DType } from "./dtype.ts";
import { GpuError } from "./errors.ts";
import { currentProfiler, WARM_UP } from "./profiler.ts";
import type { Tensor } from "./tensor.ts";

/** Enough work per submission that its cost vanishes, little enough that the driver can start early. */
const DISPATCHES_PER_SUBMIT = 512;

/** Work of a replay of a program. */
export interface ProgramWork {
  /** Kernel launches. */
  readonly launches: number;
  /** Bytes of all tensors that launches are bound to, each read or written once; twice where changed in place. */
  readonly bytes: number;
}

/** Parts of a program, once its memory is planned. */
export interface ProgramParts<T> {
  /** Results of the step. */
  readonly outputs: T;
  /** Launches in order. */
  readonly dispatches: readonly Dispatch[];
  /** Every tensor that a launch is bound to. */
  readonly used: ReadonlySet<Tensor<DType>>;
  /** Buffers and tensors that are freed with the program. */
  readonly owned: readonly { destroy(): void }[];
  /** Bytes of planned memory: what it takes, and what it would take without sharing. */
  readonly memory: { readonly planned: number; readonly unshared: number };
  /** Work of a replay, and that without fusion. */
  readonly work: ProgramWork & { readonly unfused: ProgramWork };
}

/**
 * A recorded list of dispatches; made by `record`.
 *
 * Replaying allocates no GPU memory and never awaits. Whatever varies from one replay to the next (step counter,
 * learning rate, random streams) is read from GPU memory by the kernels themselves.
 */
export class Program<T = void> implements Disposable {
  /** Stands in error messages and profiles. */
  readonly label: string;
  /** Results of the recorded step; its tensors can be read after a replay. */
  readonly outputs: T;
  /**
   * GPU memory that kernels of the program write and nobody allocated, in bytes: `planned` is what it takes, `unshared` what
   * it would take if every tensor had a buffer of its own. Almost all of it grows with the number of replicas.
   *
   * Not counted are tensors of the caller (parameters, the optimiser's state, batches kept on the GPU), tensors that the
   * step allocated itself (`own`), and 256 bytes for each dispatch.
   */
  readonly memory: { readonly planned: number; readonly unshared: number };
  /**
   * Launches and bytes moved of a replay, and what they would be if each recorded kernel were launched by itself (`unfused`):
   * kernels that are functions of single numbers join the kernel before them.
   */
  readonly work: ProgramWork & { readonly unfused: ProgramWork };
  readonly #gpu: Gpu = currentGpu();
  readonly #parts: ProgramParts<T>;
  #destroyed = false;

  /**
   * Takes over a finished trace.
   *
   * @param label Stands in error messages and profiles.
   * @param parts What was recorded; the program owns its buffers from now on.
   */
  constructor(label: string, parts: ProgramParts<T>) {
    this.label = label;
    this.outputs = parts.outputs;
    this.memory = parts.memory;
    this.work = parts.work;
    this.#parts = parts;
  }

  /** Labels of the dispatches, in order; those of fused kernels name their parts, such as `matmul + add`. */
  get dispatches(): readonly string[] {
    return this.#parts.dispatches.map(({ label }) => label);
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
    if (this.#gpu.dry) return;
    const profiler = currentProfiler();
    if (!profiler) return this.#submit(times);
    // What is replayed in one go is warm after its first replays too.
    const first = Math.min(times, WARM_UP);
    for (const part of [first, times - first]) {
      const about = { label: this.label, plannedBytes: this.memory.planned, work: this.work };
      this.#submit(profiler.replay(about, this.#parts.dispatches, part));
    }
  }

  #submit(times: number): void {
    const { device } = this.#gpu;
    const { dispatches } = this.#parts;
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
    for (const tensor of this.#parts.used) {
      if (tensor.destroyed) {
        throw new GpuError("validation", this.label, `expected live tensors, found "${tensor.label}" destroyed`);
      }
    }
  }

  /** Frees every buffer made while recording. The program must not be replayed afterwards. */
  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    for (const resource of this.#parts.owned) resource.destroy();
    for (const { memory } of this.#parts.used) if (memory.planned) memory.destroy();
  }

  /** Frees the program at the end of a `using` scope. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}
