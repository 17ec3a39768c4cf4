/**
 * The binding between WGSL names and host tensors: a kernel is declared once and then called like a function.
 *
 * The parts, in the order in which a call passes through them: `bindings.ts` reads what the WGSL text declares,
 * `declaration.ts` checks it against the host at load, `shapes.ts` checks the arguments of a call, `pipeline.ts`
 * compiles what `wgsl.ts` assembles, `dispatch.ts` launches. To add a kernel, write `kernels/FAMILY/OPERATION.wgsl` and
 * `OPERATION.ts` beside it; `kernels/README.md` shows how:
 *
 * - The WGSL opens with its formula and says what an invocation or workgroup does. It alone fixes slots and access.
 *   Tensors carry their axes as a trailing comment, `// (R, C)`; sizes and scalars come in `struct Dims`.
 * - The grid may overshoot, and beyond 65 535 workgroups it is folded into two dimensions: take the index from
 *   `group_index(group, groups)`, which every kernel has, and compare it with what is needed.
 * - No loop may run longer than {@linkcode MAX_LOOP_ITERATIONS} on a software driver, which ends it silently:
 *   {@linkcode checkLoopIterations} guards a bound that depends on sizes.
 * - `var x: T;` inside a loop is not zeroed again on a software driver: write `var x = T();`.
 * - Nothing may rely on NaN or infinity, nor on `fma` being fused.
 *
 * @module
 */
import { type Axes, declareKernel, type KernelSpec, type Sizes } from "./declaration.ts";
import { currentGpu, type Gpu } from "./device.ts";
import { foldGroups } from "./dispatch.ts";
import { type Bound, type Launch, runOnce } from "./launch.ts";
import { createPipeline, type Pipeline } from "./pipeline.ts";
import { currentTrace, makeTensor } from "./trace.ts";
import { type ArgumentValues, checkAliases, elementType, packUniform, resolveSizes } from "./shapes.ts";
import type { DType, Tensor } from "./tensor.ts";

export type { Axes, KernelSpec, Sizes } from "./declaration.ts";
export { checkLoopIterations, MAX_LOOP_ITERATIONS } from "./loops.ts";

/** Arguments of a kernel call. */
export type KernelArguments<I extends Axes, O extends Axes, S extends string> =
  & { readonly [name in keyof I]: Tensor<DType> }
  & { readonly [name in keyof O]?: Tensor<DType> }
  & { readonly [name in S]: number };

/**
 * A callable kernel. While a program is recorded it appends a dispatch; otherwise it runs at once.
 *
 * The second argument gives sizes of axes that no tensor fixes and values of module-scope constants. Outputs that are
 * not handed in are made: by the program while one is recorded, which plans their memory, and otherwise for the caller,
 * who owns them. A kernel writes every element of its outputs and reads none: planned memory holds what another tensor
 * left there. An output bound as integers is made as such, but typed as f32: hand it in to keep its type.
 */
export type Kernel<I extends Axes, O extends Axes, S extends string> = (
  args: KernelArguments<I, O, S>,
  sizes?: Sizes,
) => { [name in keyof O]: Tensor };

/**
 * The type of an exported kernel, by the names of its inputs, outputs and scalars.
 *
 * @example
 * ```ts
 * import { kernel, type KernelOf } from "./kernel.ts";
 *
 * const clear: KernelOf<never, "y", "value"> = kernel({
 *   label: "clear",
 *   code: {
 *     "clear.wgsl": `
 *       struct Dims { value: f32 }
 *       @group(0) @binding(0) var<uniform> dims: Dims;
 *       @group(0) @binding(1) var<storage, read_write> y: array<f32>;  // (C)
 *       @compute @workgroup_size(1) fn main(@builtin(workgroup_id) id: vec3u) {
 *         if (id.x < arrayLength(&y)) { y[id.x] = dims.value; }
 *       }`,
 *   },
 *   inputs: {},
 *   outputs: { y: ["C"] },
 *   scalars: ["value"],
 *   groups: ({ C }) => C,
 * });
 * ```
 */
export type KernelOf<Inputs extends string, Outputs extends string = never, Scalars extends string = never> = Kernel<
  Readonly<Record<Inputs, readonly string[]>>,
  Readonly<Record<Outputs, readonly string[]>>,
  Scalars
