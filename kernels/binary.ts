/** Arithmetic of two tensors, element by element. */
import { type Array64, zip64 } from "../lib/autodiff/array64.ts";
import { differentiable } from "../lib/autodiff/differentiable.ts";
import { kernel } from "../lib/gpu/kernel.ts";
import type { Tensor } from "../lib/gpu/tensor.ts";
import { broadcast } from "./broadcast.ts";
import code from "./binary.wgsl" with { type: "text" };
import index from "./index.wgsl" with { type: "text" };
import { sumTo } from "./reduce.ts";
import { negate } from "./unary.ts";

const STEPS = ["a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3"] as const;

const forward = kernel({
  label: "binary",
  code: { "kernels/index.wgsl": index, "kernels/binary.wgsl": code },
  inputs: { a: ["A"], b: ["B"] },
  outputs: { y: ["N"] },
  scalars: ["n1", "n2", "n3", ...STEPS],
  groups: ({ N }) => Math.ceil(N / 64),
});

/** The numbers that binary.wgsl has for them, and what they are. */
const OPERATIONS = {
  add: { code: 0, of: (a: number, b: number) => a + b },
  subtract: { code: 1, of: (a: number, b: number) => a - b },
  multiply: { code: 2, of: (a: number, b: number) => a * b },
  divide: { code: 3, of: (a: number, b: number) => a / b },
} as const;

function apply(label: keyof typeof OPERATIONS, a: Tensor, b: Tensor): Tensor {
  const { shape, same, extents, left, right } = broadcast(label, a.shape, b.shape);
  const [n0, n1, n2, n3] = extents;
  const [a0, a1, a2, a3] = left;
  const [b0, b1, b2, b3] = right;
  const flat = { a: a.reshape([a.size]), b: b.reshape([b.size]) };
  const sizes = { N: n0 * n1 * n2 * n3, OP: OPERATIONS[label].code, STRIDED: same ? 0 : 1 };
  return forward({ ...flat, n1, n2, n3, a0, a1, a2, a3, b0, b1, b2, b3 }, sizes).y.reshape(shape);
}

function reference(label: keyof typeof OPERATIONS): (a: Array64, b: Array64) => Array64 {
  return (a, b) => zip64(a, b, OPERATIONS[label].of);
}

/**
 * `y = a + b`, element by element. Shapes are aligned at the right, axes of extent 1 repeat.
 *
 * @param a Any shape.
 * @param b A shape that broadcasts with a's.
 * @returns The common shape.
 * @throws {ShapeError} If the shapes do not broadcast.
 */
export function add(a: Tensor, b: Tensor): Tensor {
  return differentiable({
    label: "add",
    inputs: [a, b],
    output: apply("add", a, b),
    gradient: (dy) => [sumTo(dy, a.shape), sumTo(dy, b.shape)],
    reference: reference("add"),
  });
}

/**
 * `y = a − b`, element by element. Shapes are aligned at the right, axes of extent 1 repeat.
 *
 * @param a Any shape.
 * @param b A shape that broadcasts with a's.
 * @returns The common shape.
 * @throws {ShapeError} If the shapes do not broadcast.
 */
export function subtract(a: Tensor, b: Tensor): Tensor {
  return differentiable({
    label: "subtract",
    inputs: [a, b],
    output: apply("subtract", a, b),
    gradient: (dy) => [sumTo(dy, a.shape), negate(sumTo(dy, b.shape))],
    reference: reference("subtract"),
  });
}

/**
 * `y = a · b`, element by element. Shapes are aligned at the right, axes of extent 1 repeat.
 *
 * @param a Any shape.
 * @param b A shape that broadcasts with a's.
 * @returns The common shape.
 * @throws {ShapeError} If the shapes do not broadcast.
 */
export function multiply(a: Tensor, b: Tensor): Tensor {
  return differentiable({
    label: "multiply",
    inputs: [a, b],
    output: apply("multiply", a, b),
    gradient: (dy) => [sumTo(multiply(dy, b), a.shape), sumTo(multiply(dy, a), b.shape)],
    reference: reference("multiply"),
  });
}

/**
 * `y = a / b`, element by element. Shapes are aligned at the right, axes of extent 1 repeat.
 *
 * @param a Any shape.
 * @param b A shape that broadcasts with a's; no element 0.
 * @returns The common shape.
 * @throws {ShapeError} If the shapes do not broadcast.
 */
export function divide(a: Tensor, b: Tensor): Tensor {
  const y = apply("divide", a, b);
  return differentiable({
    label: "divide",
    inputs: [a, b],
    output: y,
    gradient: (dy) => {
      const da = divide(dy, b);
      return [sumTo(da, a.shape), negate(sumTo(multiply(da, y), b.shape))];
    },
    reference: reference("divide"),
  });
}
