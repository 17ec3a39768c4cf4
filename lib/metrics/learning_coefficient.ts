/** The local learning coefficient, by chains of stochastic gradient Langevin dynamics. */
import { advance } from "../../kernels/shared/advance.ts";
import { append } from "../../kernels/shared/append.ts";
import { record } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { selectReplicas } from "../models/parameter_arrays.ts";
import type { NamedArray, ParameterSet } from "../models/parameters.ts";
import { sgld } from "../optim/sgld.ts";
import { meanInterval } from "../statistics/interval.ts";
import { describeChains } from "./chains.ts";

/** How a local learning coefficient is estimated. */
export interface LearningCoefficientOptions {
  /**
   * Chains as replicas, all at the trained parameters w*, as initial values of the law `given` put them; updated in place.
   */
  readonly parameters: ParameterSet;
  /**
   * Computes the mean loss of each chain (R) from `parameters.weights`; called while recording. Batches may be drawn by
   * the clock (3), whose step counts from 0.
   */
  readonly loss: (clock: Tensor<"u32">) => Tensor;
  /** nβ: number of examples n times inverse temperature β, usually n / ln n. */
  readonly nBeta: number;
  /** Step size η of the dynamics. */
  readonly lr: number;
  /** Strength γ of the pull towards w*; 0 by default. */
  readonly localisation?: number;
  /** Steps that are left out, until chains have forgotten where they began. */
  readonly burnIn: number;
  /** Steps that count. */
  readonly draws: number;
  /** ℓ(w*); by default the mean of the losses at w* over `batches` batches. */
  readonly lossAtCentre?: number;
  /** Batches over which ℓ(w*) is averaged; 1 by default, enough for a loss that does not draw. */
  readonly batches?: number;
  /** Name of the random draws; another one gives other chains. */
  readonly key?: string;
}

/** An estimate, and what tells whether to trust it. */
export interface LearningCoefficient {
  /** λ̂, the mean over chains. */
  readonly coefficient: number;
  /** λ̂ of each chain (R). */
  readonly chains: readonly number[];
  /** Lower end of the 95 % t-interval over chains; the estimate itself for a single chain. */
  readonly low: number;
  /** Upper end. */
  readonly high: number;
  /** ℓ(w*). */
  readonly lossAtCentre: number;
  /** Losses of each chain, burn-in included (R of burnIn + draws). */
  readonly trace: readonly Float64Array[];
  /** Number of steps at the start that do not count. */
  readonly burnIn: number;
  /** nβ, as it was given. */
  readonly nBeta: number;
  /** Split R̂ over chains: near 1 where they agree; NaN if there is one chain with too few draws. */
  readonly rHat: number;
  /** Faults found in the chains, in words; empty if none was found. */
  readonly warnings: readonly string[];
}

/**
 * Local learning coefficient `λ̂ = nβ (E[ℓ(w)] − ℓ(w*))` (Lau et al. 2023, the estimator of devinterp): the expectation is
 * over the density ∝ exp(−nβ ℓ(w) − γ ‖w − w*‖² / 2), sampled by SGLD from w*.
 *
 * For a regular minimum λ is half the number of parameters, for a degenerate one less: 1/4 for w⁴, 1/2 for w₁² w₂². At
 * finite nβ the estimate is `−d ln Z / d ln nβ` of the localised density, not λ itself: the pull γ lowers it by about
 * γ / (nβ h + γ) of each direction of curvature h, and steps that are too large raise it. Chains are replicas of one
 * program, so that many cost little more than one.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { sum } from "../../kernels/reduce/reduce.ts";
 * import { square } from "../../kernels/elementwise/unary.ts";
 * import { ParameterSet } from "../models/parameters.ts";
 * import { learningCoefficient } from "./learning_coefficient.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * const chains = Array.from({ length: 32 }, (_, seed) => seed);
 * using parameters = ParameterSet.create({ w: { shape: [10], init: { law: "constant", value: 0 } } }, chains);
 * const loss = () => sum(square(parameters.weights.w), [1]);
 * const schedule = { lr: 2e-4, burnIn: 200, draws: 400 };
 * const { coefficient } = await learningCoefficient({ parameters, loss, nBeta: 500, ...schedule });
 * assertAlmostEquals(coefficient, 10 / 2, 0.5);
 * ```
 *
 * @param options Model, loss, and dynamics.
 * @returns Estimate, trace, and diagnostics.
 * @throws {RangeError} If burn-in or draws are no whole numbers, or nβ is not positive.
 */
export async function learningCoefficient(options: LearningCoefficientOptions): Promise<LearningCoefficient> {
  const [found] = await learningCoefficients({ ...options, chains: options.parameters.replicas });
  return found;
}

/**
 * Local learning coefficients of several trained parameters at once: {@linkcode learningCoefficient} of each, from chains
 * that run side by side.
 *
 * @param options Model, loss, and dynamics; the first `chains` replicas of `parameters` are at the first w*, the next ones
 * at the second, and so on.
 * @returns One estimate for each w*.
 * @throws {RangeError} As `learningCoefficient`, or if the replicas are no multiple of `chains`.
 */
