/** The local learning coefficient, by chains of stochastic gradient Langevin dynamics. */
import type { Tensor } from "../gpu/tensor.ts";
import { selectReplicas } from "../models/parameter_arrays.ts";
import type { NamedArray, ParameterSet } from "../models/parameters.ts";
import { meanInterval } from "../statistics/interval.ts";
import { sampleChains, type SampledChains } from "./chain_sampling.ts";
import { describeChains } from "./chains.ts";
import type { ParameterChoice } from "./parameter_mask.ts";

/** Stretches of a single chain whose means are compared. */
const STRETCHES = 10;
/** An interval that reaches further than this share of the estimate is wide. */
const WIDE = 0.5;
/** Heating above this share of the estimate is warned of. */
const HOT = 0.1;

/** How a local learning coefficient is estimated. */
export interface LearningCoefficientOptions {
  /**
   * Chains as replicas, all at the trained parameters w*, as initial values of the law `given` put them; updated in place.
   */
  readonly parameters: ParameterSet;
  /**
   * Computes the mean loss of each chain (R) from `parameters.weights`; called while recording, more than once. Batches may
   * be drawn by the clock (3), whose step counts from 0: then ℓ(w*) is taken on the same batches as ℓ(w), which costs one
   * evaluation more a step.
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
  /**
   * Parameters by name, layers and heads whose coefficient is wanted: the others stay at w* (Wang et al. 2024, arXiv
   * 2410.02984, the weight-refined coefficient). All parameters by default.
   */
  readonly only?: readonly ParameterChoice[];
  /** Name of the random draws; another one gives other chains. */
  readonly key?: string;
}

