/**
 * Kernels: each WGSL file's host binding, in the order in which a training step passes through them.
 *
 * @module
 */
export { chiSquareFill, normalFill, type RandomDraw, randomFiles, uniformFill } from "./random_fill.ts";
export { listPlaces } from "./list_place.ts";
export { drawAt, type Place, type PlaceKeys, promptPlaces, promptPlacesReference } from "./prompt_place.ts";
export type { PromptLists, PromptPlaces } from "./prompt_place.ts";
export { type Law, lawAt, lawAtReference } from "./law_at.ts";
export { factorRows, factorRowsReference } from "./factor_rows.ts";
export { keepRandom, keepRandomReference } from "./keep_random.ts";
export { type LabelKind, linearLabels, linearLabelsReference } from "./linear_labels.ts";
export type { LabelInputs, LabelInputsReference, LabelKeys } from "./linear_labels.ts";
export { linearRecurrence, linearRecurrenceReference } from "./linear_recurrence.ts";
export { spectralRadius, spectralRescale, spectralRescaleReference } from "./linear_recurrence.ts";
export { type Clusters, unitRows, vonMisesFisher, vonMisesFisherReference } from "./von_mises_fisher.ts";
export { integersAt, subsetAt } from "./integers_at.ts";
export { type RepeatedSizes, repeatedTokens, repeatedTokensReference } from "./repeated_tokens.ts";
export { givenTransitions, softmaxCumulative, transitionsAt, transitionsAtReference } from "./transition_matrix.ts";
export type { Transitions } from "./transition_matrix.ts";
export { markovChain, markovChainReference, type Triggers } from "./markov_chain.ts";
export { byteWindows, type WindowSizes } from "./byte_windows.ts";
export { shuffleRows, shuffleRowsReference } from "./shuffle_rows.ts";
export { nextToken } from "./next_token.ts";
export { sampleCovariance, wishartCovariance } from "./sample_covariance.ts";
export { taskMatrix } from "./task_matrix.ts";
export { linearIclBackward } from "./linear_icl_backward.ts";
export { linearIclFused } from "./linear_icl_fused.ts";
export { embedding, embeddingTransposed, type EmbeddingTransposedOptions } from "./embedding.ts";
export { batchNorm, type BatchNormOptions } from "./batch_norm.ts";
export type { RunningMoments } from "./batch_moments.ts";
export type { RowOptions } from "./rows.ts";
export { layerNorm, type NormOptions, rmsNorm } from "./norm.ts";
export { logSoftmax, softmax, type SoftmaxOptions } from "./softmax.ts";
export {
  attention,
  type AttentionInputs,
  type AttentionKind,
  type AttentionOptions,
  attentionPattern,
  type AttentionSharing,
  type AttentionTile,
  chooseAttentionTile,
} from "./attention.ts";
export { gather, scatter, select } from "./gather.ts";
export { add, divide, multiply, subtract } from "./binary.ts";
export {
  exp,
  leakyRelu,
  log,
  negate,
  reciprocal,
  relu,
  scale,
  sigmoid,
  softplus,
  sqrt,
  square,
  tanh,
} from "./unary.ts";
export { erf, gelu, type GeluOptions } from "./gelu.ts";
export { activate, type Activation, type ActivationOptions, biasAct } from "./bias_act.ts";
export { max, mean, sum, sumTo } from "./reduce.ts";
export { expand, permute } from "./strided.ts";
export { concatenate, pad, slice } from "./blocks.ts";
export { fill } from "./fill.ts";
export { oneHot } from "./one_hot.ts";
export { crossEntropyRows } from "./cross_entropy.ts";
export { correctRows } from "./accuracy.ts";
export { type PointwiseLoss, pointwiseLoss } from "./pointwise_loss.ts";
export { weightedMean } from "./weighted_mean.ts";
export {
  chooseMatmul,
  matmul,
  type MatmulChoice,
  type MatmulOptions,
  type MatmulSizes,
  type MatmulVariant,
} from "./matmul.ts";
export { matrixScale, pack, unpack, zeroWords } from "./packing.ts";
export { householder, householderApply, householderTriangle } from "./householder.ts";
export { jacobi, type JacobiLayout, jacobiLayout, jacobiSweeps } from "./jacobi.ts";
export { completeBasis, gatherColumns, jacobiValues, sortValues } from "./jacobi_result.ts";
export { choleskyFactor } from "./cholesky.ts";
export { substitute } from "./triangular_solve.ts";
export { filterValues } from "./filter_values.ts";
export { leadingColumns, leadingColumnsReference } from "./leading_columns.ts";
export { columnMeans, scaledSquares, subtractRows } from "./centre.ts";
export { angles, combine } from "./angles.ts";
export { spectralMeasuresOf } from "./spectral_measures.ts";
export { addIdentity, expmScale, takeSquare } from "./expm.ts";
export { outerMean } from "./outer_mean.ts";
export { type FlatLayout, globalNorm } from "./global_norm.ts";
export { flatFiles, flatGroups, type FlatInput, flatInputs, flatQuads } from "./flat_update.ts";
export { flatMomentum, flatSgd } from "./flat_sgd.ts";
export { flatAdam } from "./flat_adam.ts";
export { flatSgld } from "./flat_sgld.ts";
export { meanToRing } from "./mean_to_ring.ts";
export { append } from "./append.ts";
export { advance } from "./advance.ts";
