/** The one device of a process, with every GPU error turned into an exception. */
import { type AdapterChoice, type AdapterSummary, requestDevice } from "./adapter.ts";
import { dryDevice, type DryMemory } from "./dry_device.ts";
import { GpuError, type GpuErrorKind } from "./errors.ts";

export type { AdapterChoice, AdapterSummary } from "./adapter.ts";

/** A result that WebGPU has not delivered yet, or a failure that nobody has thrown yet. */
interface Check {
  readonly done: Promise<void>;
  fault: GpuError | null;
}

/**
 * A WebGPU device with its faults under control.
 *
 * WebGPU reports a fault late, as an event that nobody needs to hear. Here it is thrown by the next {@linkcode check}
 * or {@linkcode settle}, and a process that ends without either prints it and exits with code 1. One gap remains: a
 * fault raised right before `Deno.exit(0)` is not known by then, so await {@linkcode finish} first.
 */
export class Gpu {
  /** The WebGPU device. */
  readonly device: GPUDevice;
  /** Adapter that runs it. */
  readonly adapter: AdapterSummary;
  /** Account of the memory where nothing is computed: of a dry run. */
  readonly dry: DryMemory | null;
  /** Directives on one line that WGSL texts begin with; empty where none are needed. */
  readonly enables: string;
  /** In order of registration: a consequence (no pipeline) comes after its cause (a shader error). */
  readonly #checks = new Set<Check>();
  #uncaptured: GpuError | null = null;
  #lost: GpuError | null = null;

