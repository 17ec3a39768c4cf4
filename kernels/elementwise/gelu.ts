/** The Gaussian error linear unit, and the error function. */
import { composing } from "../../lib/autodiff/differentiable.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { multiply } from "./binary.ts";
import { type ElementFunction, elementwise } from "./elementwise.ts";
import { exp, negate, scale, square, tanh } from "./unary.ts";

/** Form of the GELU, named as in PyTorch. */
export interface GeluOptions {
  /** `"none"`, the default: x Φ(x) by the error function; `"tanh"`: its approximation by a tanh, as in GPT-2. */
  readonly approximate?: "none" | "tanh";
}

const ROOT = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/**
 * The error function in float64, to 1e-15: its series near 0, its continued fraction elsewhere.
 *
 * @param x Any number.
 * @returns erf x, in [−1, 1].
 *
 * @example
 * ```ts
 * import { erfReference } from "./gelu.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(erfReference(1), 0.8427007929497149, 1e-15);
 * assertAlmostEquals(erfReference(-3), -0.9999779095030014, 1e-15);
 * ```
 */
export function erfReference(x: number): number {
  const v = Math.abs(x);
  if (v < 2.5) {
    // 2/√π e^(−x²) Σ_n 2ⁿ x^(2n+1)/(1·3·…·(2n+1)): terms of one sign.
    let [term, sum] = [v, v];
    for (let n = 1; term > 1e-17 * sum; n++) sum += term *= 2 * v * v / (2 * n + 1);
    return Math.sign(x) * 2 / Math.sqrt(Math.PI) * Math.exp(-v * v) * sum;
  }
  let fraction = v;
  for (let n = 100; n >= 1; n--) fraction = v + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-v * v) / (Math.sqrt(Math.PI) * fraction));
}

/** Φ(x) in float64, with relative precision in the lower tail. */
function normalBelow(x: number): number {
  const v = Math.abs(x) / Math.SQRT2;
  if (v < 2.5) return 0.5 * (1 + erfReference(x / Math.SQRT2));
  let fraction = v;
  for (let n = 100; n >= 1; n--) fraction = v + n / 2 / fraction;
  const tail = 0.5 * Math.exp(-v * v) / (Math.sqrt(Math.PI) * fraction);
  return x < 0 ? tail : 1 - tail;
}

const ERF: ElementFunction = { label: "erf", code: 11, of: erfReference, slopeOf: "argument" };

/**
 * The GELU's kernel.
 *
 * @param options Its form.
 * @returns The function.
 */
export function geluFunction({ approximate = "none" }: GeluOptions = {}): ElementFunction {
  return approximate === "none" ? { label: "gelu", code: 12, of: (x) => x * normalBelow(x), slopeOf: "argument" } : {
    label: "gelu",
    code: 13,
    of: (x) => 0.5 * x * (1 + Math.tanh(ROOT * (x + CUBIC * x ** 3))),
    slopeOf: "argument",
  };
}

/**
 * Error function: `y = 2/√π ∫₀ˣ e^(−s²) ds`, to 3e-7.
 *
 * @param x Any shape.
 * @returns The shape of x, in [−1, 1].
 */
export function erf(x: Tensor): Tensor {
  return elementwise(ERF, x, (dy) => scale(multiply(dy, exp(negate(square(x)))), 2 / Math.sqrt(Math.PI)));
}

/**
 * Gaussian error linear unit: `y = x Φ(x)` with the normal distribution function Φ (Hendrycks & Gimpel 2016), or
 * `y = x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
 *
 * @param x Any shape.
 * @param options Which of the two.
 * @returns The shape of x, ≥ −0.17.
 *
 * @example
 * ```ts
 * import { gelu } from "./gelu.ts";
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1]);
 * using exact = gelu(x);
 * using approximate = gelu(x, { approximate: "tanh" });
 * assertAlmostEquals((await exact.read())[0], 0.841345, 1e-6);
 * assertAlmostEquals((await approximate.read())[0], 0.841192, 1e-6);
 * ```
 */
export function gelu(x: Tensor, options: GeluOptions = {}): Tensor {
  const { approximate = "none" } = options;
  if (!composing()) return elementwise(geluFunction(options), x, (dy) => dy);
  const inner = approximate === "none"
    ? erf(scale(x, Math.SQRT1_2))
    : tanh(scale(multiply(x, scale(square(x), CUBIC, 1)), ROOT));
  return multiply(scale(x, 0.5), scale(inner, 1, 1));
}
