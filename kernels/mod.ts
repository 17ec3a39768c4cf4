/**
 * Operations on tensors, in the order in which a training step passes through them; most have gradients.
 *
 * What only another function launches (a part of a sampler, of a decomposition, of an optimiser) is not exported here: import it
 * from its own file.
 *
 * @module
 */
export { chiSquareFill, normalFill, type RandomDraw, randomFiles, uniformFill } from "./random_fill.ts";
export type { Law } from "./law_at.ts";
export type { LabelKind } from "./linear_labels.ts";
export { embedding } from "./embedding.ts";
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
export { weightedMean } from "./weighted_mean.ts";
export { matmul, type MatmulChoice, type MatmulOptions, type MatmulVariant } from "./matmul.ts";
export { type FlatLayout, globalNorm } from "./global_norm.ts";
export { append } from "./append.ts";
export { advance } from "./advance.ts";
