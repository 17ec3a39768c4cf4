/** Sine functions of one variable, `y = a sin(x + φ)`. */
import { add, multiply } from "../../kernels/elementwise/binary.ts";
import { scale, sin } from "../../kernels/elementwise/unary.ts";
import { concatenate, slice } from "../../kernels/arrange/blocks.ts";
import { uniformFill } from "../../kernels/random/random_fill.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { checkCounts, type TaskSampler } from "./sampler.ts";

/** A task of sine functions. */
export interface SineFunctionsOptions {
  /** Points N of a prompt. */
  readonly context: number;
  /** Prompts B per replica and step. */
  readonly batch: number;
  /** Amplitudes are uniform between these; (0.1, 0.5) by default. */
  readonly amplitudes?: readonly [number, number];
  /** Phases are uniform between these; (0, π) by default. */
  readonly phases?: readonly [number, number];
  /** Points are uniform on (−range, range); 5 by default. */
  readonly range?: number;
}

/** A batch of sine functions. */
export interface SineFunctionsBatch {
  /** Points (R, B, N). */
  readonly x: Tensor;
  /** Values (R, B, N). */
  readonly y: Tensor;
  /** Amplitude and phase (R, B, 2). */
  readonly coefficients: Tensor;
}

/**
 * `y = a sin(x + φ)` with amplitude, phase and points uniform, a and φ new for every prompt (von Oswald et al., arXiv 2212.07677, after
 * Finn et al. 2017).
 *
 * @param options The task.
 * @returns A sampler; its batch depends on seeds, key and step only, and prompt b on b but not on B.
 * @throws {RangeError} If a count is no positive integer.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { sineFunctions } from "./sine_functions.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * const { x, y, coefficients } = sineFunctions({ context: 10, batch: 4 })({ seeds, clock, key: "train" });
 * const [[a, phase], [x0], [y0]] = [await coefficients.read(), await x.read(), await y.read()];
 * assertAlmostEquals(y0, a * Math.sin(x0 + phase), 1e-5);
 * ```
 */
export function sineFunctions(options: SineFunctionsOptions): TaskSampler<SineFunctionsBatch> {
  const { context: N, batch: B, amplitudes = [0.1, 0.5], phases = [0, Math.PI], range = 5 } = options;
  checkCounts("sine_functions", { context: N, batch: B });
  return ({ seeds, clock, key }) => {
    const [R] = seeds.shape;
    const uniform = (name: string, count: number, [low, high]: readonly [number, number]) =>
      scale(uniformFill({ seeds, clock, key: `${key}: ${name}` }, { I: B, C: count }), high - low, low);
    const x = uniform("points", N, [-range, range]);
    const both = uniformFill({ seeds, clock, key: `${key}: functions` }, { I: B, C: 2 });
    const part = (at: number, [low, high]: readonly [number, number]) =>
      scale(slice(both, 2, at, at + 1), high - low, low).reshape([R, B, 1]);
    const [a, phase] = [part(0, amplitudes), part(1, phases)];
    const y = multiply(a, sin(add(x, phase)));
    return { x, y, coefficients: concatenate([a, phase], 2) };
  };
}
