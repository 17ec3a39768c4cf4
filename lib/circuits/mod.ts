/**
 * Circuits of attention heads: factors, spectra and row spaces, under training and after it; attention scores.
 *
 * @module
 */
export { circuitFactors, type CircuitName, type HeadCircuits } from "./factors.ts";
export {
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
  type SpaceComparison,
  spaceHistory,
  type SpaceMeasures,
} from "./spaces.ts";
export {
  type AttentionScores,
  attentionScores,
  diagonalScore,
  type InductionProbe,
  inductionProbe,
} from "./attention_scores.ts";
