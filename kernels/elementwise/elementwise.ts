/** Functions of one number, declared by an expression and applied to every element of a tensor. */
import { map64 } from "../../lib/autodiff/array64.ts";
import { composing, differentiable } from "../../lib/autodiff/differentiable.ts";
import { type ElementMap, isLight } from "../../lib/gpu/element_map.ts";
import { KernelError } from "../../lib/gpu/errors.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import type { WgslFiles } from "../../lib/gpu/wgsl.ts";
import accurate from "../shared/accurate.part.wgsl" with { type: "text" };
import { type ElementForm, inBothForms } from "../shared/elements.ts";
import forwardCode from "./elementwise.wgsl" with { type: "text" };
import backwardCode from "./elementwise_backward.wgsl" with { type: "text" };

/** Values of a function's parameters by name. */
export type ElementwiseParameters<P extends string> = Readonly<Record<P, number>>;

/** Tensors and parameters that a gradient's rule may use. */
export type ElementwiseInputs<P extends string> = ElementwiseParameters<P> & {
  /** Gradient of the value. */
  readonly dy: Tensor;
  /** Argument. */
  readonly x: Tensor;
  /** Value. */
  readonly y: Tensor;
};

/** Declaration of a function of one number. */
export interface ElementwiseSpec<P extends string = never> {
  /** Named as the operation; stands in error messages and profiles. */
  readonly label: string;
  /**
   * The function in WGSL: an expression of `x` and the parameters, or statements that return one. It may call the
   * functions of `kernels/shared/accurate.part.wgsl` and of `files`.
   */
  readonly wgsl: string;
  /**
   * Its derivative in WGSL, an expression of `x`, of `y` (the value), or of both; without it, the gradient follows
   * `gradient` always, in as many dispatches as that has operations.
   */
  readonly derivative?: string;
  /**
   * The rule of its gradient, of operations, which Hessians are taken through; null for a function that is constant piece
   * by piece, whose gradient is zero.
   */
  readonly gradient: ((inputs: ElementwiseInputs<P>) => Tensor) | null;
  /** The function in float64. */
  readonly reference: (x: number, parameters: ElementwiseParameters<P>) => number;
  /** Names of its parameters, at most four: numbers that a call gives, and that no pipeline is compiled for. */
  readonly parameters?: readonly P[];
  /** WGSL files with functions that the expressions call. */
  readonly files?: WgslFiles;
}

/** A differentiable function of each element of a tensor of any shape, one dispatch either way. */
export interface Elementwise<P extends string = never> {
  (x: Tensor, ...parameters: [P] extends [never] ? [] : [parameters: ElementwiseParameters<P>]): Tensor;
  /** Its declaration. */
  readonly spec: ElementwiseSpec<P>;
}

/** Numbers that a uniform has for parameters. */
const SLOTS = ["p0", "p1", "p2", "p3"] as const;

/**
 * Writes the WGSL files that come before a kernel which calls `each` or `each_derivative`.
 *
 * @param spec The function.
 * @param form Whether the kernel takes numbers one or four at a time.
 * @returns WGSL files.
 */
export function functionFiles<P extends string>(spec: ElementwiseSpec<P>, { files, width }: ElementForm): WgslFiles {
  const names = { f: "f", each: "each", derivative: "derivative", eachDerivative: "each_derivative" };
  const text = functionText(spec, width, names, (slot) => `dims.${slot}`);
  return { ...files, ...calledFiles(spec), [`elementwise ${spec.label}`]: text };
}

/** WGSL files with what expressions may call. */
function calledFiles<P extends string>({ files }: ElementwiseSpec<P>): WgslFiles {
  return { "kernels/shared/accurate.part.wgsl": accurate, ...files };
}

