/** One entry of an axis for each row: at the same place in all, or where an index says. */
import { type Array64, array64, sizeOf } from "../../lib/autodiff/array64.ts";
import { differentiable } from "../../lib/autodiff/differentiable.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { inBothForms } from "../shared/elements.ts";
import gatherCode from "./gather.wgsl" with { type: "text" };
import scatterCode from "./scatter.wgsl" with { type: "text" };
import { slice } from "./blocks.ts";

const forward = inBothForms(({ files, width }): KernelOf<"index" | "x", "y"> =>
  kernel({
    label: "gather",
    code: { ...files, "kernels/arrange/gather.wgsl": gatherCode },
    inputs: { index: ["S", "N"], x: ["R", "N", "T", "C"] },
    outputs: { y: ["R", "N", "C"] },
    groups: ({ R, N, C }) => Math.ceil(R * N * C / width / 64),
  })
);

const transposed = inBothForms(({ files, width }): KernelOf<"index" | "y", "x"> =>
  kernel({
    label: "scatter",
    code: { ...files, "kernels/arrange/scatter.wgsl": scatterCode },
    inputs: { index: ["S", "N"], y: ["R", "N", "C"] },
    outputs: { x: ["R", "N", "T", "C"] },
    groups: ({ R, N, T, C }) => Math.ceil(R * N * T * C / width / 64),
  })
);

/** Sizes of x (R, N, T, C) and of the index (S, N), with axes of the same role merged. */
interface Sizes {
  readonly R: number;
  readonly N: number;
  readonly T: number;
  readonly C: number;
  readonly S: number;
}

function sizesOf(label: string, shape: readonly number[], axis: number, places: readonly number[]): Sizes {
  const before = shape.slice(1, axis);
  const fits = axis >= 1 && axis < shape.length && [1, shape[0]].includes(places[0]) &&
    places.length === axis && before.every((extent, other) => extent === places[other + 1]);
  if (!fits) {
    const expected = `an index of the axes before axis ${axis} ≥ 1 of (${shape.join(", ")}), or with 1 in place of R`;
    throw new ShapeError(`${label}: expected ${expected}, found (${places.join(", ")})`);
  }
  return { R: shape[0], N: sizeOf(before), T: shape[axis], C: sizeOf(shape.slice(axis + 1)), S: places[0] };
}

/**
 * Takes one entry of an axis for each row: `y[r,n,c] = x[r,n,index[r,n],c]`, where n and c stand for the axes around
 * it.
 *
 * For several entries of one row, see {@linkcode embedding}.
 *
 * @param x Any shape (R, …, T, …) of at least two axes.
 * @param index Entries of the axis, of the shape of the axes before it: (R, …), or (1, …) for all replicas. Those ≥ T
 * count as T − 1, so that nothing outside is read.
 * @param axis The axis T, not the first one; negative ones count from the end.
 * @returns x without the axis.
 * @throws {ShapeError} If the index has another shape.
 *
 * @example
 * ```ts
 * import { gather } from "./gather.ts";
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 2, 3, 4, 5, 6], [1, 2, 3]);
 * using index = Tensor.from(Uint32Array.of(2, 0), [1, 2]);
 * using y = gather(x, index, -1);
 * assertEquals([y.shape, ...await y.read()], [[1, 2], 3, 4]);
 * ```
 */
export function gather(x: Tensor, index: Tensor<"u32">, axis: number): Tensor {
  const at = axis < 0 ? axis + x.shape.length : axis;
  const { R, N, T, C, S } = sizesOf("gather", x.shape, at, index.shape);
  const { y } = forward(C)({ index: index.reshape([S, N]), x: x.reshape([R, N, T, C]) });
  const shape = x.shape.filter((_, other) => other !== at);
  return differentiable({
    label: "gather",
    inputs: [x, index],
    output: y.reshape(shape),
    gradient: (dy) => [scatter(dy, index, at, T), null],
    reference: (x, index) => ({ ...gatherReference(x, index, { R, N, T, C, S }), shape }),
  });
}

/**
 * Puts rows where an index says, zeros elsewhere: `x[r,n,t,c] = y[r,n,c]` at t = index[r,n]; the transpose of
 * {@linkcode gather}.
 *
 * @param y Any shape (R, …).
 * @param index Entries of the new axis, of the shape of the axes before it: (R, …), or (1, …) for all replicas. Those
 * ≥ T count as T − 1.
 * @param axis Where the new axis stands in the result, not first; negative ones count from the end.
 * @param T Extent of the new axis.
 * @returns y with the new axis.
 * @throws {ShapeError} If the index has another shape.
 */
export function scatter(y: Tensor, index: Tensor<"u32">, axis: number, T: number): Tensor {
  const at = axis < 0 ? axis + y.shape.length + 1 : axis;
  const shape = y.shape.toSpliced(at, 0, T);
  const { R, N, C, S } = sizesOf("scatter", shape, at, index.shape);
  const { x } = transposed(C)({ index: index.reshape([S, N]), y: y.reshape([R, N, C]) }, { T });
  return differentiable({
    label: "scatter",
    inputs: [y, index],
    output: x.reshape(shape),
    gradient: (dx) => [gather(dx, index, at), null],
    reference: (y, index) => ({ ...scatterReference(y, index, { R, N, T, C, S }), shape }),
  });
}

/**
 * Takes entry `entry` of an axis and drops the axis: `select(x, 2, -1)` is the last position of (R, B, T, C).
 *
 * @param x Up to six axes.
 * @param axis Axis to cut; negative ones count from the end.
 * @param entry Entry of the axis; negative ones count from the end.
 * @returns x without the axis.
 * @throws {ShapeError} If there is no such entry.
 */
export function select(x: Tensor, axis: number, entry: number): Tensor {
  const at = axis < 0 ? axis + x.shape.length : axis;
  const first = entry < 0 ? entry + (x.shape[at] ?? 0) : entry;
  return slice(x, at, first, first + 1).reshape(x.shape.filter((_, other) => other !== at));
}

/** {@linkcode gather} in float64, with axes of the same role merged. */
export function gatherReference(x: Array64, index: Array64, { R, N, T, C, S }: Sizes): Array64 {
  return array64([R, N, C], (at) => {
    const row = Math.floor(at / C);
    const t = Math.min(T - 1, index.data[S === 1 ? row % N : row]);
    return x.data[(row * T + t) * C + at % C];
  });
}

/** {@linkcode scatter} in float64, with axes of the same role merged. */
export function scatterReference(y: Array64, index: Array64, { R, N, T, C, S }: Sizes): Array64 {
  return array64([R, N, T, C], (at) => {
    const row = Math.floor(at / (T * C));
    const t = Math.min(T - 1, index.data[S === 1 ? row % N : row]);
    return Math.floor(at / C) % T === t ? y.data[row * C + at % C] : 0;
  });
}
