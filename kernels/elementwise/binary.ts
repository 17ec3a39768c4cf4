/** Functions of two tensors, element by element. Shapes are aligned at the right, axes of extent 1 repeat. */
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { sumTo } from "../reduce/reduce.ts";
import { type Pairwise, pairwise } from "./pairwise.ts";
import { negate } from "./unary.ts";

/** Adds: `y = a + b`. */
export const add: Pairwise = pairwise({
  label: "add",
  wgsl: "a + b",
  gradient: ({ dy, a, b }) => [sumTo(dy, a.shape), sumTo(dy, b.shape)],
  reference: (a, b) => a + b,
});

/** Subtracts: `y = a − b`. */
export const subtract: Pairwise = pairwise({
  label: "subtract",
  wgsl: "a - b",
  gradient: ({ dy, a, b }) => [sumTo(dy, a.shape), negate(sumTo(dy, b.shape))],
  reference: (a, b) => a - b,
});

/** Multiplies: `y = a · b`. */
export const multiply: Pairwise = pairwise({
  label: "multiply",
  wgsl: "a * b",
  gradient: ({ dy, a, b }) => [sumTo(multiply(dy, b), a.shape), sumTo(multiply(dy, a), b.shape)],
  reference: (a, b) => a * b,
});

/** Divides: `y = a / b`; no element of b is 0. */
export const divide: Pairwise = pairwise({
  label: "divide",
  wgsl: "a / b",
  gradient: ({ dy, a, b, y }) => {
    const da = divide(dy, b);
    return [sumTo(da, a.shape), negate(sumTo(multiply(da, y), b.shape))];
  },
  reference: (a, b) => a / b,
});

/** Takes the larger number: `y = max(a, b)`. Where both are equal, each gets half of the gradient. */
export const maximum: Pairwise = pairwise({
  label: "maximum",
  wgsl: "larger(a, b)",
  gradient: ({ dy, a, b }) => chosen(dy, a, b, rank(a, b)),
  reference: Math.max,
});

/** Takes the smaller number: `y = min(a, b)`. Where both are equal, each gets half of the gradient. */
export const minimum: Pairwise = pairwise({
  label: "minimum",
  wgsl: "smaller(a, b)",
  gradient: ({ dy, a, b }) => chosen(dy, a, b, rank(b, a)),
  reference: Math.min,
});

/**
 * Compares: `y = 1` where a > b, 0 elsewhere; its gradient is zero.
 *
 * @example
 * ```ts
 * import { greater } from "./binary.ts";
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([-1, 0, 2]);
 * using zero = Tensor.from([0]);
 * using mask = greater(x, zero);
 * assertEquals([...await mask.read()], [0, 0, 1]);
 * ```
 */
export const greater: Pairwise = pairwise({
  label: "greater",
  wgsl: "select(Element(0.0), Element(1.0), a > b)",
  gradient: null,
  reference: (a, b) => a > b ? 1 : 0,
});

/** 1 where a > b, ½ where a = b, 0 where a < b. */
const rank = pairwise({
  label: "rank",
  wgsl: "select(select(Element(0.0), Element(0.5), a == b), Element(1.0), a > b)",
  gradient: null,
  reference: (a, b) => (Math.sign(a - b) + 1) / 2,
});

/** Gradients of a choice between a and b, given a's share of the gradient. */
function chosen(dy: Tensor, a: Tensor, b: Tensor, share: Tensor): [Tensor, Tensor] {
  const da = multiply(dy, share);
  return [sumTo(da, a.shape), sumTo(subtract(dy, da), b.shape)];
}
