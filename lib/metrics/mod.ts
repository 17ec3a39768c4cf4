/**
 * Measures of matrices and of training runs, on plain arrays and on the GPU.
 *
 * @module
 */
export {
  effectiveRank,
  marginalEffectiveRanks,
  nuclearNorm,
  participationRatio,
  spectralEntropy,
  spectralNorm,
  stableRank,
} from "./spectrum.ts";
export { type SpectralMeasures, spectralMeasures } from "./spectral_measures.ts";
