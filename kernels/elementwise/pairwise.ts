/** Functions of two numbers, declared by an expression and applied element by element to tensors that broadcast. */
import { zip64 } from "../../lib/autodiff/array64.ts";
import { differentiable } from "../../lib/autodiff/differentiable.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { type ElementMap, isLight, type Walk } from "../../lib/gpu/element_map.ts";
import type { Sizes } from "../../lib/gpu/declaration.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { broadcast } from "../shared/broadcast.ts";
import { type ElementForm, SCALAR, VECTOR } from "../shared/elements.ts";
import code from "./pairwise.wgsl" with { type: "text" };

/** Declaration of a function of two numbers. */
export interface PairwiseSpec {
  /** Named as the operation; stands in error messages and profiles. */
  readonly label: string;
  /**
   * The function in WGSL: an expression of `a` and `b`, each an `Element`, one number or four: operators and built-in
   * functions work on either, and constants are written as `Element(1.0)`.
   */
  readonly wgsl: string;
  /**
   * The rule of its gradients, of operations: the gradient with respect to `a` and to `b`, of their shapes, which
   * `sumTo(…, a.shape)` brings about; null for a function that is constant piece by piece.
   */
  readonly gradient:
    | ((
      inputs: { readonly dy: Tensor; readonly a: Tensor; readonly b: Tensor; readonly y: Tensor },
    ) => [Tensor, Tensor])
    | null;
  /** The function in float64. */
  readonly reference: (a: number, b: number) => number;
}

/**
 * A differentiable function of two tensors, element by element. Shapes are aligned at the right, axes of extent 1
 * repeat.
 */
export type Pairwise = (a: Tensor, b: Tensor) => Tensor;

const STEPS = ["a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3"] as const;

/** The kernels of a function: for numbers, for fours, and for fours of which one operand is a number that repeats. */
function kernelsOf({ label, wgsl }: PairwiseSpec) {
  const map: ElementMap = {
    inputs: ["a", "b"],
    output: "y",
    scalars: [],
    light: isLight(wgsl),
    files: (width) => (width === 1 ? SCALAR : VECTOR).files,
    define: (name) => `fn ${name}(a: Element, b: Element) -> Element {\nreturn ${wgsl};\n}`,
  };
  const declare = ({ files, width }: ElementForm, A: string, B: string) =>
    kernel({
      label,
      code: {
        ...files,
        [`pairwise ${label}`]:
          `alias A = ${A};\nalias B = ${B};\nfn f(a: Element, b: Element) -> Element {\nreturn ${wgsl};\n}`,
        "kernels/elementwise/pairwise.wgsl": code,
      },
      inputs: { a: ["X"], b: ["Z"] },
      outputs: { y: ["N"] },
      scalars: ["n1", "n2", "n3", ...STEPS],
      map: { ...map, reads: (values) => readsOf(values, width, { a: A, b: B }) },
      groups: ({ N }) => Math.ceil(N / width / 64),
    });
  return {
    scalars: declare(SCALAR, "f32", "f32"),
    vectors: declare(VECTOR, "vec4f", "vec4f"),
    vectorNumber: declare(VECTOR, "vec4f", "f32"),
    numberVector: declare(VECTOR, "f32", "vec4f"),
  };
}

/** How a call reads its operands, whatever form it has. */
function readsOf(
  { N, n1, n2, n3, STRIDED, ...steps }: Sizes,
  width: 1 | 4,
  types: Readonly<Record<"a" | "b", string>>,
): Record<string, Walk | null> {
  if (STRIDED !== 1) return {};
  const extents = [N / width / (n1 * n2 * n3), n1, n2, n3 * width];
  const walkOf = (operand: "a" | "b"): Walk | null => {
    const four = types[operand] === "vec4f" ? 4 : 1;
    const own = [0, 1, 2, 3].map((axis) => steps[`${operand}${axis}`] * (axis < 3 ? four : 1));
    let passed = 1;
    const whole = extents.toReversed().every((extent, back) => {
      const fits = extent === 1 || own[3 - back] === passed;
      passed *= extent;
      return fits;
    });
    return whole ? null : { extents, steps: own };
  };
  return { a: walkOf("a"), b: walkOf("b") };
}

/** Whether four neighbours along the last axis lie side by side (4), are one number (1), or neither (0). */
function widthOf(steps: readonly number[]): 4 | 1 | 0 {
  const last = steps.at(-1);
  if (last === 0) return 1;
  return last === 1 && steps.slice(0, -1).every((step) => step % 4 === 0) ? 4 : 0;
}

/**
 * Declares a differentiable function of two tensors, element by element: `y[n] = f(a[n], b[n])`.
 *
 * @param spec Label, expression, rule of the gradients, and the function in float64.
 * @returns The operation; it throws {@linkcode ShapeError} if shapes do not broadcast.
 *
 * @example
 * ```ts
 * import { divide, multiply } from "./binary.ts";
 * import { pairwise } from "./pairwise.ts";
 * import { sumTo } from "../reduce/reduce.ts";
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const hypotenuse = pairwise({
 *   label: "hypotenuse",
 *   wgsl: "sqrt(a * a + b * b)",
 *   gradient: ({ dy, a, b, y }) => [
 *     sumTo(multiply(dy, divide(a, y)), a.shape),
 *     sumTo(multiply(dy, divide(b, y)), b.shape),
 *   ],
 *   reference: Math.hypot,
 * });
 * await openGpu();
 * using a = Tensor.from([3, 5]);
 * using b = Tensor.from([4, 12]);
 * using y = hypotenuse(a, b);
 * assertEquals([...await y.read()], [5, 13]);
 * ```
 */
export function pairwise(spec: PairwiseSpec): Pairwise {
  const { label, gradient: rule, reference } = spec;
  let kernels: ReturnType<typeof kernelsOf> | undefined;
  return (a, b) => {
    const { shape, same, extents, left, right } = broadcast(label, a.shape, b.shape);
    const [n0, n1, n2, n3] = extents;
    const [wide, high] = [widthOf(left), widthOf(right)];
    const four = n3 % 4 === 0 && wide > 0 && high > 0;
    const inFours = (steps: readonly number[], width: number) =>
      four && width === 4 ? steps.map((step, axis) => axis === 3 ? step : step / 4) : steps;
    const [a0, a1, a2, a3] = inFours(left, wide);
    const [b0, b1, b2, b3] = inFours(right, high);
    const flat = { a: a.reshape([a.size]), b: b.reshape([b.size]) };
    const steps = { n1, n2, n3: four ? n3 / 4 : n3, a0, a1, a2, a3, b0, b1, b2, b3 };
    const { scalars, vectors, vectorNumber, numberVector } = kernels ??= kernelsOf(spec);
    const run = !four ? scalars : wide < 4 ? numberVector : high < 4 ? vectorNumber : vectors;
    const y = run({ ...flat, ...steps }, { N: n0 * n1 * n2 * n3, STRIDED: same ? 0 : 1 }).y.reshape(shape);
    return differentiable({
      label,
      inputs: [a, b],
      output: y,
      gradient: (dy) => rule?.({ dy, a, b, y }) ?? [null, null],
      reference: (a, b) => zip64(a, b, reference),
      stepwise: rule === null,
    });
  };
}
