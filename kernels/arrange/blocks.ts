/** Cutting entries out of an axis, padding them with zeros, joining tensors. */
import { type Array64, array64, sizeOf, strided64, stridesOf } from "../../lib/autodiff/array64.ts";
import { differentiable } from "../../lib/autodiff/differentiable.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { makeTensor } from "../../lib/gpu/trace.ts";
import blocks from "./blocks.wgsl" with { type: "text" };
import { inBothForms } from "../shared/elements.ts";
import padCode from "./pad.wgsl" with { type: "text" };

/** Blocks of L neighbours in each of O rows of either tensor, at a step and a start. */
interface Blocks {
  readonly O: number;
  readonly L: number;
  readonly xStep: number;
  readonly xStart: number;
  readonly yStep: number;
  readonly yStart: number;
}

const move = inBothForms(({ files, width }): KernelOf<"x", "y", keyof Blocks> =>
  kernel({
    label: "blocks",
    code: { ...files, "kernels/arrange/blocks.wgsl": blocks },
    inputs: { x: ["X"] },
    outputs: { y: ["Y"] },
    scalars: ["O", "L", "xStep", "xStart", "yStep", "yStart"],
    groups: ({ X, Y }) => Math.ceil(Math.min(X, Y) / width / 64),
  })
);

const surround = inBothForms(({ files, width }): KernelOf<"x", "y", "before"> =>
  kernel({
    label: "pad",
    code: { ...files, "kernels/arrange/pad.wgsl": padCode },
    inputs: { x: ["O", "X"] },
    outputs: { y: ["O", "Y"] },
    scalars: ["before"],
    groups: ({ O, Y }) => Math.ceil(O * Y / width / 64),
  })
);

/** Copies blocks of x into y; the smaller of both is copied whole. */
function copy(x: Tensor, y: Tensor, sizes: Blocks): void {
  const { L, xStep, xStart, yStep, yStart } = sizes;
  move(L, xStep, xStart, yStep, yStart)({ x: x.reshape([x.size]), y: y.reshape([y.size]), ...sizes });
}

/**
 * Cuts out entries `start … end − 1` of an axis.
 *
 * @param x Any shape.
 * @param axis Axis to cut; negative ones count from the end.
 * @param start First entry, 0 ≤ start < end.
 * @param end Entry after the last one, at most the extent.
 * @returns x with extent `end − start` along the axis.
 * @throws {ShapeError} If there are no such entries.
 */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const cut = axis < 0 ? axis + x.shape.length : axis;
  const valid = [start, end].every(Number.isInteger) && 0 <= start && start < end && end <= x.shape[cut];
  if (!valid) {
    throw new ShapeError(
      `slice: expected entries within axis ${axis} of (${x.shape.join(", ")}), found ${start} … ${end}`,
    );
  }
  if (end - start === x.shape[cut]) return x;
  const strides = stridesOf(x.shape);
  const shape = x.shape.map((extent, other) => other === cut ? end - start : extent);
  const inner = sizeOf(x.shape.slice(cut + 1));
  const [O, L] = [sizeOf(x.shape.slice(0, cut)), (end - start) * inner];
  const y = makeTensor(shape, "f32", "slice.y");
  copy(x, y, { O, L, xStep: x.shape[cut] * inner, xStart: start * inner, yStep: L, yStart: 0 });
  return differentiable({
    label: "slice",
    inputs: [x],
    output: y,
    gradient: (dy) => [pad(dy, cut, start, x.shape[cut] - end)],
    reference: (x) => strided64(x, shape, strides, start * strides[cut]),
  });
}

/**
 * Puts zeros before and after the entries of an axis: the transpose of {@linkcode slice}.
 *
 * @param x Any shape.
 * @param axis Axis to lengthen; negative ones count from the end.
 * @param before Zeros before the first entry, ≥ 0.
 * @param after Zeros after the last entry, ≥ 0.
 * @returns x with extent `before + extent + after` along the axis.
 * @throws {ShapeError} If there is no such axis.
 */
