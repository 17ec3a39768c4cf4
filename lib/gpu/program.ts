/** Record once, replay: a list of dispatches over buffers that are planned when the recording ends. */
import { currentGpu, type Gpu } from "./device.ts";
import type { DType } from "./dtype.ts";
import { fuseLaunches } from "./fuse.ts";
import { bind, bytesMoved, type Launch, packUniforms } from "./launch.ts";
import { neededLaunches, planMemory } from "./plan.ts";
import { Program, type ProgramParts, type ProgramWork } from "./recorded_program.ts";
import { Tensor } from "./tensor.ts";
import { type Trace, traceInto } from "./trace.ts";

export { Program, type ProgramWork } from "./recorded_program.ts";
export { makeTensor, own } from "./trace.ts";

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
 * import { advance } from "../../kernels/shared/advance.ts";
 * import { matmul } from "../../kernels/matmul/matmul.ts";
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
 * import { matmul } from "../../kernels/matmul/matmul.ts";
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

function build<T>(trace: Trace, outputs: T): ProgramParts<T> {
  const gpu = currentGpu();
  const { label } = trace;
  const needed = neededLaunches(trace.launches, trace.kept);
  const joined = fusing ? fuseLaunches(gpu, needed, trace.kept) : needed;
  const { launches, buffers, buffer } = planMemory(joined, trace.kept);
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const made = buffers.map((size) => gpu.guard(label, () => gpu.device.createBuffer({ label, size, usage })));
  trace.owned.push(...made);
  let unshared = 0;
  for (const [memory, index] of buffer) {
    memory.place({ buffer: made[index], offset: 0 }, !trace.kept.has(memory));
    unshared += memory.bytes;
  }
  for (const { tensors } of needed) {
    for (const { tensor: { memory } } of tensors) if (memory.planned && !memory.placed) memory.passOver();
  }
  const { dispatches, uniforms } = bindAll(gpu, label, launches);
  const owned = uniforms ? [...trace.owned, uniforms] : trace.owned;
  const used = new Set(launches.flatMap(({ tensors }) => tensors.map(({ tensor }) => tensor)));
  const planned = buffers.reduce((sum, size) => sum + size, 0);
  const work = { ...workOf(launches), unfused: workOf(needed) };
  return { outputs, dispatches, used, owned, memory: { planned, unshared }, work };
}

function workOf(launches: readonly Launch[]): ProgramWork {
  return { launches: launches.length, bytes: launches.reduce((sum, launch) => sum + bytesMoved(launch), 0) };
}

let fusing = true;

/**
 * Records programs whose kernels stay apart while `work` runs, for comparisons: the results are the same bits.
 *
 * @param work Records programs.
 * @returns What `work` returned.
 *
 * @example
 * ```ts
 * import { openGpu } from "./device.ts";
 * import { record, withoutFusion } from "./program.ts";
 * import { Tensor } from "./tensor.ts";
 * import { exp, square } from "../../kernels/elementwise/unary.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 2, 3, 4]);
 * const step = () => exp(square(x));
 * using apart = await withoutFusion(() => record("apart", step));
 * using fused = await record("fused", step);
 * assertEquals([apart.dispatches, fused.dispatches], [["square", "exp"], ["square + exp"]]);
 * // The square is neither written nor read.
 * assertEquals([apart.work.bytes, fused.work.bytes], [64, 32]);
 * ```
 */
export async function withoutFusion<T>(work: () => Promise<T>): Promise<T> {
  const before = fusing;
  fusing = false;
  try {
    return await work();
  } finally {
    fusing = before;
  }
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
