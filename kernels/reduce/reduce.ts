/** Sums and maxima along axes. */
import { type Array64, array64, sizeOf, strided64, stridesOf } from "../../lib/autodiff/array64.ts";
import { differentiable } from "../../lib/autodiff/differentiable.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { inBothForms, VECTOR } from "../shared/elements.ts";
import code from "./reduce.wgsl" with { type: "text" };
import rowsCode from "./reduce_rows.wgsl" with { type: "text" };
import { expand } from "../arrange/strided.ts";
import { divide, greater, multiply } from "../elementwise/binary.ts";
import { scale } from "../elementwise/unary.ts";

const forward = inBothForms(({ files, width }) =>
  kernel({
    label: "reduce",
    code: { ...files, "kernels/reduce/reduce.wgsl": code },
    inputs: { x: ["O", "M", "I"] },
    outputs: { y: ["O", "P", "I"] },
    epilogue: { output: "y" },
    scalars: ["span"],
    groups: ({ O, P, I }) => Math.ceil(O * P * I / width / 64),
  })
);

const rows = kernel({
  label: "reduce_rows",
  code: { ...VECTOR.files, "kernels/reduce/reduce_rows.wgsl": rowsCode },
  inputs: { x: ["O", "M", "1"] },
  outputs: { y: ["O", "P", "1"] },
  epilogue: { output: "y" },
  scalars: ["span"],
  groups: ({ O, P }) => Math.ceil(O * P / 64),
});

/** Summands that one invocation takes in a row: few dispatches, and an error of few roundings. */
const SPAN = 128;

/** Summands of one part, of about as many as there are parts: as few passes as parts of SPAN allow. */
function spanOf(M: number): number {
  if (M <= SPAN) return M;
  const passes = Math.ceil(Math.log(M) / Math.log(SPAN));
  return Math.ceil(M ** (1 / passes));
}

/** Reduces neighbouring axes first … last at once; the result has extent 1 there. */
function reduceRun(x: Tensor, first: number, last: number, MAX: 0 | 1): Tensor {
  const { shape } = x;
  const O = sizeOf(shape.slice(0, first));
  const I = sizeOf(shape.slice(last + 1));
  let y = x.reshape([O, x.size / (O * I), I]);
  while (y.shape[1] > 1) {
    const [, M] = y.shape;
    if (I === 1 && M % 4 === 0) {
      // Four sums each, so that an invocation takes four times as many summands.
      const span = 4 * spanOf(M / 4);
      y = rows({ x: y, span }, { P: Math.ceil(M / span), MAX }).y;
    } else {
      const span = spanOf(M);
      y = forward(I)({ x: y, span }, { P: Math.ceil(M / span), MAX }).y;
    }
  }
  return y.reshape(shape.map((extent, axis) => axis < first || axis > last ? extent : 1));
}

/** Reduces any axes: neighbouring ones together, the last first. */
function reduceAxes(label: string, x: Tensor, axes: readonly number[], MAX: 0 | 1): Tensor {
  const wanted = new Set(axes.map((axis) => axis < 0 ? axis + x.shape.length : axis));
  const wrong = [...wanted].find((axis) => !Number.isInteger(axis) || axis < 0 || axis >= x.shape.length);
  if (wrong !== undefined) {
    throw new ShapeError(`${label}: expected axes of shape (${x.shape.join(", ")}), found ${axes.join(", ")}`);
  }
  let y = x;
  for (let last = x.shape.length - 1; last >= 0; last--) {
    if (!wanted.has(last)) continue;
    let first = last;
    while (wanted.has(first - 1)) first--;
    y = reduceRun(y, first, last, MAX);
    last = first;
  }
  return y;
}

function without(shape: readonly number[], axes: readonly number[]): number[] {
  return shape.filter((_, axis) => !axes.includes(axis) && !axes.includes(axis - shape.length));
}

/** The sum over axes in float64, with extent 1 along them. */
export function sumReference(x: Array64, axes: readonly number[]): Array64 {
  return foldReference(x, axes, 0, (total, value) => total + value);
}

/** The maximum over axes in float64, with extent 1 along them. */
export function maxReference(x: Array64, axes: readonly number[]): Array64 {
  return foldReference(x, axes, -Infinity, Math.max);
}

