/** Where a program's time goes: each dispatch between two time stamps of the GPU. */
import type { Gpu } from "./device.ts";
import { type Dispatch, encode } from "./dispatch.ts";
import { GpuError } from "./errors.ts";
import type { ProgramWork } from "./recorded_program.ts";

/** Time of one kernel in one replay of a program. */
export interface KernelTime {
  /** Label of the program. */
  readonly program: string;
  /** Label of the kernel. */
  readonly kernel: string;
  /** Launches per replay. */
  readonly launches: number;
  /** Milliseconds per replay, all launches together; median over replays. */
  readonly elapsedMs: number;
  /** Floating-point operations per replay, or null if the kernel does not say. */
  readonly flops: number | null;
  /** Bytes per replay of all bound tensors, each read or written once; twice where changed in place. */
  readonly bytes: number;
}

/** Time of a program, and how much of it kernels take. */
export interface ProgramTime {
  /** Label of the program. */
  readonly program: string;
  /** Replays in all, measured or not. */
  readonly replays: number;
  /** Milliseconds from the first time stamp of a replay to the last; median over replays. */
  readonly elapsedMs: number;
  /** Bytes of the buffers that the program planned; parameters and other tensors of the caller are not among them. */
  readonly plannedBytes: number;
  /** Launches and bytes moved of a replay, and what they would be without fusion. */
  readonly work: ProgramWork & { readonly unfused: ProgramWork };
  /** Its kernels, the slowest first. */
  readonly kernels: readonly KernelTime[];
}

/** Time stamps that fit one set. */
const MOST_STAMPS = 4096;
/** Replays that are measured at most. */
const SAMPLES = 6;
/** Replays before those that are measured: the first ones compile and fill caches. */
export const WARM_UP = 2;

/** A program that is replayed. */
export interface Profiled {
  /** Label of the program. */
  readonly label: string;
  /** Bytes of the buffers that it planned. */
  readonly plannedBytes: number;
  /** Launches and bytes moved of a replay, and what they would be without fusion. */
  readonly work: ProgramWork & { readonly unfused: ProgramWork };
}

/** Times and counts of a program. */
interface Measured extends Profiled {
  replays: number;
  readonly samples: Promise<BigUint64Array>[];
}

/** Measures the first replays of every program while it is switched on. */
export class Profiler {
  readonly #gpu: Gpu;
  /** Programs by their dispatches: labels need not differ. */
  readonly #programs = new Map<readonly Dispatch[], Measured>();

  /**
   * A profiler for a device.
   *
   * @param gpu Device.
   * @throws {GpuError} If the adapter has no time stamps.
   */
  constructor(gpu: Gpu) {
    if (!gpu.device.features.has("timestamp-query")) {
      throw new GpuError("validation", "profile", "expected an adapter with time stamps (timestamp-query), found none");
    }
    this.#gpu = gpu;
  }

  /**
   * Replays a program once with time stamps, if it is still to be measured.
   *
   * @param program The program.
   * @param dispatches What it launches.
   * @param times Replays that are asked for.
   * @returns Replays that are left to do without time stamps.
   */
  replay(program: Profiled, dispatches: readonly Dispatch[], times: number): number {
    let known = this.#programs.get(dispatches);
    if (!known) this.#programs.set(dispatches, known = { ...program, replays: 0, samples: [] });
    const before = known.replays;
    known.replays += times;
    if (times === 0 || before < WARM_UP || known.samples.length >= SAMPLES) return times;
    if (dispatches.length === 0 || 2 * dispatches.length > MOST_STAMPS) return times;
    known.samples.push(this.#measure(program.label, dispatches));
    return times - 1;
  }

  #measure(label: string, dispatches: readonly Dispatch[]): Promise<BigUint64Array> {
    const { device } = this.#gpu;
    const count = 2 * dispatches.length;
    const querySet = device.createQuerySet({ label, type: "timestamp", count });
    const size = 8 * count;
    const resolved = device.createBuffer({ size, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
    const staging = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = device.createCommandEncoder({ label });
    dispatches.forEach((dispatch, index) => {
      const timestampWrites = { querySet, beginningOfPassWriteIndex: 2 * index, endOfPassWriteIndex: 2 * index + 1 };
      const pass = encoder.beginComputePass({ label, timestampWrites });
      encode(pass, dispatch);
      pass.end();
    });
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
    device.queue.submit([encoder.finish()]);
    return staging.mapAsync(GPUMapMode.READ).then(() => {
      const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
      for (const resource of [staging, resolved, querySet]) resource.destroy();
      return stamps;
    });
  }

  /**
   * Waits for the measurements.
   *
   * @returns Programs in the order in which they were first replayed; those never measured are left out.
   */
  async programs(): Promise<ProgramTime[]> {
    const found: ProgramTime[] = [];
    for (const [dispatches, { label: program, plannedBytes, work, replays, samples }] of this.#programs) {
      if (samples.length === 0) continue;
      const stamps = await Promise.all(samples);
      const between = (from: number, to: number) =>
        median(stamps.map((values) => Number(values[to] - values[from]) / 1e6));
      const kernels = [...Map.groupBy(dispatches.keys(), (index) => dispatches[index].label)].map(
        ([kernel, indices]): KernelTime => {
          const sum = (of: (dispatch: Dispatch) => number) =>
            indices.reduce((total, index) => total + of(dispatches[index]), 0);
          const silent = indices.some((index) => dispatches[index].flops === null);
          const elapsedMs = indices.reduce((total, index) => total + between(2 * index, 2 * index + 1), 0);
          const flops = silent ? null : sum(({ flops }) => flops ?? 0);
          return { program, kernel, launches: indices.length, elapsedMs, flops, bytes: sum(({ bytes }) => bytes) };
        },
      );
      const elapsedMs = between(0, 2 * dispatches.length - 1);
      const slowestFirst = kernels.toSorted((a, b) => b.elapsedMs - a.elapsedMs);
      found.push({ program, replays, elapsedMs, plannedBytes, work, kernels: slowestFirst });
    }
    return found;
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

let active: Profiler | null = null;

/**
 * Measures every program from now on.
 *
 * @param gpu Device.
 * @returns The profiler, which knows the times.
 * @throws {GpuError} If the adapter has no time stamps.
 */
export function startProfiling(gpu: Gpu): Profiler {
  return active = new Profiler(gpu);
}

/**
 * The profiler that is switched on.
 *
 * @returns The profiler, or null.
 */
export function currentProfiler(): Profiler | null {
  return active;
}

/** Measures nothing any more. */
export function stopProfiling(): void {
  active = null;
}
