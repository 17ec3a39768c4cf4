/** Tensors in another order: permuted and repeated. */
import { sizeOf, strided64, stridesOf } from "../../lib/autodiff/array64.ts";
import { differentiable } from "../../lib/autodiff/differentiable.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import type { Walk as Reads } from "../../lib/gpu/element_map.ts";
import { kernel, type Sizes } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { type ElementForm, SCALAR, VECTOR } from "../shared/elements.ts";
import { functionOf } from "../shared/function_of.ts";
import { sumTo } from "../reduce/reduce.ts";
import code from "./strided.wgsl" with { type: "text" };

/** Axes that the kernel can walk along. */
const AXES = 6;
const names = (letter: string, from: number) => Array.from({ length: AXES - from }, (_, k) => `${letter}${k + from}`);

const declare = ({ files, width }: ElementForm, X: string) =>
  kernel({
    label: "strided",
    code: {
      ...files,
      "kernels/arrange/strided.ts": `alias X = ${X};`,
      "kernels/arrange/strided.wgsl": code,
    },
    inputs: { x: ["M"] },
    outputs: { y: ["N"] },
    scalars: [...names("n", 1), ...names("s", 0)],
    map: functionOf({
      inputs: ["x"],
      define: (name, T) => `fn ${name}(v0: ${T}) -> ${T} { return v0; }`,
      reads: (values) => ({ x: walkOf(values, width, X === "f32" ? 1 : 4) }),
    }),
    groups: ({ N }) => Math.ceil(N / width / 64),
  });

/** How a call reads x, whatever form it has. */
function walkOf({ N, ...values }: Sizes, width: number, step: number): Reads {
  const inner = names("n", 1).map((name, k) => values[name] * (k === AXES - 2 ? width : 1));
  const outer = N / inner.reduce((product, extent) => product * extent, 1);
  const steps = names("s", 0).map((name, axis) => values[name] * (axis === AXES - 1 ? 1 : step));
  return { extents: [outer, ...inner], steps };
}

const scalars = declare(SCALAR, "f32");
const vectors = declare(VECTOR, "vec4f");
const repeated = declare(VECTOR, "f32");

interface Walk {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

function apply(label: string, x: Tensor, { shape, strides }: Walk): Tensor {
  if (shape.length > AXES) {
    throw new ShapeError(`${label}: expected at most ${AXES} axes, found (${shape.join(", ")})`);
  }
  const four = (shape.at(-1) ?? 1) % 4 === 0;
  const last = strides.at(-1);
  const whole = four && last === 1 && strides.slice(0, -1).every((stride) => stride % 4 === 0);
  const run = whole ? vectors : four && last === 0 ? repeated : scalars;
  const isLast = (axis: number) => axis === shape.length - 1;
  const extents = run === scalars ? shape : shape.map((extent, axis) => isLast(axis) ? extent / 4 : extent);
  const steps = whole ? strides.map((stride, axis) => isLast(axis) ? stride : stride / 4) : strides;
  const front = (values: readonly number[], filler: number) => [
    ...new Array<number>(AXES - values.length).fill(filler),
    ...values,
  ];
  const fields = (letter: string, values: readonly number[]) => values.map((value, k) => [`${letter}${k}`, value]);
  const numbers = Object.fromEntries([...fields("n", front(extents, 1)).slice(1), ...fields("s", front(steps, 0))]);
  return run({ x: x.reshape([x.size]), ...numbers }, { N: sizeOf(shape) }).y.reshape(shape);
}

/**
 * Puts axes in another order: axis k of the result is axis `order[k]` of x.
 *
 * @param x Up to six axes.
 * @param order Each axis once.
 * @returns The axes in that order.
 * @throws {ShapeError} If `order` is no permutation of the axes.
 *
 * @example
 * ```ts
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
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