/** An estimate, and what tells whether to trust it. */
export interface LearningCoefficient {
  /** λ̂, the mean over chains. */
  readonly coefficient: number;
  /** λ̂ of each chain (R). */
  readonly chains: readonly number[];
  /**
   * Lower end of the 95 % t-interval over chains, of a single one over ten stretches of it; noise of the batches counts,
   * that of ℓ(w*) included. Bias does not: of steps too large (`calibrateChains`), of a burn-in too short, of `heating`.
   */
  readonly low: number;
  /** Upper end. */
  readonly high: number;
  /** ℓ(w*), the mean over the chains' batches. */
  readonly lossAtCentre: number;
  /** Standard error of ℓ(w*) over batches; 0 for a loss that draws none. */
  readonly lossAtCentreError: number;
  /** Excess `ℓ(w) − ℓ(w*)` of each chain, burn-in included (R of burnIn + draws), each on one batch. */
  readonly excess: readonly Float64Array[];
  /**
   * Noise of the batches' gradients heats the chains: `η (nβ)² tr Cov(∇ℓ) / 8` of batches at w* is what it adds to λ̂
   * where the loss is quadratic and the pull weak, the most that it adds where the pull is not; 0 for a loss that draws none.
   */
  readonly heating: number;
  /** Number of steps at the start that do not count. */
  readonly burnIn: number;
  /** nβ, as it was given. */
  readonly nBeta: number;
  /** Split R̂ over chains: near 1 where they agree; NaN where draws are fewer than 4 or all alike. */
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
 * γ / (nβ h + γ) of each direction of curvature h, and steps that are too large raise it: `calibrateChains` shows both.
 * Chains are replicas of one program, so that many cost little more than one.
 *
 * A loss that draws its batch by the clock is compared with itself at w* on the same batch. The interval then holds the
 * noise of both; wide ones, and batches whose gradients heat the chains, are warned of.
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
 * @returns Estimate, excess of every step, and diagnostics.
 * @throws {RangeError} If burn-in or draws are no whole numbers, nβ is not positive, or `only` names what is not there.
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
  const { parameters: { replicas: R }, chains: each } = options;
  if (!Number.isInteger(each) || each < 1 || R % each !== 0) {
    throw new RangeError(`learningCoefficients: expected chains that divide ${R} replicas, found ${each}`);
  }
  const { lr, localisation = 0, key = "learningCoefficient" } = options;
  const sampled = await sampleChains({ ...options, label: "learningCoefficient", lr, localisation, key });
  return coefficientsOf(sampled, { ...options, lr: () => lr });
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

/**
 * Estimates that sampled chains give, those of one w* together.
 *
 * @param sampled Chains.
 * @param options How many belong together, nβ, burn-in, and the step size of each group.
 * @returns One estimate for each group.
 */
export function coefficientsOf(
  sampled: SampledChains,
  { chains, nBeta, burnIn, lr }: {
    readonly chains: number;
    readonly nBeta: number;
    readonly burnIn: number;
    readonly lr: (group: number) => number;
  },
): LearningCoefficient[] {
  return Array.from({ length: sampled.excess.length / chains }, (_, group) => {
    const own = <T>(all: readonly T[]) => all.slice(group * chains, (group + 1) * chains);
    const excess = own(sampled.excess);
    const kept = excess.map((losses) => losses.subarray(burnIn));
    const each = kept.map((losses) => nBeta * mean(losses));
    const { centre, low, high } = intervalOf(kept.map((losses) => losses.map((one) => nBeta * one)));
    const heating = lr(group) * nBeta ** 2 * mean(own(sampled.gradientNoise)) / 8;
    const { rHat, warnings } = describeChains(kept, 0, sampled.drawing ? (high - low) / 2 / nBeta : 0);
    const batches = sampled.drawing ? noiseWarnings({ centre, low, high, heating }) : [];
    const diverged = !Number.isFinite(centre);
    return {
      coefficient: centre,
      chains: each,
      low,
      high,
      ...centreOf(own(sampled.centre), sampled.drawing),
      excess,
      heating,
      burnIn,
      nBeta,
      rHat,
      warnings: diverged ? warnings : [...warnings, ...batches],
    };
  });
}

/** ℓ(w*) and its standard error, over the batches of all chains. */
function centreOf(losses: readonly Float64Array[], drawing: boolean) {
  const all = losses.flatMap((one) => [...one]);
  const lossAtCentre = mean(all);
  if (!drawing) return { lossAtCentre, lossAtCentreError: 0 };
  const squares = all.reduce((sum, one) => sum + (one - lossAtCentre) ** 2, 0);
  return { lossAtCentre, lossAtCentreError: Math.sqrt(squares / (all.length - 1) / all.length) };
}

/** Mean over chains with its interval; of one chain, over stretches long enough to be all but independent. */
function intervalOf(chains: readonly Float64Array[]) {
  const length = Math.max(1, Math.floor(chains[0].length / STRETCHES));
  const stretches = Array.from(
    { length: Math.floor(chains[0].length / length) },
    (_, index) => chains[0].subarray(index * length, (index + 1) * length),
  );
  const values = (chains.length > 1 ? chains : stretches).map(mean);
  const centre = mean(chains.map(mean));
  if (values.length < 2 || !values.every(Number.isFinite)) return { centre, low: NaN, high: NaN };
  const { low, high, centre: middle } = meanInterval(values);
  return { centre, low: centre + low - middle, high: centre + high - middle };
}

function noiseWarnings(
  { centre, low, high, heating }: { readonly centre: number; readonly low: number; high: number; heating: number },
): string[] {
  const warnings: string[] = [];
  const share = (part: number) => `${(100 * part / Math.abs(centre)).toPrecision(2)} %`;
  if (!((high - low) / 2 <= WIDE * Math.abs(centre))) {
    warnings.push(
      `batches are noisy: the interval reaches ${
        share((high - low) / 2)
      } to both sides, loss at the centre included: ` +
        "larger batches, more draws or more chains are needed",
    );
  }
  if (!(heating <= HOT * Math.abs(centre))) {
    warnings.push(
      `noise of the batches' gradients heats the chains, by up to ${
        share(heating)
      } of the estimate: larger batches or a ` +
        "smaller lr are needed",
    );
  }
  return warnings;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index];
  return sum / values.length;
}
