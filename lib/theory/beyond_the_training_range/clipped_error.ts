/** Error of a predictor of affine functions that is exact up to a largest value, beyond which it does not go. */
import { erfReference } from "../../../kernels/elementwise/gelu.ts";

/** Affine functions `y = a x + b` with a, b ~ N(0, σ²), and the law of x. */
export interface AffineLaw {
  /** Standard deviation σ > 0 of slope and intercept. */
  readonly functions: number;
  /** Law of the inputs: N(0, scale²) or U(−scale, scale). */
  readonly inputs: { readonly law: "normal" | "uniform"; readonly scale: number };
}

/** Intervals of the quadrature over x. */
const INTERVALS = 2000;
/** Standard deviations up to which a normal x is integrated: the rest has probability 1e-15. */
const REACH = 8;

/**
 * Mean square error of predictions that are right up to a bound and stay there beyond it, `E (|y| − B)₊²`: given x,
 * y ~ N(0, s²) with s² = σ² (1 + x²), and `E (|y| − B)₊² = 2 (s² + B²) Q(B/s) − 2 B s φ(B/s)` with the upper tail Q of the
 * normal law and its density φ. Over x by Simpson's rule. B = 0 is the predictor 0: `σ² (1 + E x²)`.
 *
 * @param bound Largest |ŷ|, B ≥ 0.
 * @param law Functions and inputs.
 * @returns The error; its own error is below 1e-9 (σ² (1 + E x²) + B²).
 * @throws {RangeError} If B is negative, or a scale is not positive.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { clippedError } from "./clipped_error.ts";
 *
 * const inputs = { law: "uniform", scale: 1 } as const;
 * assertAlmostEquals(clippedError(0, { functions: 10, inputs }), 100 * (1 + 1 / 3), 1e-6);
 * ```
 */
export function clippedError(bound: number, { functions, inputs: { law, scale } }: AffineLaw): number {
  if (!(bound >= 0)) throw new RangeError(`expected a bound ≥ 0, found ${bound}`);
  for (const [name, value] of Object.entries({ functions, scale })) {
    if (!(value > 0 && Number.isFinite(value))) throw new RangeError(`expected ${name} above 0, found ${value}`);
  }
  const error = (x: number) => {
    const s = functions * Math.sqrt(1 + x * x);
    const z = bound / s;
    const tail = (1 - erfReference(z / Math.SQRT2)) / 2;
    return Math.max(0, 2 * (s * s + bound * bound) * tail - 2 * bound * s * density(z));
  };
  // Both laws are even.
  const [end, weight] = law === "normal"
    ? [REACH, (u: number) => 2 * density(u) * error(scale * u)]
    : [1, (u: number) => error(scale * u)];
  const h = end / INTERVALS;
  let sum = 0;
  for (let i = 0; i <= INTERVALS; i++) {
    sum += (i === 0 || i === INTERVALS ? 1 : i % 2 === 1 ? 4 : 2) * weight(i * h);
  }
  return sum * h / 3;
}

function density(z: number): number {
  return Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
}
