/** Record once, replay: a list of dispatches over buffers that are planned when the recording ends. */
import { currentGpu, type Gpu } from "./device.ts";
import { type Dispatch, encode } from "./dispatch.ts";
import type { DType } from "./dtype.ts";
import { GpuError } from "./errors.ts";
import { bind, type Launch, packUniforms } from "./launch.ts";
import { planMemory } from "./plan.ts";
import { currentProfiler } from "./profiler.ts";
import { Tensor } from "./tensor.ts";
import { type Trace, traceInto } from "./trace.ts";

export { makeTensor, own } from "./trace.ts";

/** Enough work per submission that its cost vanishes, little enough that the driver can start early. */
const DISPATCHES_PER_SUBMIT = 512;

/** What a program is made of, once its memory is planned. */
interface Parts<T> {
  readonly outputs: T;
  readonly dispatches: readonly Dispatch[];
  /** Every tensor that a launch is bound to. */
  readonly used: ReadonlySet<Tensor<DType>>;
  /** Buffers and tensors that are freed with the program. */
  readonly owned: readonly { destroy(): void }[];
  /** Bytes of planned memory: what it takes, and what it would take without sharing. */
  readonly memory: { readonly planned: number; readonly unshared: number };
}

/**
 * A recorded list of dispatches; made by {@linkcode record}.
 *
 * Replaying allocates no GPU memory and never awaits. Whatever varies from one replay to the next (step counter,
 * learning rate, random streams) is read from GPU memory by the kernels themselves.
 */
export class Program<T = void> implements Disposable {
  /** Stands in error messages and profiles. */
  readonly label: string;
  /** What the recorded step returned; its tensors can be read after a replay. */
  readonly outputs: T;
  /**
   * GPU memory that kernels of the program write and nobody allocated, in bytes: `planned` is what it takes, `unshared` what
   * it would take if every tensor had a buffer of its own. Almost all of it grows with the number of replicas.
   *
   * Not counted are tensors of the caller (parameters, the optimiser's state, batches kept on the GPU), tensors that the
   * step allocated itself ({@linkcode own}), and 256 bytes for each dispatch.
   */
  readonly memory: { readonly planned: number; readonly unshared: number };
  readonly #gpu: Gpu = currentGpu();
  readonly #parts: Parts<T>;
  #destroyed = false;

  /**
   * Takes over a finished trace.
   *
   * @param label Stands in error messages and profiles.
   * @param parts What was recorded; the program owns its buffers from now on.
   */
  constructor(label: string, parts: Parts<T>) {
    this.label = label;
    this.outputs = parts.outputs;
    this.memory = parts.memory;
    this.#parts = parts;
  }

