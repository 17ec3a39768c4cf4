/**
 * Samplers of training data on the GPU: key, step → batch.
 *
 * @module
 */
export type { PerReplica, TaskSampler } from "./sampler.ts";
export { sharedDraw } from "./shared_draw.ts";
export type { TaskList } from "./task_list.ts";
export {
  linearRegression,
  type LinearRegressionBatch,
  type LinearRegressionOptions,
  type RegressionTasks,
  regressionTasks,
  type VectorLaw,
} from "./linear_regression.ts";
export { type InterleavedOptions, interleavedPredictions, interleavedTokens } from "./interleaved.ts";
export { type PromptPairs, replacedPair, sortedPrompts } from "./changed_prompts.ts";
export { taskMixture, type TaskMixtureBatch, type TaskMixtureOptions } from "./task_mixture.ts";
export { affineFunctions, type AffineFunctionsBatch, type AffineFunctionsOptions } from "./affine_functions.ts";
export { sineFunctions, type SineFunctionsBatch, type SineFunctionsOptions } from "./sine_functions.ts";
export { coOccurrence, type CoOccurrenceOptions, type CoOccurrenceSamples } from "./co_occurrence.ts";
export {
  linearDynamics,
  type LinearDynamicsBatch,
  type LinearDynamicsOptions,
  transitionPredictions,
  transitionPrompts,
} from "./linear_dynamics.ts";
export { featureRegression, type FeatureRegressionBatch, type FeatureRegressionOptions } from "./feature_regression.ts";
export type { PatternPrompts } from "../../kernels/tasks/pattern_prompts.ts";
export { type PatternTask, patternTasks, type PatternTasksBatch, type PatternTasksOptions } from "./pattern_tasks.ts";
export { type MixingNetwork, mixingNetwork, type MixingNetworkOptions } from "./mixing_network.ts";
export {
  sphereClusters,
  type SphereClustersBatch,
  type SphereClustersOptions,
  type SphereLaw,
} from "./sphere_clusters.ts";
export {
  modularArithmetic,
  type ModularArithmeticBatch,
  type ModularArithmeticOptions,
  type ModularLabels,
  type ModularOperation,
  type ModularPart,
  modularPart,
  modularTable,
} from "./modular_arithmetic.ts";
export { type NextTokens, shuffled, type TokenBatch, withTargets } from "./token_sequences.ts";
export { repeatedSequences, type RepeatedSequencesBatch, type RepeatedSequencesOptions } from "./repeated_sequences.ts";
export { markovChains, type MarkovChainsBatch, type MarkovChainsOptions } from "./markov_chains.ts";
export { triggerBigrams, type TriggerBigramsBatch, type TriggerBigramsOptions } from "./trigger_bigrams.ts";
export { textPart, textWindows, type TextWindowsBatch, type TextWindowsOptions } from "./text_windows.ts";
export {
  type NextTokenTask,
  type NextTokenTasks,
  textPrediction,
  type TextPredictionOptions,
} from "./text_prediction.ts";
export {
  bestInContextLosses,
  fittedLosses,
  inContextLosses,
  informedLosses,
  type Order,
  repeatedLosses,
  type TokenRows,
} from "./token_losses.ts";
export {
  regressionStatistics,
  type RegressionStatisticsBatch,
  type RegressionStatisticsOptions,
} from "./regression_statistics.ts";
export { poolEntries, type Sampler, type TaskFamily } from "./regression_prompts.ts";
export {
  type RandomRepresentation,
  randomRepresentation,
  type RandomRepresentationOptions,
} from "./random_representation.ts";
export {
  representationDynamics,
  type RepresentationDynamicsBatch,
  type RepresentationDynamicsOptions,
  representationRegression,
  type RepresentationRegressionBatch,
  type RepresentationRegressionOptions,
} from "./representation_tasks.ts";
