/**
 * What the tool measures of each matrix.
 *
 * @module
 */
import {
  effectiveRank,
  nuclearNorm,
  participationRatio,
  spectralEntropy,
  spectralNorm,
  stableRank,
} from "../../metrics/spectrum.ts";

/** A measure of the tool. */
export interface Measure {
  /** Title of its axis. */
  readonly title: string;
  /** What it is, in one line. */
  readonly help: string;
  /** What a reader of its figure has to know besides. */
  readonly note?: string;
  /** Its value from singular values, where these tell it. */
  readonly ofSpectrum?: (s: Float32Array) => number;
}

const measure = (title: string, help: string, ofSpectrum?: Measure["ofSpectrum"]): Measure => ({
  title,
  help,
  ...(ofSpectrum && { ofSpectrum }),
});

/** The definition (arXiv 2504.12916) cuts M(t) to k directions, and M(∞) not. */
const FLOOR =
  "where M(∞) has more than k directions the curve ends above 0: at its part outside of its own k leading ones";

/** Name of a measure. */
export type MeasureName =
  | "effective-rank"
  | "marginal-rank"
  | "stable-rank"
  | "participation-ratio"
  | "spectral-entropy"
  | "nuclear-norm"
  | "spectral-norm"
  | "frobenius-norm"
  | "subspace-distance"
  | "subspace-overlap"
  | "principal-angles"
  | "parameter-norm"
  | "norm-curvature"
  | "spectrum";

/** All measures by name. */
export const MEASURES: Readonly<Record<MeasureName, Measure>> = {
  "effective-rank": measure("effective rank", "exp of the spectral entropy (Roy & Vetterli 2007)", effectiveRank),
  "marginal-rank": measure(
    "effective rank",
    "without the k leading singular values, k = 0 … --marginal (arXiv 2504.12916)",
  ),
  "stable-rank": measure("stable rank", "‖M‖_F² / ‖M‖₂²", stableRank),
  "participation-ratio": measure("participation ratio", "(Σ σ²)² / Σ σ⁴", participationRatio),
  "spectral-entropy": measure("spectral entropy (nats)", "−Σ p ln p, p = σ / Σ σ", spectralEntropy),
  "nuclear-norm": measure("nuclear norm", "Σ σ", nuclearNorm),
  "spectral-norm": measure("spectral norm", "largest σ", spectralNorm),
  "frobenius-norm": measure("Frobenius norm", "√Σ σ²", (s) => Math.sqrt(s.reduce((sum, x) => sum + x * x, 0))),
  "subspace-distance": {
    ...measure(
      "subspace distance",
      "min_A ‖A M(t) − M(∞)‖ / ‖M(∞)‖, k directions of M(t): width of a head, else effective rank of M(∞), rounded up",
    ),
    note: FLOOR,
  },
  "subspace-overlap": measure("overlap with the step before", "tr(P(t) P(t−1)) / k of the projectors on row spaces"),
  "principal-angles": measure(
    "angle to the final subspace (rad)",
    "smallest (index 0) and largest (index 1) of k angles",
  ),
  "parameter-norm": measure("norm of all parameters", "‖θ‖₂ of all floating-point tensors"),
  "norm-curvature": measure("curvature of ‖θ‖", "d²‖θ‖ / dt² by local parabolas (arXiv 2504.12916)"),
  "spectrum": measure("singular values", "every σ, index 0 …; always drawn, logged only if asked for"),
};

/** What is measured unless told otherwise. */
export const DEFAULT_MEASURES: readonly MeasureName[] = [
  "effective-rank",
  "marginal-rank",
  "stable-rank",
  "participation-ratio",
  "nuclear-norm",
  "spectral-norm",
  "frobenius-norm",
  "subspace-distance",
  "subspace-overlap",
  "parameter-norm",
  "norm-curvature",
];
