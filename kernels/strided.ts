/** Tensors in another order: permuted, repeated, cut out, joined. */
import { type Array64, array64, sizeOf, strided64, stridesOf } from "../lib/autodiff/array64.ts";
import { differentiable } from "../lib/autodiff/differentiable.ts";
import { ShapeError } from "../lib/gpu/errors.ts";
import { kernel } from "../lib/gpu/kernel.ts";
import type { Tensor } from "../lib/gpu/tensor.ts";
import { add } from "./binary.ts";
import index from "./index.wgsl" with { type: "text" };
import { sumTo } from "./reduce.ts";
import code from "./strided.wgsl" with { type: "text" };

/** Axes that the kernel can walk along. */
const AXES = 6;
const names = (letter: string, from: number) => Array.from({ length: AXES - from }, (_, k) => `${letter}${k + from}`);

const forward = kernel({
  label: "strided",
  code: { "kernels/index.wgsl": index, "kernels/strided.wgsl": code },
  inputs: { x: ["X"] },
  outputs: { y: ["N"] },
  scalars: ["start", ...names("n", 1), ...names("s", 0), ...names("m", 0), ...names("o", 0)],
  groups: ({ N }) => Math.ceil(N / 64),
});

interface Walk {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly start?: number;
  /** Where a smaller x lies in y, and its extents. */
  readonly inside?: { readonly at: readonly number[]; readonly extents: readonly number[] };
}

function apply(label: string, x: Tensor, { shape, strides, start = 0, inside }: Walk): Tensor {
  if (shape.length > AXES) {
    throw new ShapeError(`${label}: expected at most ${AXES} axes, found (${shape.join(", ")})`);
  }
  const front = <T>(values: readonly T[], filler: T) => [...new Array<T>(AXES - values.length).fill(filler), ...values];
  const fields = (letter: string, values: readonly number[]) => values.map((value, k) => [`${letter}${k}`, value]);
  const scalars = Object.fromEntries([
    ...fields("n", front(shape, 1)).slice(1),
    ...fields("s", front(strides, 0)),
    ...fields("m", front(inside?.extents ?? shape, 1)),
    ...fields("o", front(inside?.at ?? shape.map(() => 0), 0)),
  ]);
  const sizes = { N: sizeOf(shape), PAD: inside ? 1 : 0 };
  return forward({ x: x.reshape([x.size]), start, ...scalars }, sizes).y.reshape(shape);
}

/**
 * Axes in another order: axis k of the result is axis `order[k]` of x.
 *
 * @param x Up to six axes.
 * @param order Each axis once.
 * @returns The axes in that order.
 * @throws {ShapeError} If `order` is no permutation of the axes.
 *
 * @example
 * ```ts
 * import { openGpu } from "../lib/gpu/device.ts";
 * import { Tensor } from "../lib/gpu/tensor.ts";
 * import { permute } from "./strided.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 2, 3, 4, 5, 6], [2, 3]);
 * using y = permute(x, [1, 0]);
 * assertEquals([...await y.read()], [1, 4, 2, 5, 3, 6]);
 * ```
 */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  if (order.length !== x.shape.length || x.shape.some((_, axis) => !order.includes(axis))) {
    throw new ShapeError(`permute: expected each axis of (${x.shape.join(", ")}) once, found ${order.join(", ")}`);
  }
  const strides = stridesOf(x.shape);
  const walk = { shape: order.map((axis) => x.shape[axis]), strides: order.map((axis) => strides[axis]) };
  return differentiable({
    label: "permute",
    inputs: [x],
    output: apply("permute", x, walk),
    gradient: (dy) => [permute(dy, x.shape.map((_, axis) => order.indexOf(axis)))],
    reference: (x) => strided64(x, walk.shape, walk.strides),
  });
}

/**
 * Repeats axes of extent 1.
 *
 * @param x A shape that broadcasts to `shape`.
 * @param shape Up to six axes.
 * @returns That shape.
 * @throws {ShapeError} If x's shape does not repeat to `shape`.
 */
export function expand(x: Tensor, shape: readonly number[]): Tensor {
  const full = [...new Array<number>(Math.max(0, shape.length - x.shape.length)).fill(1), ...x.shape];
  if (full.length !== shape.length || full.some((extent, axis) => extent !== shape[axis] && extent !== 1)) {
    throw new ShapeError(
      `expand: expected a shape that repeats to (${shape.join(", ")}), found (${x.shape.join(", ")})`,
    );
  }
  if (x.size === sizeOf(shape)) return x.reshape(shape);
  const strides = stridesOf(full);
  return differentiable({
    label: "expand",
    inputs: [x],
    output: apply("expand", x, { shape, strides }),
    gradient: (dy) => [sumTo(dy, full)],
    reference: (x) => strided64(x, shape, strides),
  });
}

/**
 * Entries `start … end − 1` of an axis.
 *
 * @param x Up to six axes.
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
  const walk = { shape, strides, start: start * strides[cut] };
  return differentiable({
    label: "slice",
    inputs: [x],
    output: apply("slice", x, walk),
    gradient: (dy) => [pad(dy, cut, start, x.shape[cut] - end)],
    reference: (x) => strided64(x, shape, strides, walk.start),
  });
}

/**
 * Zeros before and after the entries of an axis: the transpose of {@linkcode slice}.
 *
 * @param x Up to six axes.
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
  const at = x.shape.map((_, other) => other === long ? before : 0);
  return differentiable({
    label: "pad",
    inputs: [x],
    output: apply("pad", x, { shape, strides: stridesOf(x.shape), inside: { at, extents: x.shape } }),
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
  const total = parts.reduce((sum, { shape }) => sum + shape[long], 0);
  let before = 0;
  return parts.map((part) => {
    const padded = pad(part, long, before, total - before - part.shape[long]);
    before += part.shape[long];
    return padded;
  }).reduce((sum, part) => add(sum, part));
}
