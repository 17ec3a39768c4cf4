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
export {
  conditionNumber,
  hoyer,
  marchenkoPasturEdge,
  type PowerLaw,
  proportionalEffectiveRank,
  tailExponent,
} from "./spectrum_shape.ts";
export { type SpectralMeasures, spectralMeasures } from "./spectral_measures.ts";
export { projectorOverlap, rankRule, rowSpaceAngles, subspaceDistance, type SubspaceOptions } from "./subspace.ts";
export { cosinesBetween, restsOutside, squaredCosines, squaredDistances } from "./row_spaces.ts";
export { rowDimensions, subspaceAngles, subspaceDistances } from "./subspace_stability.ts";
export {
  acceleration,
  CHANGE_CRITERIA,
  type ChangeCriterion,
  type ChangeInterval,
  changeInterval,
  type ChangeName,
  type ChangePoints,
  changePoints,
  type CrossingScale,
  crossingTime,
  type Curve,
  halfWay,
  halvingTime,
  steepestFall,
  valueAtLogarithm,
} from "./change_points.ts";
export { type SegmentedFall, segmentedFall } from "./segmented_fall.ts";
export {
  type AutocorrelationCurvature,
  autocorrelationCurvature,
  type AutocorrelationOptions,
  curvature,
} from "./curvature.ts";
export { type IclScores, iclScores } from "./icl_score.ts";
export { parameterNorm } from "./parameter_norm.ts";
export { type CkaSizes, linearCka, linearCkas } from "./cka.ts";
export { type FitTargets, linearFits, type ProbeOptions, type ReadTarget } from "./linear_fits.ts";
export { linearProbe, linearProbes, type ProbeSizes } from "./linear_probe.ts";
export { type LayerProbe, type LayerProbeOptions, layerProbes } from "./layer_probes.ts";
export { type TrajectoryPca, trajectoryPca, trajectoryPcaReference } from "./trajectory_pca.ts";
export { Hessian } from "./hessian.ts";
export {
  type Eigenvalues,
  hessianTrace,
  lanczos,
  type Products,
  type ProductSizes,
  type TraceEstimate,
} from "./lanczos.ts";
export {
  type LearningCoefficient,
  learningCoefficient,
  type LearningCoefficientOptions,
  learningCoefficients,
  learningCoefficientsAt,
} from "./learning_coefficient.ts";
export {
  calibrateChains,
  type CalibrationCell,
  type CalibrationOptions,
  type ChainCalibration,
} from "./chain_calibration.ts";
export { type ParameterChoice } from "./parameter_mask.ts";
export { type ChainDiagnostics, describeChains, splitRHat } from "./chains.ts";
export {
  type CyclicGroup,
  cyclicGroup,
  type FourierComponent,
  fourierComponents,
  fourierPowers,
  fourierSynthesis,
  gini,
  keyFrequencies,
} from "./fourier.ts";
export {
  embeddingPowers,
  excludedLoss,
  type GroupTable,
  groupTable,
  neuronFrequencies,
  restrictedLoss,
  type ResultComponents,
  resultComponents,
  rowsByElement,
} from "./modular_progress.ts";
export { type KnownCoefficient, reducedRankCoefficient, type ReducedRankSizes } from "./reduced_rank.ts";