/** The function and its derivative in WGSL, of one number and of an element. */
function functionText<P extends string>(
  spec: ElementwiseSpec<P>,
  width: 1 | 4,
  names: Record<"f" | "each" | "derivative" | "eachDerivative", string>,
  scalar: (slot: string) => string,
): string {
  const element = width === 1 ? "f32" : "vec4f";
  const given = (spec.parameters ?? []).map((name, slot) => `let ${name} = ${scalar(SLOTS[slot])};`);
  const body = (text: string, ...lines: string[]) =>
    `{\n${[...lines, ...given, /\breturn\b/.test(text) ? text : `return ${text};`].join("\n")}\n}`;
  const each = (name: string, f: string) =>
    `fn ${name}(v: ${element}) -> ${element} { return ${
      width === 1 ? `${f}(v)` : `vec4f(${f}(v.x), ${f}(v.y), ${f}(v.z), ${f}(v.w))`
    }; }`;
  const text = [`fn ${names.f}(x: f32) -> f32 ${body(spec.wgsl)}`, each(names.each, names.f)];
  if (spec.derivative !== undefined) {
    const known = readsValue(spec)
      ? ["let y = v;"]
      : ["let x = v;", ...(mentions(spec.derivative, "y") ? [`let y = ${names.f}(x);`] : [])];
    text.push(
      `fn ${names.derivative}(v: f32) -> f32 ${body(spec.derivative, ...known)}`,
      each(names.eachDerivative, names.derivative),
    );
  }
  return text.join("\n");
}

/**
 * Tells which tensor the derivative is computed from.
 *
 * @param spec A function.
 * @returns True: from the value of the function; false: from its argument.
 */
export function readsValue<P extends string>({ derivative = "" }: ElementwiseSpec<P>): boolean {
  return mentions(derivative, "y") && !mentions(derivative, "x");
}

function mentions(text: string, name: string): boolean {
  return new RegExp(`\\b${name}\\b`).test(text);
}

/**
 * Lays out the values of parameters as kernels take them.
 *
 * @param spec The function.
 * @param values Its parameters by name.
 * @returns Scalars of the kernel.
 */
export function slotsOf<P extends string>(
  { parameters = [] }: ElementwiseSpec<P>,
  values: ElementwiseParameters<P>,
): Record<typeof SLOTS[number], number> {
  const [p0 = 0, p1 = 0, p2 = 0, p3 = 0] = parameters.map((name) => values[name]);
  return { p0, p1, p2, p3 };
}

/**
 * Describes a function for fused kernels.
 *
 * @param spec The function.
 * @returns `f(x)` and `dy f′(v)`, and both of `x + bias`.
 */
export function mapsOf<P extends string>(
  spec: ElementwiseSpec<P>,
): Record<"forward" | "backward" | "biased" | "biasedBackward", ElementMap> {
  const scalars = SLOTS.slice(0, spec.parameters?.length ?? 0);
  const define = (name: string, width: 1 | 4, scalar: (name: string) => string, call: (each: string) => string) => {
    const [f, each, derivative, eachDerivative] = ["f", "each", "slope", "slopes"].map((suffix) => `${name}_${suffix}`);
    const element = width === 1 ? "f32" : "vec4f";
    const text = functionText(spec, width, { f, each, derivative, eachDerivative }, scalar);
    return `${text}\nfn ${name}${call(element)}`;
  };
  const files = () => calledFiles(spec);
  const light = isLight(spec.wgsl);
  const slope = spec.derivative ?? "";
  const lightSlope = isLight(slope) && (light || !mentions(slope, "y"));
  const value = { output: "y", scalars, light, files };
  const gradient = { output: "dx", scalars, light: lightSlope, files };
  return {
    forward: {
      ...value,
      inputs: ["x"],
      define: (name, width, scalar) =>
        define(name, width, scalar, (T) => `(v0: ${T}) -> ${T} { return ${name}_each(v0); }`),
    },
    backward: {
      ...gradient,
      inputs: ["v", "dy"],
      define: (name, width, scalar) =>
        define(name, width, scalar, (T) => `(v0: ${T}, v1: ${T}) -> ${T} { return v1 * ${name}_slopes(v0); }`),
    },
    biased: {
      ...value,
      inputs: ["x", "bias"],
      define: (name, width, scalar) =>
        define(name, width, scalar, (T) => `(v0: ${T}, v1: ${T}) -> ${T} { return ${name}_each(v0 + v1); }`),
    },
    biasedBackward: {
      ...gradient,
      inputs: ["x", "bias", "dy"],
      define: (name, width, scalar) =>
        define(
          name,
          width,
          scalar,
          (T) => `(v0: ${T}, v1: ${T}, v2: ${T}) -> ${T} { return v2 * ${name}_slopes(v0 + v1); }`,
        ),
    },
  };
}

