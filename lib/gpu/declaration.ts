/** Declarations of a kernel: WGSL on one side, host names and axes on the other, checked against each other at load. */
import { type Binding, type Field, parseBindings, parseStruct } from "./bindings.ts";
import type { ElementMap, Epilogue } from "./element_map.ts";
import { KernelError } from "./errors.ts";
import groupIndex from "./group_index.part.wgsl" with { type: "text" };
import { storesOf } from "./stores.ts";
import { constantNames, type WgslFiles } from "./wgsl.ts";

/**
 * Axis names of each tensor, such as `{ x: ["R", "C"], clock: ["3"] }`.
 *
 * A name stands for one size per call, in whichever tensors it occurs; a numeral is that size.
 */
export type Axes = Readonly<Record<string, readonly string[]>>;

/** Size of each named axis, and values of module-scope constants. */
export type Sizes = Readonly<Record<string, number>>;

/** Host declaration of a kernel; WGSL alone fixes slots and access. */
export interface KernelSpec<I extends Axes, O extends Axes, S extends string> {
  /** Named as the operation; stands in error messages. */
  readonly label: string;
  /** WGSL files in order; `group_index` of `lib/gpu/group_index.part.wgsl` is there without being named. */
  readonly code: WgslFiles;
  /** Tensors that the caller hands in; those bound as `read_write` are updated in place. */
  readonly inputs: I;
  /** Tensors that the kernel fills; made by the call unless handed in. Must be bound as `read_write`. */
  readonly outputs: O;
  /** Fields of the uniform `dims` that are no axis, in any order. */
  readonly scalars?: readonly S[];
  /** Number of workgroups. More than 65 535 are folded into a second dimension: `group_index` unfolds it. */
  readonly groups: (sizes: Sizes) => number;
  /** Floating-point operations of a call, from sizes and scalars, for profiles; only where arithmetic takes the time. */
  readonly flops?: (sizes: Sizes) => number;
  /** The function of single numbers that the kernel is, if it is one: fusion may put it behind other kernels. */
  readonly map?: ElementMap;
  /** The output behind whose stores functions of single numbers may be put. */
  readonly epilogue?: Epilogue;
}

/** A tensor argument: a WGSL binding with the host's axes. */
export interface TensorBinding extends Binding {
  /** How the kernel uses it. */
  readonly access: "read" | "read_write";
  /** Axis names. */
  readonly axes: readonly string[];
  /** Made by the call unless handed in. */
  readonly output: boolean;
}

/** A kernel's declaration, with WGSL and host in agreement. */
export interface Declaration {
  /** Stands in error messages. */
  readonly label: string;
  /** WGSL files in order, the engine's own included. */
  readonly code: WgslFiles;
  /** Tensors, in order of their WGSL declaration. */
  readonly tensors: readonly TensorBinding[];
  /** Slot of the uniform `dims`, or null without one. */
  readonly uniform: number | null;
  /** Fields of `dims`. */
  readonly fields: readonly Field[];
  /** Those fields of `dims` that are arguments rather than axes. */
  readonly scalars: readonly string[];
  /** Module-scope constants that a call may set. */
  readonly constants: readonly string[];
  /** Number of workgroups. */
  readonly groups: (sizes: Sizes) => number;
  /** Floating-point operations of a call, or null if the kernel does not say. */
  readonly flops: ((sizes: Sizes) => number) | null;
  /** The function of single numbers that the kernel is, or null. */
  readonly map: ElementMap | null;
  /** The output behind whose stores functions may be put, or null. */
  readonly epilogue: Epilogue | null;
}

