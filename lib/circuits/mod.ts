/**
 * Circuits of attention heads: factors, spectra and row spaces, under training and after it; attention scores.
 *
 * @module
 */
export { circuitFactors, type CircuitName, type HeadCircuits } from "./factors.ts";
export {
  circuitNumbers,
  type CircuitSpectra,
  circuitSpectra,
  frobeniusNorms,
  marginalRanks,
  spacesOf,
  type SpectraOptions,
} from "./spectra.ts";
export {
  compareSpaces,
  type HostSpaces,
  leadingVectors,
  matrixSpaces,
  spaceArrays,
  type SpaceComparison,
  spaceHistory,
  type SpaceMeasures,
  spaceNumbers,
  spacesFrom,
} from "./spaces.ts";
export {
  type AttentionScores,
  attentionScores,
  diagonalScore,
  type InductionProbe,
  inductionProbe,
} from "./attention_scores.ts";
export {
  type HeadEvaluations,
  type HeadMeasures,
  headMeasures,
  type HeadMeasuresOptions,
  headNumbers,
} from "./head_measures.ts";