function kernelsOf<P extends string>(spec: ElementwiseSpec<P>) {
  const maps = mapsOf(spec);
  const forward = inBothForms((form) =>
    kernel({
      label: spec.label,
      code: { ...functionFiles(spec, form), "kernels/elementwise/elementwise.wgsl": forwardCode },
      inputs: { x: ["N"] },
      outputs: { y: ["N"] },
      scalars: SLOTS,
      map: maps.forward,
      groups: ({ N }) => Math.ceil(N / form.width / 64),
    })
  );
  if (spec.derivative === undefined) return { forward, backward: null };
  const backward = inBothForms((form) =>
    kernel({
      label: `${spec.label}_backward`,
      code: { ...functionFiles(spec, form), "kernels/elementwise/elementwise_backward.wgsl": backwardCode },
      inputs: { v: ["N"], dy: ["N"] },
      outputs: { dx: ["N"] },
      scalars: SLOTS,
      map: maps.backward,
      groups: ({ N }) => Math.ceil(N / form.width / 64),
    })
  );
  return { forward, backward };
}

const kernels = new WeakMap<object, ReturnType<typeof kernelsOf>>();

/** Finds the kernels of a function, which are written when it is called for the first time. */
function kernelsFor<P extends string>(spec: ElementwiseSpec<P>): ReturnType<typeof kernelsOf> {
  const found = kernels.get(spec) ?? kernelsOf(spec);
  kernels.set(spec, found);
  return found;
}

/**
 * Launches `dx = dy · f′`, which is not put on the tape.
 *
 * @param spec A function with a derivative.
 * @param v Its argument or value, see {@linkcode readsValue}.
 * @param dy Gradient of its value.
 * @param values Its parameters by name.
 * @returns Gradient of its argument, of v's shape.
 */
export function applyDerivative<P extends string>(
  spec: ElementwiseSpec<P>,
  v: Tensor,
  dy: Tensor,
  values: ElementwiseParameters<P>,
): Tensor {
  const { backward } = kernelsFor(spec);
  if (!backward) throw new KernelError(`${spec.label}: expected a derivative in WGSL, found none`);
  const flat = { v: v.reshape([v.size]), dy: dy.reshape([dy.size]) };
  return backward(v.size)({ ...flat, ...slotsOf(spec, values) }).dx.reshape(v.shape);
}

/**
 * Declares a differentiable function of each element: `y[n] = f(x[n])`.
 *
 * @param spec Label, expressions, rule of the gradient, and the function in float64.
 * @returns The operation; where it has parameters, they follow the tensor.
 * @throws {KernelError} If there are more than four parameters. Wrong WGSL is reported as by {@linkcode kernel}.
 *
 * @example
 * ```ts
 * import { multiply } from "./binary.ts";
 * import { elementwise } from "./elementwise.ts";
 * import { scale } from "./unary.ts";
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const cube = elementwise({
 *   label: "cube",
 *   wgsl: "x * x * x",
 *   derivative: "3.0 * x * x",
 *   gradient: ({ dy, x }) => scale(multiply(dy, multiply(x, x)), 3),
 *   reference: (x) => x ** 3,
 * });
 * await openGpu();
 * using x = Tensor.from([1, 2, 3]);
 * using y = cube(x);
 * assertEquals([...await y.read()], [1, 8, 27]);
 * ```
 */
export function elementwise<const P extends string = never>(spec: ElementwiseSpec<P>): Elementwise<P> {
  const { label, gradient: rule, reference, parameters = [] } = spec;
  if (parameters.length > SLOTS.length) {
    throw new KernelError(`${label}: expected at most ${SLOTS.length} parameters, found ${parameters.join(", ")}`);
  }
  const apply = (x: Tensor, values = {} as ElementwiseParameters<P>): Tensor => {
    const fused = spec.derivative !== undefined && !composing();
    const flat = { x: x.reshape([x.size]), ...slotsOf(spec, values) };
    const y = kernelsFor(spec).forward(x.size)(flat).y.reshape(x.shape);
    return differentiable({
      label,
      inputs: [x],
      output: y,
      gradient: (dy) => [
        fused ? applyDerivative(spec, readsValue(spec) ? y : x, dy, values) : rule?.({ ...values, dy, x, y }) ?? null,
      ],
      reference: (x) => map64(x, (value) => reference(value, values)),
      fused,
      stepwise: rule === null && !fused,
    });
  };
  return Object.assign(apply as (...args: unknown[]) => Tensor, { spec }) as Elementwise<P>;
}