export function pad(x: Tensor, axis: number, before: number, after: number): Tensor {
  const long = axis < 0 ? axis + x.shape.length : axis;
  if (x.shape[long] === undefined || ![before, after].every((count) => Number.isInteger(count) && count >= 0)) {
    const found = `axis ${axis} with ${before} and ${after}`;
    throw new ShapeError(`pad: expected an axis of (${x.shape.join(", ")}) and numbers of zeros ≥ 0, found ${found}`);
  }
  if (before + after === 0) return x;
  const shape = x.shape.map((extent, other) => other === long ? before + extent + after : extent);
  const O = sizeOf(x.shape.slice(0, long));
  const first = before * sizeOf(x.shape.slice(long + 1));
  const [X, Y] = [x.size / O, sizeOf(shape) / O];
  return differentiable({
    label: "pad",
    inputs: [x],
    output: surround(X, Y, first)({ x: x.reshape([O, X]), before: first }, { Y }).y.reshape(shape),
    gradient: (dy) => [slice(dy, long, before, before + x.shape[long])],
    reference: (x) => padReference(x, shape, long, before),
  });
}

function padReference(x: Array64, shape: readonly number[], axis: number, before: number): Array64 {
  const inner = sizeOf(shape.slice(axis + 1));
  return array64(shape, (index) => {
    const entry = Math.floor(index / inner) % shape[axis] - before;
    const outer = Math.floor(index / (inner * shape[axis]));
    if (entry < 0 || entry >= x.shape[axis]) return 0;
    return x.data[(outer * x.shape[axis] + entry) * inner + index % inner];
  });
}

/**
 * Joins tensors along an axis.
 *
 * @param parts Tensors that agree in every other axis, at least one.
 * @param axis Axis to join; negative ones count from the end.
 * @returns One tensor with the sum of the extents along the axis.
 * @throws {ShapeError} If shapes do not agree.
 */
export function concatenate(parts: readonly Tensor[], axis: number): Tensor {
  const [first] = parts;
  if (!first) throw new ShapeError("concatenate: expected at least one tensor, found none");
  const long = axis < 0 ? axis + first.shape.length : axis;
  for (const { shape } of parts) {
    if (shape.length !== first.shape.length || shape.some((n, other) => other !== long && n !== first.shape[other])) {
      const found = `(${first.shape.join(", ")}) and (${shape.join(", ")})`;
      throw new ShapeError(`concatenate: expected shapes that agree but for axis ${axis}, found ${found}`);
    }
  }
  if (parts.length === 1) return first;
  const shape = first.shape.map((extent, other) =>
    other === long ? parts.reduce((sum, part) => sum + part.shape[long], 0) : extent
  );
  const inner = sizeOf(shape.slice(long + 1));
  const O = sizeOf(shape.slice(0, long));
  const starts: number[] = [];
  let before = 0;
  const y = makeTensor(shape, "f32", "concatenate.y");
  for (const part of parts) {
    const L = part.shape[long] * inner;
    copy(part, y, { O, L, xStep: L, xStart: 0, yStep: shape[long] * inner, yStart: before * inner });
    starts.push(before);
    before += part.shape[long];
  }
  return differentiable({
    label: "concatenate",
    inputs: parts,
    output: y,
    gradient: (dy) => parts.map((part, index) => slice(dy, long, starts[index], starts[index] + part.shape[long])),
    reference: (...arrays) => concatenateReference(arrays, shape, long),
  });
}

/** {@linkcode concatenate} in float64. */
function concatenateReference(parts: readonly Array64[], shape: readonly number[], axis: number): Array64 {
  let before = 0;
  return parts.reduce((sum, part) => {
    const padded = padReference(part, shape, axis, before);
    before += part.shape[axis];
    return { shape, data: sum.data.map((value, index) => value + padded.data[index]) };
  }, array64(shape, () => 0));
}
