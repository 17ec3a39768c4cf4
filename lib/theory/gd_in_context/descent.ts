/**
 * Several steps of gradient descent, and GD++, on in-context regression: losses and best step sizes by Monte Carlo over
 * spectra.
 *
 * All steps are polynomials in Σ̂ = 1/N Σ x xᵀ, so that the prediction errs by `wᵀ R(Σ̂) x_q` and the loss is
 * `½ s E Σ_i R(λ_i)²` over eigenvalues λ of Σ̂: only spectra are drawn, w and x_q are averaged exactly.
 *
 * @module
 */
import { eighReference } from "../../linalg/reference.ts";
import { solveReference } from "../../linalg/reference_solve.ts";
import { uniforms } from "../../random/random.ts";
import { mean, standardDeviation } from "../../statistics/mod.ts";

/** Spectra of context covariances. */
export interface ContextSpectra {
  /** Input dimension D. */
  readonly dimension: number;
  /** E x² of an entry of the query. */
  readonly second: number;
  /** Eigenvalues (samples, D), row-major. */
  readonly values: Float64Array;
}

/**
 * Draws contexts with inputs from U(−a, a) and finds the spectra of their covariances `1/N Σ x xᵀ`, in float64.
 *
 * @param options Dimension D, context N, half width a of the interval, number of contexts, seed.
 * @returns Spectra.
 */
export function uniformSpectra(
  { dimension: D, context: N, range, samples, seed = 1 }: {
    readonly dimension: number;
    readonly context: number;
    readonly range: number;
    readonly samples: number;
    readonly seed?: number;
  },
): ContextSpectra {
  const values = new Float64Array(samples * D);
  for (let item = 0; item < samples; item++) {
    const x = uniforms({ seed, key: "context spectra", item }, N * D).map((u) => range * (2 * u - 1));
    const covariance = new Float64Array(D * D);
    for (let n = 0; n < N; n++) {
      for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) covariance[i * D + j] += x[n * D + i] * x[n * D + j] / N;
    }
    values.set(eighReference(covariance, D).values, item * D);
  }
  return { dimension: D, second: range ** 2 / 3, values };
}

/** Step sizes of gradient descent, and of GD++. */
export interface DescentSteps {
  /** Learning rate η of each step. */
  readonly rates: readonly number[];
  /** Shrinkage γ of each step, `x ← (I − γ Σ̂) x` after it; 0 by default, which is gradient descent. */
  readonly shrinkages?: readonly number[];
}

/** The residual `R(λ) = Π_k (1 − η_k λ_k)` with `λ_{k+1} = λ_k (1 − γ_k λ_k)²`. */
function residual({ rates, shrinkages }: DescentSteps, eigenvalue: number): number {
  let [product, lambda] = [1, eigenvalue];
  for (let k = 0; k < rates.length; k++) {
    product *= 1 - rates[k] * lambda;
    lambda *= (1 - (shrinkages?.[k] ?? 0) * lambda) ** 2;
  }
  return product;
}

/**
 * Loss `½ E (ŷ − y)²` of gradient descent or GD++ from w = 0 on noiseless prompts.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { descentLoss, uniformSpectra } from "./descent.ts";
 * import { oneStepLoss, uniformInputs } from "./regression_law.ts";
 * const inputs = { dimension: 3, context: 5, range: 1 };
 * const { loss, error } = descentLoss(uniformSpectra({ ...inputs, samples: 4000 }), { rates: [1] });
 * assertAlmostEquals(loss, oneStepLoss(uniformInputs(inputs), 1 / 5), 4 * error);
 * ```
 *
 * @param spectra Spectra of contexts.
 * @param steps Step sizes.
 * @returns The loss, and its standard error over contexts.
 */
export function descentLoss(
  { dimension: D, second, values }: ContextSpectra,
  steps: DescentSteps,
): { readonly loss: number; readonly error: number } {
  const losses = Array.from({ length: values.length / D }, (_, sample) => {
    let sum = 0;
    for (let i = 0; i < D; i++) sum += residual(steps, values[sample * D + i]) ** 2;
    return 0.5 * second * sum;
  });
  return { loss: mean(losses), error: standardDeviation(losses) / Math.sqrt(losses.length) };
}

/** A family of step sizes that is searched. */
export interface DescentFamily {
  /** Number of steps K ≥ 1. */
  readonly steps: number;
  /** Whether every step has sizes of its own; false: one η, and one γ, for all. */
  readonly perStep?: boolean;
  /** Whether γ is searched too (GD++); false by default. */
  readonly shrink?: boolean;
}

/** The best step sizes of a family. */
export interface BestDescent extends Required<DescentSteps> {
  /** Their loss. */
  readonly loss: number;
  /** Standard error of the loss over contexts. */
  readonly lossError: number;
  /** Standard errors of the rates, from ten parts of the contexts that are searched apart. */
  readonly rateErrors: readonly number[];
  /** Standard errors of the shrinkages. */
  readonly shrinkageErrors: readonly number[];
}

/** Parts of the contexts that errors of step sizes are estimated from. */
const PARTS = 10;

/**
 * Finds the step sizes of a family with the least loss over given spectra, by Levenberg and Marquardt's method on the
 * residuals, from several starts. Steps of gradient descent commute, and are given in ascending order of η.
 *
 * @param spectra Spectra of contexts, at least 100.
 * @param family Number of steps, and which sizes are free.
 * @returns Step sizes, their loss, and standard errors.
 */
