/** The Gaussian error linear unit, and the error function. */
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { add, multiply } from "./binary.ts";
import { type Elementwise, elementwise } from "./elementwise.ts";
import { exp, negate, scale, square, tanh } from "./unary.ts";

/** Form of the GELU, named as in PyTorch. */
export interface GeluOptions {
  /** `"none"`, the default: x Φ(x) by the error function; `"tanh"`: its approximation by a tanh, as in GPT-2. */
  readonly approximate?: "none" | "tanh";
}

const ROOT = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/**
 * Computes the error function in float64, to 1e-15: its series near 0, its continued fraction elsewhere.
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

/** Error function: `y = 2/√π ∫₀ˣ e^(−s²) ds` in [−1, 1], to 3e-7. */
export const erf: Elementwise = elementwise({
  label: "erf",
  wgsl: "erf(x)",
  derivative: "1.1283791671 * exp(-x * x)",
  gradient: ({ dy, x }) => scale(multiply(dy, exp(negate(square(x)))), 2 / Math.sqrt(Math.PI)),
  reference: erfReference,
});

/** The GELU by the error function, `x Φ(x)`. */
export const exactGelu: Elementwise = elementwise({
  label: "gelu",
  wgsl: "x * normal_below(x)",
  derivative: "normal_below(x) + x * 0.3989422804 * exp(-0.5 * x * x)",
  gradient: ({ dy, x }) => {
    const below = scale(erf(scale(x, Math.SQRT1_2)), 0.5, 0.5);
    const density = scale(exp(scale(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return multiply(dy, add(below, multiply(x, density)));
  },
  reference: (x) => x * normalBelow(x),
});

/** √(2/π) (x + 0.044715 x³) */
const ARGUMENT = "0.7978845608 * x * (1.0 + 0.044715 * x * x)";

/** The GELU by a tanh. */
export const tanhGelu: Elementwise = elementwise({
  label: "gelu_tanh",
  wgsl: `0.5 * x * (1.0 + tanh_accurate(${ARGUMENT}))`,
  derivative: `
    let t = tanh_accurate(${ARGUMENT});
    let inner = 0.7978845608 * (1.0 + 0.134145 * x * x);
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t) * (1.0 + t) * inner;`,
  gradient: ({ dy, x }) => {
    const t = tanh(scale(multiply(x, scale(square(x), CUBIC, 1)), ROOT));
    const inner = scale(square(x), 3 * CUBIC * ROOT, ROOT);
    const slope = multiply(scale(square(t), -1, 1), inner);
    return scale(multiply(dy, add(scale(t, 1, 1), multiply(x, slope))), 0.5);
  },
  reference: (x) => 0.5 * x * (1 + Math.tanh(ROOT * (x + CUBIC * x ** 3))),
});

/**
 * Applies the Gaussian error linear unit: `y = x Φ(x)` with the normal distribution function Φ (Hendrycks & Gimpel
 * 2016), or `y = x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
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
export function gelu(x: Tensor, { approximate = "none" }: GeluOptions = {}): Tensor {
  return approximate === "none" ? exactGelu(x) : tanhGelu(x);
}