  /** Labels of the dispatches, in order. */
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
    const { device } = this.#gpu;
    const { dispatches } = this.#parts;
    const left =
      currentProfiler()?.replay({ label: this.label, plannedBytes: this.memory.planned }, dispatches, times) ?? times;
    const perSubmit = Math.max(1, Math.floor(DISPATCHES_PER_SUBMIT / Math.max(1, dispatches.length)));
    for (let done = 0; done < left; done += perSubmit) {
      const encoder = device.createCommandEncoder({ label: this.label });
      const pass = encoder.beginComputePass({ label: this.label });
      for (let repeat = Math.min(perSubmit, left - done); repeat > 0; repeat--) {
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

/**
 * Runs `step` once without executing it and returns its kernel calls as a program.
 *
 * Tensors that kernels return while recording are planned: they share buffers over time, and kernels that nothing
 * depends on are left out. Return those that are to be read after a replay; they are freed with the program.
 * `Tensor.write` and `Tensor.from` inside `step` are no kernel calls: they take effect once, now.
 *
 * @param label Stands in error messages and profiles.
 * @param step Calls kernels; must not await. Returns a tensor, or tensors in arrays and objects, to keep.
 * @returns The program, with every pipeline and buffer checked.
 * @throws {GpuError} If a kernel does not compile or a buffer cannot be made.
 * @throws {ShapeError} If a planned tensor is read before any kernel writes it.
 * @throws {Error} If another program is being recorded, or `step` is an async function.
 *
 * @example
 * ```ts
 * import { openGpu } from "./device.ts";
 * import { Tensor } from "./tensor.ts";
 * import { record } from "./program.ts";
 * import { advance } from "../../kernels/advance.ts";
 * import { matmul } from "../../kernels/matmul.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using clock = Tensor.from(Uint32Array.of(0, 5, 1), [3]);
 * using a = Tensor.from([1, 2], [1, 2]);
 * using program = await record("square", () => {
 *   advance({ clock });
 *   return matmul(a, a, { transposeB: true });
 * });
 * program.replay(9);
 * assertEquals([(await clock.read())[0], ...await program.outputs.read()], [5, 5]);
 * ```
 */
export async function record<T = void>(label: string, step: () => T): Promise<Program<T>> {
  const trace: Trace = {
    label,
    launches: [],
    owned: [],
    kept: new Set(),
    tape: [],
    taping: true,
    secondOrder: false,
  };
  let program: Program<T>;
  try {
    const outputs = traceInto(trace, step);
    if (outputs instanceof Promise) {
      throw new Error(`${label}: expected a step that does not await, found an async function`);
    }
    for (const { memory } of tensorsIn(outputs)) if (memory.planned && !memory.placed) trace.kept.add(memory);
    program = new Program(label, build(trace, outputs));
  } catch (error) {
    for (const resource of trace.owned) resource.destroy();
    for (const { tensor } of trace.launches.flatMap(({ tensors }) => tensors)) {
      if (tensor.memory.planned) tensor.memory.destroy();
    }
    throw error;
  }
  try {
    await currentGpu().settle();
  } catch (error) {
    program.destroy();
    throw error;
  }
  return program;
}

/**
 * Records `compute`, runs it once, and hands over what it returns: the way to call composed operations on their own.
 *
 * @param compute Calls kernels; must not await.
 * @returns Copies of the tensors that `compute` returned, which the caller owns, in the same arrays and objects.
 * @throws {GpuError} If a kernel does not compile or a buffer cannot be made.
 *
 * @example
 * ```ts
 * import { openGpu } from "./device.ts";
 * import { Tensor } from "./tensor.ts";
 * import { evaluate } from "./program.ts";
 * import { matmul } from "../../kernels/matmul.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([1, 2, 3, 4], [2, 2]);
 * using cube = await evaluate(() => matmul(matmul(a, a), a));
 * assertEquals([...await cube.read()], [37, 54, 81, 118]);
 * ```
 */
export async function evaluate<T>(compute: () => T): Promise<T> {
  const program = await record("evaluate", compute);
  try {
    program.replay();
    const copies = new Map<Tensor<DType>, Tensor<DType>>();
    for (const tensor of tensorsIn(program.outputs)) copies.set(tensor, copyOf(tensor));
    await currentGpu().settle();
    return mapTensors(program.outputs, (tensor) => copies.get(tensor)!) as T;
  } finally {
    program.destroy();
  }
}

function copyOf(tensor: Tensor<DType>): Tensor<DType> {
  const { device } = currentGpu();
  const copy = new Tensor(tensor.shape, tensor.dtype, tensor.label);
  const [from, to] = [tensor.binding, copy.binding];
  const encoder = device.createCommandEncoder({ label: tensor.label });
  encoder.copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, from.size);
  device.queue.submit([encoder.finish()]);
  return copy;
}

function build<T>(trace: Trace, outputs: T): Parts<T> {
  const gpu = currentGpu();
  const { label } = trace;
  const { launches, buffers, buffer } = planMemory(trace.launches, trace.kept);
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const made = buffers.map((size) => gpu.guard(label, () => gpu.device.createBuffer({ label, size, usage })));
  trace.owned.push(...made);
  let unshared = 0;
  for (const [memory, index] of buffer) {
    memory.place({ buffer: made[index], offset: 0 }, !trace.kept.has(memory));
    unshared += memory.bytes;
  }
  const { dispatches, uniforms } = bindAll(gpu, label, launches);
  const owned = uniforms ? [...trace.owned, uniforms] : trace.owned;
  const used = new Set(launches.flatMap(({ tensors }) => tensors.map(({ tensor }) => tensor)));
  const planned = buffers.reduce((sum, size) => sum + size, 0);
  return { outputs, dispatches, used, owned, memory: { planned, unshared } };
}

function bindAll(gpu: Gpu, label: string, launches: readonly Launch[]) {
  if (launches.length === 0) return { dispatches: [], uniforms: null };
  const { buffer, offsets } = packUniforms(gpu, label, launches);
  const dispatches = launches.map((launch, index) => bind(gpu, launch, { buffer, offset: offsets[index] }));
  return { dispatches, uniforms: buffer };
}

/** The tensors in a value: itself, or those in its arrays and plain objects. */
function tensorsIn(value: unknown): Tensor<DType>[] {
  const found: Tensor<DType>[] = [];
  mapTensors(value, (tensor) => {
    found.push(tensor);
    return tensor;
  });
  return found;
}

function mapTensors(value: unknown, change: (tensor: Tensor<DType>) => Tensor<DType>): unknown {
  if (value instanceof Tensor) return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTensors(item, change));
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTensors(item, change)]));
  }
  return value;
}
