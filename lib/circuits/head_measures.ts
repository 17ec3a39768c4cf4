/** Measures of every head of a decoder while it trains: attention scores, spectra and row spaces. */
import type { Transformer } from "../models/transformer.ts";
import type { Weights } from "../models/parameters.ts";
import type { Computation } from "../train/options.ts";
import { type AttentionScores, attentionScores, inductionProbe } from "./attention_scores.ts";
import { circuitNumbers, type CircuitSpectra, circuitSpectra } from "./spectra.ts";

/** Sizes of a decoder of tokens, and what is measured of its heads. */
export interface HeadMeasuresOptions {
  /** Layers L. */
  readonly layers: number;
  /** Heads H of each. */
  readonly heads: number;
  /** Positions T ≥ 4. */
  readonly length: number;
  /** Tokens V. */
  readonly vocabulary: number;
  /** Sequences of each replica on which attention is measured. */
  readonly batch: number;
  /** Leading singular values that effective ranks leave out at most; none by default. */
  readonly marginal?: number;
}

/** Results of {@linkcode headMeasures}. */
export interface HeadMeasures {
  /** Attention scores, on random tokens that repeat once; see {@linkcode inductionProbe}. */
  readonly attention: AttentionScores<Float32Array>;
  /** Spectra and row spaces of QK. */
  readonly QK: CircuitSpectra<Float32Array>;
  /** Spectra and row spaces of OV. */
  readonly OV: CircuitSpectra<Float32Array>;
}

/** Evaluations whose reports are {@linkcode HeadMeasures}. */
export interface HeadEvaluations {
  /** Attention scores. */
  readonly attention: Computation<AttentionScores>;
  /** Spectra and row spaces of QK. */
  readonly QK: Computation<CircuitSpectra>;
  /** Spectra and row spaces of OV. */
  readonly OV: Computation<CircuitSpectra>;
}

/**
 * Evaluations of a training run that measure every head.
 *
 * @param model A decoder of tokens.
 * @param options Its sizes.
 * @returns Evaluations `attention`, `QK` and `OV`, whose reports {@linkcode headNumbers} takes.
 */
export function headMeasures(
  model: Transformer,
  { layers, heads, length, vocabulary, batch, marginal }: HeadMeasuresOptions,
): HeadEvaluations {
  const { sample, block } = inductionProbe({ length, vocabulary, batch });
  const spectra = (circuit: "QK" | "OV") => (weights: Weights) =>
    circuitSpectra(weights, { layers, heads, circuit, marginal });
  return {
    attention: (weights, draw) =>
      attentionScores(model.trace(weights, sample({ ...draw, key: "probe" }).tokens).patterns, block),
    QK: spectra("QK"),
    OV: spectra("OV"),
  };
}

/**
 * Numbers of every head, from a report, under the names that they have in logs.
 *
 * @param measures A report of {@linkcode headMeasures}.
 * @returns `prefix matching`, `previous token`, and of QK and OV the norm and effective ranks (R, L, H), for `byHead`.
 */
export function headNumbers({ attention, QK, OV }: HeadMeasures): Record<string, ArrayLike<number>> {
  return {
    "prefix matching": attention.prefixMatching,
    "previous token": attention.previousToken,
    ...circuitNumbers("QK", QK),
    ...circuitNumbers("OV", OV),
  };
}
