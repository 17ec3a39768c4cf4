/** The kernels behind functions of one number, and of a number plus a bias. */
import { composing, differentiable } from "../../lib/autodiff/differentiable.ts";
import { map64 } from "../../lib/autodiff/array64.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import type { WgslFiles } from "../../lib/gpu/wgsl.ts";
import accurate from "../shared/accurate.part.wgsl" with { type: "text" };
import eachScalar from "./each_scalar.part.wgsl" with { type: "text" };
import eachVector from "./each_vector.part.wgsl" with { type: "text" };
import { type ElementForm, inBothForms } from "../shared/elements.ts";
import functions from "./functions.part.wgsl" with { type: "text" };
import forwardCode from "./unary.wgsl" with { type: "text" };
import backwardCode from "./unary_backward.wgsl" with { type: "text" };

/**
 * What comes before the text of a kernel that calls `each` or `each_slope`.
 *
 * @param form Whether it takes numbers one or four at a time.
 * @returns WGSL files.
 */
export function functionFiles({ files, width }: ElementForm): WgslFiles {
  return {
    ...files,
    "kernels/shared/accurate.part.wgsl": accurate,
    "kernels/elementwise/functions.part.wgsl": functions,
    ...(width === 4
      ? { "kernels/elementwise/each_vector.part.wgsl": eachVector }
      : { "kernels/elementwise/each_scalar.part.wgsl": eachScalar }),
  };
}

const forward = inBothForms((form) =>
  kernel({
    label: "unary",
    code: { ...functionFiles(form), "kernels/elementwise/unary.wgsl": forwardCode },
    inputs: { x: ["N"] },
    outputs: { y: ["N"] },
    scalars: ["slope", "shift"],
    groups: ({ N }) => Math.ceil(N / form.width / 64),
  })
);

const backward = inBothForms((form) =>
  kernel({
    label: "unary_backward",
    code: { ...functionFiles(form), "kernels/elementwise/unary_backward.wgsl": backwardCode },
    inputs: { v: ["N"], dy: ["N"] },
    outputs: { dx: ["N"] },
    scalars: ["slope", "shift"],
    groups: ({ N }) => Math.ceil(N / form.width / 64),
  })
);

/** A function of one number: its case in functions.part.wgsl, and what it is. */
export interface ElementFunction {
  /** Named as the operation. */
  readonly label: string;
  /** Number of its case. */
  readonly code: number;
  /** Parameters, where the case has some. */
  readonly slope?: number;
  readonly shift?: number;
  /** The function in float64. */
  readonly of: (x: number) => number;
  /** Whether the case of `slope_of` takes the argument or the value. */
  readonly slopeOf: "argument" | "value";
}

/**
 * The function's kernel alone, which is not put on the tape.
 *
 * @param fn The function.
 * @param x Any shape.
 * @returns f(x), of the same shape.
 */
export function applyFunction({ code, slope = 0, shift = 0 }: Omit<ElementFunction, "of">, x: Tensor): Tensor {
  return forward(x.size)({ x: x.reshape([x.size]), slope, shift }, { OP: code }).y.reshape(x.shape);
}

/**
 * `dx = dy · f′(x)` in one dispatch, which is not put on the tape.
 *
 * @param fn The function.
 * @param v Its argument or value, see {@linkcode ElementFunction.slopeOf}.
 * @param dy Gradient of its value.
 * @returns Gradient of its argument.
 */
export function applySlope({ code, slope = 0, shift = 0 }: ElementFunction, v: Tensor, dy: Tensor): Tensor {
  const flat = { v: v.reshape([v.size]), dy: dy.reshape([dy.size]) };
  return backward(v.size)({ ...flat, slope, shift }, { OP: code }).dx.reshape(v.shape);
}

/**
 * A differentiable function of each element, one dispatch either way.
 *
 * @param fn The function.
 * @param x Any shape.
 * @param twice The rule of its gradient, of elementary operations: used within `twiceDifferentiable`.
 * @returns f(x), of the same shape.
 */
export function elementwise(fn: ElementFunction, x: Tensor, twice: (dy: Tensor, y: Tensor) => Tensor): Tensor {
  const fused = !composing();
  const y = applyFunction(fn, x);
  return differentiable({
    label: fn.label,
    inputs: [x],
    output: y,
    gradient: (dy) => [fused ? applySlope(fn, fn.slopeOf === "value" ? y : x, dy) : twice(dy, y)],
    reference: (x) => map64(x, fn.of),
    fused,
  });
}
