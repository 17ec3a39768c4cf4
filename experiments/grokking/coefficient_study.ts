/**
 * The local learning coefficient along the run: how many directions of the training loss are steep around a snapshot.
 *
 * Measure  λ̂ = nβ (E[ℓ(w)] − ℓ(w*)) of the loss ℓ of all training pairs, w* a snapshot, from chains of Langevin dynamics
 *          (Lau et al. 2023, arXiv 2308.12108); nβ = n / ln n. Chains × replicas are replicas of one program, which runs
 *          once for each snapshot.
 * Pull     γ decides what is seen. Most directions of a network are flatter than γ / nβ and count for next to nothing, so
 *          that λ̂ is far below half the number of parameters; without γ, chains leave for flatter regions and never come
 *          to rest. Only ratios at one γ are read, and numbers of two presets are not to be compared. Two things are not
 *          the coefficient of the theory. AdamW's decay is no part of ℓ, so that a snapshot is no minimum of ℓ: chains
 *          may find lower losses, and λ̂ would be negative where they do. And cross-entropy is all but flat where margins
 *          are large: a model that is merely sure of its training pairs has a smaller λ̂ too. The control without decay,
 *          whose margins grow longest, is there to tell how much that alone does.
 * Pilots   seeds 101 and 102 with the controls of 101, snapshots from 0 to 1000 steps, chains of 90 to 200 steps. At step 0
 *          λ̂ was −1 … −4, from step 20 on positive everywhere: hence the first fiftieth of the run is left out. γ = 1000 was
 *          reached in 30 steps at η = 10⁻⁴ and estimates agreed with η = 5 · 10⁻⁵ and, where that was stable, 2 · 10⁻⁴
 *          to a tenth; η = 4 · 10⁻⁴ doubled them, and 2 · 10⁻⁴ already shook the control without decay. γ = 300 gave
 *          1.5 to 10 times as large ones with the same order along the run, γ = 100 did not settle in 120 steps, γ = 10⁴
 *          left nothing of the end of training. In the pilot λ̂ fell from 80 to 1 in the seed that grokked and from 100 to 20 in
 *          the other, from 80 to 37 without decay, and not at all with random labels; the claims' thresholds were chosen
 *          after it. R̂ of two chains of 60 draws scatters between 1 and 1.4 around a mean that chains share to some per
 *          cent, as few draws are independent; it is logged with the drift.
 */
import { crossEntropy } from "../../lib/losses.ts";
import { learningCoefficients } from "../../lib/metrics/mod.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { freePart, partOf } from "./data.ts";
import { type KeptWeights, someReplicas } from "./history.ts";
import { applyModel, modelParameters } from "./model.ts";
import type { Replica } from "./replicas.ts";
import { type Setting, sizesOf } from "./setting.ts";

/** An estimate at one snapshot of one replica. */
export interface CoefficientRow {
  readonly step: number;
  /** Index of the replica in the ensemble. */
  readonly replica: number;
  /** λ̂. */
  readonly coefficient: number;
  /** Smallest and largest λ̂ of a chain. */
  readonly least: number;
  readonly most: number;
  readonly lossAtCentre: number;
  /** Split R̂ over chains. */
  readonly rHat: number;
  /** What is wrong with the chains, in words; empty if nothing was found. */
  readonly warnings: string;
}

/** Controls that are looked at beside the main replicas: those that should not generalise. */
const STUDIED = ["main", "weight decay 0", "random labels"];

/** Indices of the replicas whose coefficient is estimated. */
export function studiedReplicas(replicas: readonly Replica[]): number[] {
  return replicas.flatMap(({ condition }, index) => STUDIED.includes(condition) ? [index] : []);
}

/** nβ of a setting, given the number of training pairs n. */
export function nBetaOf(setting: Setting, n: number): number {
  return setting["coefficient-n-beta"] > 0 ? setting["coefficient-n-beta"] : n / Math.log(n);
}

/**
 * Estimates the coefficients of the replicas that {@linkcode studiedReplicas} names.
 *
 * @param setting Options.
 * @param replicas The whole ensemble.
 * @param kept Parameters of the studied replicas at each step.
 * @param signal Ends the study early.
 * @param onSnapshot Called after each snapshot.
 * @returns One row per snapshot and studied replica, none where chains diverged.
 */
export async function estimateCoefficients(
  setting: Setting,
  replicas: readonly Replica[],
  kept: readonly KeptWeights[],
  signal: AbortSignal,
  onSnapshot: (done: number) => Promise<void>,
): Promise<CoefficientRow[]> {
  const studied = studiedReplicas(replicas);
  const chains = setting["coefficient-chains"];
  // Replica of the ensemble that each chain starts from, as a place in `studied`.
  const starts = studied.flatMap((_, place) => new Array<number>(chains).fill(place));
  const sizes = sizesOf(setting);
  const train = await partOf(setting, starts.map((place) => replicas[studied[place]]), "train");
  using parameters = ParameterSet.create(modelParameters(sizes), starts.map((_, chain) => replicas[0].seed + chain));
  const rows: CoefficientRow[] = [];
  let done = 0;
  try {
    for (const { step, weights } of kept) {
      if (signal.aborted) break;
      parameters.flat.write(parameters.pack(someReplicas(weights, starts)));
      const found = await learningCoefficients({
        parameters,
        loss: () => crossEntropy(applyModel(sizes, parameters.weights, train.tokens).logits, train.labels, train),
        chains,
        nBeta: nBetaOf(setting, train.pairs[0].length),
        lr: setting["coefficient-lr"],
        localisation: setting["coefficient-pull"],
        burnIn: setting["coefficient-burn-in"],
        draws: setting["coefficient-draws"],
        key: `learning coefficient at step ${step}`,
      });
      done++;
      found.forEach(({ coefficient, chains, lossAtCentre, rHat, warnings }, place) => {
        if (!Number.isFinite(coefficient) || !Number.isFinite(rHat)) return;
        rows.push({
          step,
          replica: studied[place],
          coefficient,
          least: Math.min(...chains),
          most: Math.max(...chains),
          lossAtCentre,
          rHat,
          warnings: warnings.join("; "),
        });
      });
      await onSnapshot(done);
    }
  } finally {
    freePart(train);
  }
  return rows;
}