function foldReference(
  x: Array64,
  axes: readonly number[],
  start: number,
  fold: (total: number, value: number) => number,
): Array64 {
  const kept = x.shape.map((extent, axis) => axes.includes(axis) || axes.includes(axis - x.shape.length) ? 1 : extent);
  const y = array64(kept, () => start);
  const target = strided64(array64(kept, (index) => index), x.shape, stridesOf(kept));
  x.data.forEach((value, index) => y.data[target.data[index]] = fold(y.data[target.data[index]], value));
  return y;
}

/**
 * Sums: `y = Σ x` over some axes, which the result no longer has. Summed in parts of at most 128, or
 * 512 along a last axis: an error of a few roundings. The order depends on the extents of these axes alone.
 *
 * @param x Any shape.
 * @param axes Axes to sum over; negative ones count from the end.
 * @returns The other axes; a scalar if there are none.
 * @throws {ShapeError} If there is no such axis.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { sum } from "./reduce.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 2, 3, 4, 5, 6], [2, 3]);
 * using y = sum(x, [-1]);
 * assertEquals([...await y.read()], [6, 15]);
 * ```
 */
export function sum(x: Tensor, axes: readonly number[]): Tensor {
  const kept = reduceAxes("sum", x, axes, 0);
  if (kept.memory === x.memory) return kept.reshape(without(x.shape, axes));
  return differentiable({
    label: "sum",
    inputs: [x],
    output: kept.reshape(without(x.shape, axes)),
    gradient: (dy) => [expand(dy.reshape(kept.shape), x.shape)],
    reference: (x) => ({ ...sumReference(x, axes), shape: without(x.shape, axes) }),
  });
}

/**
 * Averages: `y = 1/n Σ x` over some axes of n elements in all, which the result no longer has.
 *
 * @param x Any shape.
 * @param axes Axes to average over; negative ones count from the end.
 * @returns The other axes; a scalar if there are none.
 * @throws {ShapeError} If there is no such axis.
 */
export function mean(x: Tensor, axes: readonly number[]): Tensor {
  const total = sum(x, axes);
  return scale(total, total.size / x.size);
}

/**
 * Finds the largest: `y = max x` over some axes, which the result no longer has. Where several are largest, each gets an
 * equal part of the gradient.
 *
 * @param x Any shape.
 * @param axes Axes to search; negative ones count from the end.
 * @returns The other axes; a scalar if there are none.
 * @throws {ShapeError} If there is no such axis.
 */
export function max(x: Tensor, axes: readonly number[]): Tensor {
  const kept = reduceAxes("max", x, axes, 1);
  const y = kept.reshape(without(x.shape, axes));
  // Over axes of extent 1 the largest is x itself.
  if (kept.memory === x.memory) return x.reshape(y.shape);
  return differentiable({
    label: "max",
    inputs: [x],
    output: y,
    gradient: (dy) => {
      const largest = scale(greater(kept.detached, x.detached), -1, 1);
      const share = divide(largest, sum(largest, axes).reshape(kept.shape));
      return [multiply(share, dy.reshape(kept.shape))];
    },
    reference: (x) => ({ ...maxReference(x, axes), shape: without(x.shape, axes) }),
  });
}

/**
 * Sums over the axes along which `shape` was repeated to give that of x: the transpose of broadcasting.
 *
 * @param x Any shape.
 * @param shape A shape that broadcasts to x's.
 * @returns That shape.
 * @throws {ShapeError} If `shape` does not broadcast to x's.
 */
export function sumTo(x: Tensor, shape: readonly number[]): Tensor {
  const rank = x.shape.length;
  const full = [...new Array<number>(Math.max(0, rank - shape.length)).fill(1), ...shape];
  if (full.length !== rank || full.some((extent, axis) => extent !== x.shape[axis] && extent !== 1)) {
    throw new ShapeError(
      `sumTo: expected a shape that repeats to (${x.shape.join(", ")}), found (${shape.join(", ")})`,
    );
  }
  const axes = full.flatMap((extent, axis) => extent === x.shape[axis] ? [] : [axis]);
  return axes.length === 0 ? x.reshape(shape) : sum(x, axes).reshape(shape);
}
