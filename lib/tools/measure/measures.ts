/**
 * Measures that the tool takes of each matrix.
 *
 * @module
 */
import { gini } from "../../metrics/fourier.ts";
import {
  conditionNumber,
  hoyer,
  marchenkoPasturEdge,
  type PowerLaw,
  proportionalEffectiveRank,
  tailExponent,
} from "../../metrics/spectrum_shape.ts";
import {
  effectiveRank,
  nuclearNorm,
  participationRatio,
  spectralEntropy,
  spectralNorm,
  stableRank,
} from "../../metrics/spectrum.ts";

/** Shape and norms of a matrix, which a measure may use beside its singular values. */
export interface MatrixShape {
  /** Rows. */
  readonly M: number;
  /** Columns. */
  readonly N: number;
  /** Whether it is a product of two factors, such as a circuit. */
  readonly factored: boolean;
}

/** A measure of the tool. */
export interface Measure {
  /** Title of its axis. */
  readonly title: string;
  /** Its definition, in one line. */
  readonly help: string;
  /** Remark for readers of its figure. */
  readonly note?: string;
  /** Its value from singular values, where these tell it; NaN where it is not defined. Shapes are those of the matrix. */
  readonly ofSpectrum?: (s: Float32Array, shape: MatrixShape) => number;
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
  | "per"
  | "gini"
  | "hoyer"
  | "condition-number"
  | "above-edge"
  | "tail-exponent"
  | "tail-error"
  | "tail-distance"
  | "subspace-distance"
  | "subspace-overlap"
  | "principal-angles"
  | "composition"
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
  "per": measure(
    "proportional effective rank",
    "effective rank over the largest that it can be",
    proportionalEffectiveRank,
  ),
  "gini": measure("Gini coefficient of σ", "0 for equal σ, 1 − 1/N for one alone", (s) => gini([...s])),
  "hoyer": measure("Hoyer sparsity of σ", "(√N − ‖σ‖₁ / ‖σ‖₂) / (√N − 1)", hoyer),
  "condition-number": measure(
    "condition number",
    "largest over smallest σ; none where that is 0 in single precision",
    conditionNumber,
  ),
  "above-edge": measure(
    "σ above the random edge",
    "number of σ above the Marchenko–Pastur edge of a random matrix of this shape and norm; of weights, not circuits",
    (s, { M, N, factored }) => {
      const edge = marchenkoPasturEdge(M, N, Math.sqrt(s.reduce((sum, x) => sum + x * x, 0)));
      return factored ? NaN : s.reduce((count, value) => count + Number(value > edge), 0);
    },
  ),
  "tail-exponent": measure(
    "tail exponent α",
    "power law of λ = σ² ≥ λ_min (Clauset et al. 2009; WeightWatcher's α); none for tails of fewer than 20 values",
    (s) => tailOf(s)?.alpha ?? NaN,
  ),
  "tail-error": measure(
    "standard error of α",
    "(α − 1) / √n of the n values in the tail",
    (s) => tailOf(s)?.error ?? NaN,
  ),
  "tail-distance": measure(
    "distance of the tail from its power law",
    "Kolmogorov–Smirnov distance of σ² ≥ λ_min from the fitted law",
    (s) => tailOf(s)?.distance ?? NaN,
  ),
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
  "composition": measure(
    "K-composition",
    "Q-, K- and V-composition of each head with those of layers before (Elhage et al. 2021); 1/√C for random heads",
  ),
  "parameter-norm": measure("norm of all parameters", "‖θ‖₂ of all floating-point tensors"),
  "norm-curvature": measure("curvature of ‖θ‖", "d²‖θ‖ / dt² by local parabolas (arXiv 2504.12916)"),
  "spectrum": measure("singular values", "every σ, index 0 …; always drawn, logged only if asked for"),
};

/** The fit of the last spectrum, which three measures use. */
const tails = new WeakMap<Float32Array, PowerLaw | null>();

function tailOf(s: Float32Array): PowerLaw | null {
  let fit = tails.get(s);
  if (fit === undefined) tails.set(s, fit = tailExponent(Float64Array.from(s, (value) => value * value)));
  return fit;
}

/** Measures taken by default. */
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