>;

/**
 * Declares a kernel: checks WGSL against the host declaration at load, and shapes at every call.
 *
 * An axis may be used in WGSL as a field of the uniform `dims` (one pipeline for all sizes) or as a module-scope
 * `const D: u32 = 8u;` (one pipeline per value, so that arrays and unrolled loops can depend on it).
 *
 * A call throws {@linkcode ShapeError} if its arguments do not fit, and {@linkcode GpuError} if a tensor was destroyed,
 * an output is too large, or the adapter has too little workgroup memory. Compiler errors are thrown by the next
 * `record`, `read` or `settle`.
 *
 * @param spec Label, WGSL, tensors with their axes, number of workgroups.
 * @returns The kernel.
 * @throws {KernelError} If names, access or axes of WGSL and host disagree.
 *
 * @example
 * ```ts
 * import { openGpu } from "./device.ts";
 * import { kernel } from "./kernel.ts";
 * import { Tensor } from "./tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const double = kernel({
 *   label: "double",
 *   code: {
 *     "double.wgsl": `
 *       struct Dims { C: u32 }
 *       @group(0) @binding(0) var<uniform> dims: Dims;
 *       @group(0) @binding(1) var<storage, read> x: array<f32>;        // (C)
 *       @group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (C)
 *       @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
 *         if (id.x < dims.C) { y[id.x] = 2.0 * x[id.x]; }
 *       }`,
 *   },
 *   inputs: { x: ["C"] },
 *   outputs: { y: ["C"] },
 *   groups: ({ C }) => Math.ceil(C / 64),
 * });
 * await openGpu();
 * using x = Tensor.from([1, 2, 3]);
 * using y = double({ x }).y;
 * assertEquals([...await y.read()], [2, 4, 6]);
 * ```
 */
export function kernel<const I extends Axes, const O extends Axes, const S extends string = never>(
  spec: KernelSpec<I, O, S>,
): Kernel<I, O, S> {
  const declaration = declareKernel(spec);
  const { label, tensors: bindings, uniform: uniformSlot, fields, scalars, constants } = declaration;
  const pipelines = new Map<string, Pipeline>();

  const compiled = (gpu: Gpu, chosen: Sizes): Pipeline => {
    const key = JSON.stringify(chosen);
    let pipeline = pipelines.get(key);
    if (pipeline?.gpu !== gpu) {
      pipelines.set(key, pipeline = createPipeline(gpu, declaration, chosen, () => pipelines.delete(key)));
    }
    return pipeline;
  };

  return (args, given = {}) => {
    const gpu = currentGpu();
    const values: ArgumentValues = args;
    const sizes = resolveSizes(declaration, values, given);
    checkAliases(declaration, values);
    const groups = foldGroups(label, spec.groups(sizes));
    const numbers = Object.fromEntries(scalars.map((name) => [name, values[name] as number]));
    const bytes = packUniform(label, fields, { ...sizes, ...numbers });
    const chosen = Object.fromEntries(constants.filter((name) => name in sizes).map((name) => [name, sizes[name]]));

    const trace = currentTrace();
    const outputs: Record<string, Tensor<DType>> = {};
    const tensors = bindings.map(({ name, slot, type, axes, access, output }): Bound => {
      const given = values[name] as Tensor<DType> | undefined;
      given?.expectUnshared();
      const made = () => makeTensor(axes.map((axis) => sizes[axis]), elementType(type), `${label}.${name}`);
      const tensor = given ?? made();
      if (output) outputs[name] = tensor;
      return { slot, tensor, access: access === "read" ? "read" : output ? "write" : "update" };
    });
    const uniform = uniformSlot === null ? null : { slot: uniformSlot, bytes };
    const flops = declaration.flops?.({ ...sizes, ...numbers }) ?? null;
    const source = { kernel: declaration, values: { ...sizes, ...numbers }, constants: chosen };
    const launch: Launch = { label, compiled: () => compiled(gpu, chosen), groups, uniform, tensors, flops, source };
    if (trace) trace.launches.push(launch);
    else runOnce(gpu, launch);
    return outputs as { [name in keyof O]: Tensor };
  };
}