export async function learningCoefficients(
  options: LearningCoefficientOptions & { readonly chains: number },
): Promise<LearningCoefficient[]> {
  const { parameters: { replicas: R }, nBeta, burnIn, draws, chains: each } = options;
  if (!Number.isInteger(burnIn) || burnIn < 0 || !Number.isInteger(draws) || draws < 1) {
    throw new RangeError(`learningCoefficient: expected burnIn ≥ 0 and draws ≥ 1, found ${burnIn} and ${draws}`);
  }
  if (!(nBeta > 0)) throw new RangeError(`learningCoefficient: expected nBeta > 0, found ${nBeta}`);
  if (!Number.isInteger(each) || each < 1 || R % each !== 0) {
    throw new RangeError(`learningCoefficients: expected chains that divide ${R} replicas, found ${each}`);
  }
  const [before, after] = await sample(options, options.batches ?? 1);
  return Array.from({ length: R / each }, (_, centre) => {
    const own = Array.from({ length: each }, (_, chain) => centre * each + chain);
    const at = (losses: Float32Array, r: number) =>
      Float64Array.from({ length: losses.length / R }, (_, step) => losses[step * R + r]);
    const lossAtCentre = options.lossAtCentre ?? mean(own.map((r) => mean(at(before, r))));
    return estimated(own.map((r) => at(after, r)), { lossAtCentre, nBeta, burnIn });
  });
}

/**
 * Local learning coefficients along a run: {@linkcode learningCoefficients} of the replicas of a snapshot, by chains whose
 * random draws are the step's own. One set of parameters serves all snapshots.
 *
 * @param snapshot Step, and parameters (S, …) of the replicas under the names of checkpoints.
 * @param options As of `learningCoefficients`: `parameters` has S · chains replicas, the chains of one replica side by side;
 *   their values are written here.
 * @returns One estimate for each replica of the snapshot (S); null where chains diverged.
 * @throws {RangeError} As `learningCoefficients`.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { sum } from "../../kernels/reduce/reduce.ts";
 * import { square } from "../../kernels/elementwise/unary.ts";
 * import { ParameterSet } from "../models/parameters.ts";
 * import { learningCoefficientsAt } from "./learning_coefficient.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * // Two replicas with two chains each; a pull without end leaves them where they are.
 * using parameters = ParameterSet.create({ w: { shape: [1], init: { law: "constant", value: 0 } } }, [1, 2, 3, 4]);
 * const snapshot = { step: 10, arrays: [{ name: "w", shape: [2, 1], data: Float32Array.of(3, 5) }] };
 * const loss = () => sum(square(parameters.weights.w), [1]);
 * const chains = { chains: 2, nBeta: 1, lr: 1e-12, localisation: 1e9, burnIn: 0, draws: 8 };
 * const found = await learningCoefficientsAt(snapshot, { parameters, loss, ...chains });
 * [9, 25].forEach((expected, r) => assertAlmostEquals(found[r]!.lossAtCentre, expected, 1e-4));
 * ```
 */
export async function learningCoefficientsAt(
  { step, arrays }: { readonly step: number; readonly arrays: readonly NamedArray[] },
  options: LearningCoefficientOptions & { readonly chains: number },
): Promise<(LearningCoefficient | null)[]> {
  const { parameters, chains, key = "learning coefficient" } = options;
  const starts = Array.from({ length: parameters.replicas }, (_, chain) => Math.floor(chain / chains));
  parameters.flat.write(parameters.pack(selectReplicas(arrays, starts)));
  const found = await learningCoefficients({ ...options, key: `${key} at step ${step}` });
  return found.map((one) => Number.isFinite(one.coefficient) && Number.isFinite(one.rHat) ? one : null);
}

/** The estimate that losses of chains give, burn-in included (R of burnIn + draws). */
function estimated(
  trace: readonly Float64Array[],
  { lossAtCentre, nBeta, burnIn }: Pick<LearningCoefficient, "lossAtCentre" | "nBeta" | "burnIn">,
): LearningCoefficient {
  const kept = trace.map((losses) => losses.subarray(burnIn));
  const chains = kept.map((losses) => nBeta * (mean(losses) - lossAtCentre));
  const { rHat, warnings } = describeChains(kept, lossAtCentre);
  const { centre, low, high } = chains.length > 1 && chains.every(Number.isFinite)
    ? meanInterval(chains)
    : { centre: mean(chains), low: mean(chains), high: mean(chains) };
  return { coefficient: centre, chains, low, high, lossAtCentre, trace, burnIn, nBeta, rHat, warnings };
}

/** Losses at w* of some batches, then of every step, each (steps, R). */
async function sample(options: LearningCoefficientOptions, batches: number): Promise<[Float32Array, Float32Array]> {
  const { parameters, loss, nBeta, lr, localisation = 0, burnIn, draws, key = "learningCoefficient" } = options;
  const R = parameters.replicas;
  const steps = burnIn + draws;
  const optimizer = sgld({ lr, nBeta, localisation, key });
  const state = optimizer.init(parameters);
  using clock = Tensor.from(Uint32Array.of(0, batches + steps, 1));
  const ring = (rows: number) => ({
    rows: new Tensor([rows, R], "f32", "losses"),
    cursor: Tensor.from(Uint32Array.of(0, rows, 1), [3], "cursor"),
  });
  const [first, all] = [ring(batches), ring(steps)];
  const write = (losses: Tensor, { rows, cursor }: ReturnType<typeof ring>) => {
    append({ row: losses.reshape([R]), cursor, ring: rows });
    advance({ clock: cursor });
    advance({ clock });
  };
  try {
    using still = await record("loss at centre", () => write(loss(clock), first));
    using moving = await record("sgld", () => {
      const losses = loss(clock);
      optimizer.update({ parameters, gradient: parameters.gradient(losses), state, clock });
      write(losses, all);
    });
    still.replay(batches);
    moving.replay(steps);
    return [await first.rows.read(), await all.rows.read()];
  } finally {
    for (const { rows, cursor } of [first, all]) [rows, cursor].forEach((tensor) => tensor.destroy());
    for (const tensor of Object.values(state)) tensor.destroy();
  }
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index];
  return sum / values.length;
}
