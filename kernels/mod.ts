/**
 * Operations on tensors, in the order in which a training step passes through them; most have gradients.
 *
 * Parts that only another function launches (of a sampler, of a decomposition, of an optimiser) are not exported here:
 * import them from their own files.
 *
 * @module
 */
export { chiSquareFill, normalFill, type RandomDraw, randomFiles, uniformFill } from "./random/random_fill.ts";
export { categoricalFill } from "./random/categorical_fill.ts";
export { integerFill, permutationFill } from "./random/integer_fill.ts";
export { multinomialFill, type MultinomialLaw } from "./random/multinomial_fill.ts";
export type { Law } from "./random/law_at.ts";
export type { LabelKind } from "./tasks/linear_labels.ts";
export { embedding } from "./arrange/embedding.ts";
export { batchNorm, type BatchNormOptions } from "./norm/batch_norm.ts";
export type { RunningMoments } from "./norm/batch_moments.ts";
export type { RowOptions } from "./shared/rows.ts";
export { layerNorm, type NormOptions, rmsNorm } from "./norm/norm.ts";
export { logSoftmax, softmax, type SoftmaxOptions } from "./reduce/softmax.ts";
export {
  attention,
  type AttentionInputs,
  type AttentionKind,
  type AttentionOptions,
  attentionPattern,
  type AttentionSharing,
} from "./attention/attention.ts";
export { argmax } from "./arrange/argmax.ts";
export { argsort } from "./arrange/argsort.ts";
export { sort } from "./arrange/sort.ts";
export { gather, scatter, select } from "./arrange/gather.ts";
export { queryTokens } from "./arrange/query_tokens.ts";
export { momentProduct } from "./attention/moment_product.ts";
export { sparseAttention, type SparseTokens } from "./attention/sparse_attention.ts";
export {
  type Elementwise,
  elementwise,
  type ElementwiseInputs,
  type ElementwiseParameters,
  type ElementwiseSpec,
} from "./elementwise/elementwise.ts";
export { type Pairwise, pairwise, type PairwiseSpec } from "./elementwise/pairwise.ts";
export { add, divide, greater, maximum, minimum, multiply, subtract } from "./elementwise/binary.ts";
export {
  abs,
  clip,
  cos,
  exp,
  leakyRelu,
  log,
  negate,
  reciprocal,
  relu,
  scale,
  sigmoid,
  sign,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
} from "./elementwise/unary.ts";
export { squareRelu } from "./elementwise/square_relu.ts";
export { erf, gelu, type GeluOptions } from "./elementwise/gelu.ts";
export { activate, type Activation, type ActivationOptions, biasAct } from "./elementwise/bias_act.ts";
export { max, mean, sum, sumTo } from "./reduce/reduce.ts";
export { cumulativeSum } from "./reduce/cumulative_sum.ts";
export { expand, permute } from "./arrange/strided.ts";
export { concatenate, pad, slice } from "./arrange/blocks.ts";
export { fill } from "./shared/fill.ts";
export { oneHot } from "./arrange/one_hot.ts";
export { weightedMean } from "./reduce/weighted_mean.ts";
export { matmul, type MatmulChoice, type MatmulOptions, type MatmulVariant } from "./matmul/matmul.ts";
export { type FlatLayout, globalNorm } from "./optim/global_norm.ts";
export { append } from "./shared/append.ts";
export { advance } from "./shared/advance.ts";