  /**
   * Listens to the device's faults.
   *
   * @param device The WebGPU device.
   * @param adapter What runs it.
   * @param dry Account of the memory of a device that computes nothing.
   * @param enables Directives that WGSL texts must begin with.
   */
  constructor(device: GPUDevice, adapter: AdapterSummary, dry: DryMemory | null = null, enables = "") {
    this.device = device;
    this.adapter = adapter;
    this.dry = dry;
    this.enables = enables;
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      const { error } = event as GPUUncapturedErrorEvent;
      this.#uncaptured ??= new GpuError(kindOf(error), "GPU", error.message);
    });
    device.lost.then(({ reason, message }) => {
      const destroyed = reason === "destroyed";
      const found = destroyed ? "one that was destroyed" : `a lost one: ${message || reason}`;
      this.#lost = new GpuError("device-lost", "GPU", `expected an open device, found ${found}`);
      if (!destroyed) this.#uncaptured ??= this.#lost;
    });
    // The last net: a fault that nobody awaited must not leave the process with exit code 0. A page has none.
    if (!("Deno" in globalThis)) return;
    globalThis.addEventListener("unload", () => {
      const fault = this.#firstFault();
      if (!fault) return;
      console.error(`error: ${fault.message}`);
      Deno.exit(1);
    });
  }

  /** Whether the device was lost or destroyed; nothing runs on it any more. */
  get lost(): boolean {
    return this.#lost !== null;
  }

  /**
   * Runs WebGPU calls inside error scopes; what they report is thrown by the next {@linkcode settle} or {@linkcode check}.
   *
   * @param label What is being created; stands in the error's message.
   * @param create Calls that may report validation, out-of-memory or internal errors; must not await.
   * @returns What `create` returned.
   * @throws {GpuError} If the device is lost.
   */
  guard<T>(label: string, create: () => T): T {
    if (this.#lost) throw this.#lost;
    const { device } = this;
    const filters = ["out-of-memory", "internal", "validation"] as const;
    for (const filter of filters) device.pushErrorScope(filter);
    try {
      return create();
    } finally {
      for (const _ of filters) {
        this.defer(device.popErrorScope().then((error) => error && new GpuError(kindOf(error), label, error.message)));
      }
    }
  }

  /**
   * Throws what the adapter's limits forbid; a dry run notes it and goes on, so that it finds everything.
   *
   * @param error What is too large.
   * @throws {GpuError} The error, but for a dry run.
   */
  refuse(error: GpuError): void {
    if (!this.dry) throw error;
    this.dry.refused.push(error);
  }

  /**
   * Registers a check whose failure {@linkcode settle} throws; of several, the one registered first.
   *
   * @param check Resolves to the failure, or to null.
   */
  defer(check: Promise<GpuError | null>): void {
    const entry: Check = {
      fault: null,
      done: check.then((fault) => {
        entry.fault = fault;
        if (!fault) this.#checks.delete(entry);
      }),
    };
    this.#checks.add(entry);
  }

  /**
   * Throws the first fault that is known by now. Synchronous: safe in a steady-state loop.
   *
   * @throws {GpuError} If any GPU operation has failed.
   */
  check(): void {
    const fault = this.#firstFault();
    if (fault) {
      for (const check of this.#checks) if (check.fault) this.#checks.delete(check);
      this.#uncaptured = null;
      throw fault;
    }
    if (this.#lost) throw this.#lost;
  }

  /**
   * Waits for every pending creation check, then throws the first fault.
   *
   * @throws {GpuError} If any GPU operation has failed.
   */
  async settle(): Promise<void> {
    for (const { done } of this.#checks) await done;
    this.check();
  }

  /**
   * Waits until the queue is empty.
   *
   * @throws {GpuError} If any GPU operation has failed.
   */
  async finish(): Promise<void> {
    await this.device.queue.onSubmittedWorkDone();
    await this.settle();
  }

  /** An earlier check that is still open may turn out to be the cause, so only the first one counts. */
  #firstFault(): GpuError | null {
    const [first] = this.#checks;
    return first?.fault ?? this.#uncaptured;
  }
}

function kindOf(error: GPUError): GpuErrorKind {
  if (error instanceof GPUOutOfMemoryError) return "out-of-memory";
  return error instanceof GPUValidationError ? "validation" : "internal";
}

let opening: { readonly choice: AdapterChoice; readonly gpu: Promise<Gpu> } | null = null;
let current: Gpu | null = null;
let dry: Gpu | null = null;

/**
 * Opens the process's device, or returns it if it is open.
 *
 * A real GPU is preferred; without one the software driver is taken. All limits the adapter offers are requested.
 * After the device was lost or destroyed, a new one is opened; tensors and programs of the old one are gone.
 *
 * @param choice Which adapter to ask for; by default the open one, or else `high-performance`.
 * @returns The shared device.
 * @throws {GpuError} Of kind `no-adapter`, with the command that mends it.
 * @throws {Error} If a device of another choice is open: a process has one.
 *
 * @example
 * ```ts
 * import { openGpu } from "./device.ts";
 *
 * const gpu = await openGpu();
 * console.log(gpu.adapter.description, gpu.adapter.software ? "(software)" : "");
 * ```
 */
export async function openGpu(choice?: AdapterChoice): Promise<Gpu> {
  if (dry) return dry;
  if (current?.lost) opening = current = null;
  if (opening && choice && choice !== opening.choice) {
    throw new Error(`GPU: expected the adapter "${opening.choice}" that is open already, found "${choice}"`);
  }
  const wanted = choice ?? "high-performance";
  opening ??= {
    choice: wanted,
    gpu: requestDevice(wanted).then(({ device, adapter, enables }) => new Gpu(device, adapter, null, enables)),
  };
  try {
    return current = await opening.gpu;
  } catch (error) {
    opening = null;
    throw error;
  }
}

/**
 * The device that {@linkcode openGpu} opened.
 *
 * @returns The shared device.
 * @throws {Error} If none is open yet.
 *
 * @example
 * ```ts
 * import { currentGpu, openGpu } from "./device.ts";
 * import { assertStrictEquals } from "@std/assert";
 *
 * const gpu = await openGpu();
 * assertStrictEquals(currentGpu(), gpu);
 * ```
 */
export function currentGpu(): Gpu {
  if (dry) return dry;
  if (!current) throw new Error("expected an open GPU, found none: await openGpu() first");
  return current;
}

/**
 * Does work on a device that compiles kernels, checks sizes and keeps account of memory, but computes nothing: reads return
 * made-up numbers. Tensors and programs of it must not be used afterwards.
 *
 * @param choice Adapter whose limits hold; by default as {@linkcode openGpu} has it.
 * @param work Is given the device; {@linkcode openGpu} and {@linkcode currentGpu} return it too until the work has ended.
 * @returns What `work` returned.
 * @throws {GpuError} If there is no adapter.
 * @throws {Error} If such work is under way.
 *
 * @example
 * ```ts
 * import { withoutComputing } from "./device.ts";
 * import { Tensor } from "./tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await withoutComputing(undefined, async ({ dry }) => {
 *   using x = new Tensor([1024, 1024], "f32", "x");
 *   assertEquals((await x.read()).length, 2 ** 20);
 *   // The tensor, and what it was read through.
 *   assertEquals(dry.peak, 2 * 2 ** 22);
 * });
 * ```
 */
export async function withoutComputing<T>(
  choice: AdapterChoice | undefined,
  work: (gpu: Gpu & { readonly dry: DryMemory }) => Promise<T>,
): Promise<T> {
  if (dry) throw new Error("expected no dry run under way, found one");
  const { device, adapter } = await openGpu(choice);
  const before = dryDevice(device);
  dry = new Gpu(before.device, adapter, before.memory);
  try {
    return await work(dry as Gpu & { readonly dry: DryMemory });
  } finally {
    dry = null;
  }
}