export function bestDescent(spectra: ContextSpectra, family: DescentFamily): BestDescent {
  const { dimension: D, values } = spectra;
  const whole = search(values, family, starts(values, family));
  const each = Math.floor(values.length / D / PARTS) * D;
  const parts = Array.from(
    { length: PARTS },
    (_, part) => search(values.subarray(part * each, (part + 1) * each), family, [whole]),
  );
  const steps = stepsOf(whole, family);
  const { loss, error: lossError } = descentLoss(spectra, steps);
  const found = parts.map((part) => stepsOf(part, family));
  const deviations = (of: (one: Required<DescentSteps>) => readonly number[]) =>
    of(steps).map((_, k) => standardDeviation(found.map((one) => of(one)[k])) / Math.sqrt(PARTS));
  return {
    ...steps,
    loss,
    lossError,
    rateErrors: deviations(({ rates }) => rates),
    shrinkageErrors: deviations(({ shrinkages }) => shrinkages),
  };
}

function stepsOf(theta: readonly number[], { steps: K, perStep, shrink }: DescentFamily): Required<DescentSteps> {
  const own = perStep ? K : 1;
  const spread = (part: readonly number[]) => perStep ? [...part] : Array<number>(K).fill(part[0]);
  const rates = spread(theta.slice(0, own));
  if (!shrink) return { rates: rates.sort((a, b) => a - b), shrinkages: Array<number>(K).fill(0) };
  // The last step's shrinkage has no effect: a family of own sizes does not search it.
  const shrinkages = perStep ? [...theta.slice(K), 0] : spread(theta.slice(1));
  return { rates, shrinkages };
}

function starts(values: Float64Array, { steps: K, perStep, shrink }: DescentFamily): number[][] {
  const scale = values.length / values.reduce((sum, value) => sum + value ** 2, 0) * mean(values);
  if (perStep && shrink) {
    const shared = search(values, { steps: K, shrink }, starts(values, { steps: K, shrink }));
    return [0.7, 1, 1.3].map((tilt) => [
      ...Array.from({ length: K }, (_, k) => shared[0] * tilt ** (k - (K - 1) / 2)),
      ...Array<number>(K - 1).fill(shared[1]),
    ]);
  }
  if (perStep) {
    return [2, 4].map((spread) =>
      Array.from({ length: K }, (_, k) => scale * spread ** (2 * k / Math.max(1, K - 1) - 1))
    );
  }
  return shrink ? [0.1, 0.3, 0.6].map((part) => [1.5 * scale, part * scale]) : [[scale]];
}

/** Least mean of R(λ)² by Levenberg and Marquardt's method, over all starts. */
function search(values: Float64Array, family: DescentFamily, from: readonly (readonly number[])[]): number[] {
  let best: { theta: number[]; loss: number } | null = null;
  for (const start of from) {
    const found = descendFrom(values, family, start);
    if (!best || found.loss < best.loss) best = found;
  }
  return best!.theta;
}

function descendFrom(values: Float64Array, family: DescentFamily, start: readonly number[]) {
  let theta = [...start], damping = 1e-3;
  let at = normalEquations(values, family, theta);
  const n = theta.length;
  for (let iteration = 0; iteration < 200 && damping < 1e12; iteration++) {
    const matrix = at.square.map((value, index) => index % (n + 1) === 0 ? value * (1 + damping) + 1e-300 : value);
    const step = solveReference(matrix, at.slope, n, 1);
    const next = theta.map((value, k) => value - step[k]);
    const there = normalEquations(values, family, next);
    if (there.loss < at.loss) {
      const moved = Math.max(...step.map((value, k) => Math.abs(value) / (Math.abs(theta[k]) + 1e-12)));
      [theta, at, damping] = [next, there, damping / 5];
      if (moved < 1e-9) break;
    } else damping *= 4;
  }
  return { theta, loss: at.loss };
}

/** Mean of R², of R ∂R and of ∂R ∂Rᵀ over eigenvalues. */
function normalEquations(values: Float64Array, family: DescentFamily, theta: readonly number[]) {
  const { steps: K, perStep, shrink } = family;
  const n = theta.length;
  const slope = new Float64Array(n), square = new Float64Array(n * n);
  const dLambda = new Float64Array(n), dResidual = new Float64Array(n);
  let loss = 0;
  for (const value of values) {
    // Derivatives of λ_k and of R are carried along.
    let product = 1, lambda = value;
    dLambda.fill(0);
    dResidual.fill(0);
    for (let k = 0; k < K; k++) {
      const e = perStep ? k : 0, g = perStep ? K + k : 1;
      const factor = 1 - theta[e] * lambda;
      for (let j = 0; j < n; j++) dResidual[j] = dResidual[j] * factor - product * theta[e] * dLambda[j];
      dResidual[e] -= product * lambda;
      product *= factor;
      if (!shrink || k === K - 1) continue;
      const rest = 1 - theta[g] * lambda;
      for (let j = 0; j < n; j++) dLambda[j] *= rest * (1 - 3 * theta[g] * lambda);
      dLambda[g] -= 2 * lambda * lambda * rest;
      lambda *= rest ** 2;
    }
    loss += product ** 2 / values.length;
    for (let i = 0; i < n; i++) {
      slope[i] += product * dResidual[i] / values.length;
      for (let j = 0; j < n; j++) square[i * n + j] += dResidual[i] * dResidual[j] / values.length;
    }
  }
  return { loss, slope, square };
}