/**
 * Checks a kernel's WGSL against its host declaration.
 *
 * @param spec Label, WGSL, tensors with their axes, scalars, number of workgroups.
 * @returns The declaration.
 * @throws {KernelError} If names, access or axes of WGSL and host disagree.
 *
 * @example
 * ```ts
 * import { declareKernel } from "./declaration.ts";
 * import { KernelError } from "./errors.ts";
import groupIndex from "./group_index.part.wgsl" with { type: "text" };
 * import { assertThrows } from "@std/assert";
 *
 * const code = { "a.wgsl": "@group(0) @binding(0) var<storage, read_write> y: array<f32>;  // (R)\n@compute @workgroup_size(1) fn main() {}" };
 * const spec = { label: "a", code, inputs: {}, outputs: { z: ["R"] }, groups: () => 1 };
 * assertThrows(() => declareKernel(spec), KernelError, `a: expected WGSL binding "y" among the inputs or outputs, found z`);
 * ```
 */
export function declareKernel<I extends Axes, O extends Axes, S extends string>(
  spec: KernelSpec<I, O, S>,
): Declaration {
  const { label, groups, flops = null, map = null, epilogue = null } = spec;
  // Last: what a file begins with, such as `enable f16;`, stays in front.
  const code: WgslFiles = { ...spec.code, "lib/gpu/group_index.part.wgsl": groupIndex };
  const scalars: readonly string[] = spec.scalars ?? [];
  const fail = (expected: string, found: string): never => {
    throw new KernelError(`${label}: expected ${expected}, found ${found}`);
  };
  const text = Object.values(code).join("\n");
  const bindings = parseBindings(text);
  const declared: Axes = { ...spec.inputs, ...spec.outputs };
  const twice = Object.keys(spec.inputs).find((name) => name in spec.outputs);
  if (twice) fail(`"${twice}" as either an input or an output`, "both");

  const tensors: TensorBinding[] = [];
  let uniform: number | null = null;
  for (const { name, slot, access, type, axes } of bindings) {
    if (access === "uniform") {
      if (name !== "dims") fail(`the uniform to be named "dims"`, `"${name}"`);
      uniform = slot;
      continue;
    }
    if (!(name in declared)) {
      fail(`WGSL binding "${name}" among the inputs or outputs`, Object.keys(declared).join(", ") || "none");
    }
    const output = name in spec.outputs;
    if (output && access !== "read_write") fail(`output "${name}" bound as read_write`, access);
    if (axes && axes.join() !== declared[name].join()) {
      fail(`axes (${declared[name].join(", ")}) of "${name}" in the WGSL comment`, `(${axes.join(", ")})`);
    }
    tensors.push({ name, slot, access, type, axes: declared[name], output });
  }
  for (const name of Object.keys(declared)) {
    if (!tensors.some((tensor) => tensor.name === name)) {
      fail(`a WGSL binding named "${name}"`, tensors.map((tensor) => tensor.name).join(", ") || "none");
    }
  }

  const fields = uniform === null ? [] : parseStruct(text, "Dims");
  const axisNames = new Set(Object.values(declared).flat());
  for (const name of scalars) {
    if (!fields.some((field) => field.name === name)) {
      fail(`a field "${name}" of struct Dims`, fields.map((field) => field.name).join(", ") || "none");
    }
    if (axisNames.has(name) || name in declared) fail(`scalar "${name}" with a name of its own`, "a tensor or axis");
  }
  for (const { name } of fields) {
    if (!axisNames.has(name) && !scalars.includes(name)) {
      fail(`field "${name}" of struct Dims among the axes or scalars`, [...axisNames, ...scalars].join(", ") || "none");
    }
  }
  if (!/@compute[^{]*fn main\s*\(/.test(text)) fail(`an entry point "main"`, "none");
  for (const name of [epilogue?.output, map?.output].filter((name) => name !== undefined)) {
    if (!(name in spec.outputs)) fail(`"${name}" among the outputs`, Object.keys(spec.outputs).join(", ") || "none");
  }
  if (epilogue && storesOf(Object.values(code), epilogue.output) === null) {
    fail(`stores of "${epilogue.output}" as statements ${epilogue.output}[index] = value;`, "others");
  }
  const constants = constantNames(text);
  return { label, code, tensors, uniform, fields, scalars, constants, groups, flops, map, epilogue };
}
