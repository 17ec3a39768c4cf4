/**
 * Closed forms and exact flows that a run is compared with.
 *
 * @module
 */
export type { IclProblem } from "./linear_icl/problem.ts";
export {
  conservedQuantities,
  decoupledLoss,
  decoupledProducts,
  escapeSteps,
  fixedPoint,
  timeConstants,
} from "./linear_icl/closed_form.ts";
export { modeFlow, type ModeGradient, modeGradient, modeHessian, modeProducts } from "./linear_icl/modes.ts";
export {
  type Blocks,
  blocksOf,
  poolMoments,
  populationFlow,
  populationGradient,
  populationSlope,
  type TaskLaw,
  taskMoment,
} from "./linear_icl/flow.ts";
export { type FullBlocks, fullBlocksOf, fullFlow, fullGradient, fullState } from "./linear_icl/full_flow.ts";
export { freshCommuting, freshDense, gaussianCubature, poolOf, type WeightedTasks } from "./linear_icl/task_average.ts";
export { type CommutingFixedPoint, commutingFixedPoint, denseFixedPoint } from "./linear_icl/exact_fixed_points.ts";
export { type Curvatures, curvatures, nullBlockGrowth } from "./linear_icl/stability.ts";
export {
  type BlockName,
  diagonalSecondMoment,
  entrySecondMoment,
  promptLossVariance,
} from "./linear_icl/gradient_moments.ts";
export { sgdNoise, type SgdPrediction, type SgdRun } from "./linear_icl/sgd_noise.ts";
export { decoupledTestLoss, effectiveSlopes, type TestData, testLoss } from "./linear_icl/miscalibration.ts";
export {
  blockImbalances,
  blockMeasures,
  blockProducts,
  fullImbalance,
  learningBlocks,
  mirrorShares,
  offDiagonalRms,
  replicaBlocks,
  rootMeanSquare,
  squaredNorm,
} from "./linear_icl/blocks.ts";
export {
  type CurveOptions,
  decoupledCurves,
  exactCurves,
  fixedPoints,
  halfwayInit,
  type IclCurves,
  meanCurves,
  type NoiseCurves,
  noiseCurves,
  taskLaw,
} from "./linear_icl/curves.ts";
export {
  bestStep,
  type ContextMoments,
  contextMoments,
  oneStepLoss,
  type RegressionLaw,
  uniformInputs,
} from "./gd_in_context/regression_law.ts";
export {
  effectiveStep,
  factorGradient,
  type LayerFactors,
  type LayerLoss,
  layerLoss,
  type LayerParts,
  layerParts,
  mergedLayer,
} from "./gd_in_context/layer_loss.ts";
export {
  type BestDescent,
  bestDescent,
  type ContextSpectra,
  type DescentFamily,
  descentLoss,
  type DescentSteps,
  uniformSpectra,
} from "./gd_in_context/descent.ts";
export { adamDescend, type AdamDescent, descend, gradientFlow } from "./descend.ts";
export { integrate, type IntegrateOptions, type Solution, type VectorField } from "./integrate.ts";
export {
  attentionTo,
  dominantLaw,
  type FeatureQuery,
  featureQuery,
  type ScoreGradient,
  type ScoreLoss,
} from "./attention_convergence/problem.ts";
export { contextCorrection, firstOrderContext, infiniteContext } from "./attention_convergence/flow.ts";
export { finiteContext } from "./attention_convergence/finite_context.ts";
export {
  gradientMoment,
  scoreNoise,
  type ScorePrediction,
  type ScoreRun,
} from "./attention_convergence/score_noise.ts";
export { initialLead, tailRate } from "./attention_convergence/stages.ts";
export { spinNoise } from "./attention_dmft/finite_size.ts";
export { type Exponents, kaplanYorke, lyapunov } from "./attention_dmft/lyapunov.ts";
export { SpinOrbit } from "./attention_dmft/map.ts";
export {
  featureOrbit,
  firstFeature,
  histogramDistance,
  type PositionCycle,
  positionCycle,
  positionCycleOnset,
  type Regime,
  regimeOf,
  REGIMES,
  spinPeriod,
  spinStateAfter,
} from "./attention_dmft/orbits.ts";
export { type SpinSweep, sweepSpinMaps, type SweptOrbits } from "./attention_dmft/sweep.ts";
export {
  classifier,
  type ClassifierProblem,
  type ClassifierState,
  type ClassifierWeights,
  meanPull,
} from "./co_occurrence/classifier.ts";
export { bayesError, copyingError, type PatternExamples } from "./nonlinear_generalisation/pattern_errors.ts";
export {
  keyQueryPlateaus,
  keyQueryWait,
  type RegressionMoments,
  regressionMoments,
  type WaitOptions,
} from "./separate_keys_queries/plateaus.ts";
export {
  keyQueryFlow,
  keyQueryGradient,
  type KeyQueryHeads,
  keyQueryLoss,
  keyQueryMap,
  predictionDistance,
} from "./separate_keys_queries/flow.ts";
export {
  noisyKeyQueryWait,
  type NoisyWait,
  type NoisyWaitOptions,
  startGradientMoment,
} from "./separate_keys_queries/noise.ts";
export {
  gaussianPosterior,
  poolPosterior,
  type PosteriorPredictions,
  type RegressionPrompts,
} from "./task_pools/posteriors.ts";
export {
  type FittedMixture,
  fixedMixture,
  type MixtureParts,
  mixturePredictions,
  posteriorMixture,
} from "./task_pools/mixtures.ts";
export { selectionSize } from "./task_pools/selection.ts";
export { gaussianSpectra, type GramSpectra, ridgeRisk } from "./in_context_regression/ridge_risk.ts";
export { bayesRisks, type PriorLaw } from "./in_context_regression/bayes_risk.ts";
export { type AffineLaw, clippedError } from "./beyond_the_training_range/clipped_error.ts";
export {
  type BayesClassification,
  bayesClassifier,
  type SignPrompts,
} from "./in_context_regression/bayes_classifier.ts";
