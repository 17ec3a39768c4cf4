/** Putting operations on the tape of the program that is being recorded. */
import type { DType } from "../gpu/dtype.ts";
import { ShapeError } from "../gpu/errors.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { type Array64, currentTrace } from "../gpu/trace.ts";

export type { Array64 } from "../gpu/trace.ts";

/** An operation with one output: how it runs backwards, and what it is in float64. */
export interface Operation {
  /** Named as the operation; stands in error messages. */
  readonly label: string;
  /** Inputs of the operation; integers too, which have no gradient. */
  readonly inputs: readonly Tensor<DType>[];
  /** Result of the operation. */
  readonly output: Tensor;
  /**
   * Gradient of the output to the gradient of each input; null for integers, and where there is none: `gradients` refuses an
   * operation in whose f32 input a gradient is wanted then. Kernels nobody needs are left out.
   */
  readonly gradient: (dOutput: Tensor) => readonly (Tensor | null)[];
  /** The operation in float64: arrays like the inputs to an array like the output. */
  readonly reference: (...inputs: Array64[]) => Array64;
  /** True if the rule calls kernels that are no differentiable operations themselves. */
  readonly fused?: boolean;
  /** True if the operation is constant piece by piece: a gradient of null then means zero. */
  readonly stepwise?: boolean;
}

/** An operation with several outputs. */
export interface ManyOperation<O extends readonly Tensor[]> {
  /** Named as the operation; stands in error messages. */
  readonly label: string;
  /** Inputs of the operation; integers too, which have no gradient. */
  readonly inputs: readonly Tensor<DType>[];
  /** Results of the operation. */
  readonly outputs: O;
  /** Gradients of the outputs (null: none) to gradients of the inputs (null: as in {@linkcode Operation}). */
  readonly gradient: (dOutputs: { readonly [index in keyof O]: Tensor | null }) => readonly (Tensor | null)[];
  /** The operation in float64: arrays like the inputs to arrays like the outputs. */
  readonly reference: (...inputs: Array64[]) => readonly Array64[];
  /** True if the rule calls kernels that are no differentiable operations themselves. */
  readonly fused?: boolean;
  /** True if the operation is constant piece by piece: a gradient of null then means zero. */
  readonly stepwise?: boolean;
}

/**
 * Declares what was just computed to be differentiable: `gradients` will call its rule.
 *
 * Outside of a recording, and while a gradient that nobody differentiates again is being built, this does nothing.
 *
 * @param operation Inputs, output, the rule of its gradient, and its float64 reference.
 * @returns The output.
 *
 * @example
 * ```ts
 * import { differentiable } from "./differentiable.ts";
 * import { gradients } from "./gradients.ts";
 * import { add } from "../../kernels/elementwise/binary.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * function double(x: Tensor): Tensor {
 *   return differentiable({
 *     label: "double",
 *     inputs: [x],
 *     output: add(x.detached, x.detached),
 *     gradient: (dy) => [add(dy, dy)],
 *     reference: ({ shape, data }) => ({ shape, data: data.map((value) => 2 * value) }),
 *   });
 * }
 * await openGpu();
 * using x = Tensor.from([1, 2]);
 * using dx = await evaluate(() => gradients(double(x), [x])[0]);
 * assertEquals([...await dx.read()], [2, 2]);
 * ```
 */
export function differentiable({ label, inputs, output, gradient, reference, ...kind }: Operation): Tensor {
  differentiableMany({
    label,
    inputs,
    outputs: [output],
    gradient: ([dOutput]) => dOutput ? gradient(dOutput) : inputs.map(() => null),
    reference: (...arrays) => [reference(...arrays)],
    ...kind,
  });
  return output;
}

/**
 * As {@linkcode differentiable}, for an operation with several outputs.
 *
 * @param operation Inputs, outputs, the rule of its gradient, and its float64 reference.
 * @returns The outputs.
 */
export function differentiableMany<const O extends readonly Tensor[]>(operation: ManyOperation<O>): O {
  const trace = currentTrace();
  if (trace?.taping) {
    const { label, inputs, outputs, reference, fused = false, stepwise = false } = operation;
    const rule = operation.gradient as (dOutputs: readonly (Tensor | null)[]) => readonly (Tensor | null)[];
    trace.tape.push({ label, inputs, outputs, rule, reference, fused, stepwise, launches: trace.launches.length });
  }
  return operation.outputs;
}

/**
 * Declares integers that were just computed, through which no gradient passes, so that computations which take them have a
 * float64 reference.
 *
 * @param operation Inputs, output, and its float64 reference, which holds integers exactly.
 * @returns The output.
 */
export function steps(
  { label, inputs, output, reference }: Pick<Operation, "label" | "inputs" | "reference"> & {
    readonly output: Tensor<"u32">;
  },
): Tensor<"u32"> {
  const trace = currentTrace();
  if (trace?.taping) {
    const rule = () => inputs.map(() => null);
    const kind = { fused: false, stepwise: true, launches: trace.launches.length };
    trace.tape.push({
      label,
      inputs,
      outputs: [output],
      rule,
      reference: (...arrays) => [reference(...arrays)],
      ...kind,
    });
  }
  return output;
}

/**
 * The same values, which gradients take for constants.
 *
 * @param x Any tensor.
 * @returns A view of it.
 */
export function stopGradient(x: Tensor): Tensor {
  return x.detached;
}

/**
 * Whether operations are to be made of parts that can be differentiated again, see {@linkcode twiceDifferentiable}.
 *
 * @returns True within {@linkcode twiceDifferentiable}: a fused operation then calls its composed form.
 */
export function composing(): boolean {
  return currentTrace()?.secondOrder ?? false;
}

/**
 * Records operations so that their gradients can be differentiated again, as Hessian-vector products need it.
 *
 * Fused kernels have fused gradients, which are no operations of the tape; within `compute`, operations are composed of
 * elementary ones instead: slower, the same function.
 *
 * @param compute Calls operations.
 * @returns What `compute` returned.
 * @throws {Error} Outside of a recording.
 */
export function twiceDifferentiable<T>(compute: () => T): T {
  const trace = currentTrace();
  if (!trace) throw new Error("twiceDifferentiable: expected a recording in progress, found none");
  const before = trace.secondOrder;
  trace.secondOrder = true;
  try {
    return compute();
  } finally {
    trace.secondOrder = before;
  }
}

/**
 * Refuses a tensor with another number of axes than the operation takes.
 *
 * @param label Operation.
 * @param name Argument.
 * @param tensor Found.
 * @param rank Number of axes that the argument must have.
 * @throws {ShapeError} If the rank differs.
 */
export function expectRank(label: string, name: string, tensor: Tensor<DType>, rank: number): void {
  if (tensor.shape.length === rank) return;
  const found = `(${tensor.shape.join(", ")})`;
  throw new ShapeError(`${label}: expected "${name}" with ${rank} axes, found shape ${found}`);
}
