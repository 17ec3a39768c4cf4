/** Arithmetic of two tensors, element by element. */
import { type Array64, zip64 } from "../../lib/autodiff/array64.ts";
import { differentiable } from "../../lib/autodiff/differentiable.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { broadcast } from "../shared/broadcast.ts";
import code from "./binary.wgsl" with { type: "text" };
import { type ElementForm, SCALAR, VECTOR } from "../shared/elements.ts";
import { sumTo } from "../reduce/reduce.ts";
import { negate } from "./unary.ts";

const STEPS = ["a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3"] as const;

/** Kernels for operands of elements of one number or four; see binary.wgsl. */
const declare = ({ files, width }: ElementForm, A: string, B: string) =>
  kernel({
    label: "binary",
    code: {
      ...files,
      "kernels/elementwise/binary.ts": `alias A = ${A};\nalias B = ${B};`,
      "kernels/elementwise/binary.wgsl": code,
    },
    inputs: { a: ["X"], b: ["Z"] },
    outputs: { y: ["N"] },
    scalars: ["n1", "n2", "n3", ...STEPS],
    groups: ({ N }) => Math.ceil(N / width / 64),
  });

const scalars = declare(SCALAR, "f32", "f32");
const vectors = declare(VECTOR, "vec4f", "vec4f");
const vectorNumber = declare(VECTOR, "vec4f", "f32");
const numberVector = declare(VECTOR, "f32", "vec4f");

/** The numbers that binary.wgsl has for them, and what they are. */
const OPERATIONS = {
  add: { code: 0, of: (a: number, b: number) => a + b },
  subtract: { code: 1, of: (a: number, b: number) => a - b },
  multiply: { code: 2, of: (a: number, b: number) => a * b },
  divide: { code: 3, of: (a: number, b: number) => a / b },
} as const;

/** Whether four neighbours along the last axis lie side by side (4), are one number (1), or neither (0). */
function widthOf(steps: readonly number[]): 4 | 1 | 0 {
  const last = steps.at(-1);
  if (last === 0) return 1;
  return last === 1 && steps.slice(0, -1).every((step) => step % 4 === 0) ? 4 : 0;
}

function apply(label: keyof typeof OPERATIONS, a: Tensor, b: Tensor): Tensor {
  const { shape, same, extents, left, right } = broadcast(label, a.shape, b.shape);
  const [n0, n1, n2, n3] = extents;
  const [wide, high] = [widthOf(left), widthOf(right)];
  const four = n3 % 4 === 0 && wide > 0 && high > 0;
  const inFours = (steps: readonly number[], width: number) =>
    four && width === 4 ? steps.map((step, axis) => axis === 3 ? step : step / 4) : steps;
  const [a0, a1, a2, a3] = inFours(left, wide);
  const [b0, b1, b2, b3] = inFours(right, high);
  const flat = { a: a.reshape([a.size]), b: b.reshape([b.size]) };
  const sizes = { N: n0 * n1 * n2 * n3, OP: OPERATIONS[label].code, STRIDED: same ? 0 : 1 };
  const run = !four ? scalars : wide < 4 ? numberVector : high < 4 ? vectorNumber : vectors;
  const steps = { n1, n2, n3: four ? n3 / 4 : n3, a0, a1, a2, a3, b0, b1, b2, b3 };
  return run({ ...flat, ...steps }, sizes).y.reshape(shape);
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
