/** The trace of a program while it is recorded. */
import type { DType } from "./dtype.ts";
import type { Launch } from "./launch.ts";
import type { Memory } from "./memory.ts";
import { Tensor } from "./tensor.ts";

/** One operation of the tape: enough to run it backwards, and forwards in float64. */
export interface TapeEntry {
  /** Named as the operation. */
  readonly label: string;
  /** Inputs of the operation. */
  readonly inputs: readonly Tensor<DType>[];
  /** Results of the operation. */
  readonly outputs: readonly Tensor<DType>[];
  /** Gradients of the outputs (null: none) to gradients of the inputs (null: none). */
  readonly rule: (gradients: readonly (Tensor | null)[]) => readonly (Tensor | null)[];
  /** The operation in float64. */
  readonly reference: (...inputs: Array64[]) => readonly Array64[];
  /** Whether the rule calls kernels that are no operations, so that its gradients cannot be differentiated again. */
  readonly fused: boolean;
  /** Whether it is constant piece by piece, so that gradients that the rule does not give are zero. */
  readonly stepwise: boolean;
  /** Number of launches up to and with its own. */
  readonly launches: number;
}

/** A dense row-major array in float64, for references. */
export interface Array64 {
  /** Extent of each axis. */
  readonly shape: readonly number[];
  /** Elements, row-major; integers are held exactly. */
  readonly data: Float64Array;
}

/** Dispatches and tape entries of a recording. */
export interface Trace {
  /** Label of the program. */
  readonly label: string;
  /** Kernel launches, in order. */
  readonly launches: Launch[];
  /** Resources that live as long as the program. */
  readonly owned: { destroy(): void }[];
  /** Planned memory that must survive the program's end. */
  readonly kept: Set<Memory>;
  /** Differentiable operations, in order. */
  readonly tape: TapeEntry[];
  /** Whether operations are put on the tape. */
  taping: boolean;
  /** Whether operations are made of parts that can be differentiated again. */
  secondOrder: boolean;
}

let tracing: Trace | null = null;

/**
 * The trace that kernel calls append to.
 *
 * @returns The trace, or null outside of a recording.
 */
export function currentTrace(): Trace | null {
  return tracing;
}

/**
 * Runs `step` with `trace` as the current trace.
 *
 * @param trace Collects what `step` calls.
 * @param step Calls kernels; must not await.
 * @returns What `step` returned.
 * @throws {Error} If another program is being recorded.
 */
export function traceInto<T>(trace: Trace, step: () => T): T {
  if (tracing) throw new Error(`${trace.label}: expected no recording in progress, found one: programs do not nest`);
  tracing = trace;
  try {
    return step();
  } finally {
    tracing = null;
  }
}

/**
 * A tensor for a kernel to fill: planned while a program is recorded, otherwise allocated for the caller.
 *
 * @param shape Extent of each axis, all ≥ 1.
 * @param dtype Element type.
 * @param label Stands in error messages.
 * @returns The tensor; its content is undefined until a kernel writes it.
 */
export function makeTensor<T extends DType = "f32">(
  shape: readonly number[],
  dtype: T = "f32" as T,
  label: string = "tensor",
): Tensor<T> {
  return tracing ? Tensor.planned(shape, dtype, label) : new Tensor(shape, dtype, label);
}

/**
 * Keeps a tensor alive as long as the program being recorded; outside of a recording the caller owns it.
 *
 * @param tensor Allocated while recording, for a state or a constant of the program.
 * @returns The same tensor.
 *
 * @example
 * ```ts
 * import { openGpu } from "./device.ts";
 * import { record } from "./program.ts";
 * import { Tensor } from "./tensor.ts";
 * import { own } from "./trace.ts";
 * import { assert } from "@std/assert";
 *
 * await openGpu();
 * let state: Tensor | null = null;
 * const program = await record("state", () => {
 *   state = own(new Tensor([4]));
 * });
 * program.destroy();
 * assert(state!.destroyed);
 * ```
 */
export function own<T extends DType>(tensor: Tensor<T>): Tensor<T> {
  tracing?.owned.push(tensor);
  return tensor;
}
