/**
 * Kernels: each WGSL file's host binding, in the order in which a training step passes through them.
 *
 * @module
 */
export { chiSquareFill, normalFill, type RandomDraw, randomFiles, uniformFill } from "./random_fill.ts";
export { sampleCovariance, wishartCovariance } from "./sample_covariance.ts";
export { taskMatrix } from "./task_matrix.ts";
export { linearIclBackward } from "./linear_icl_backward.ts";
export { linearIclFused } from "./linear_icl_fused.ts";
export { chooseMatmul, matmul, type MatmulChoice, type MatmulOptions, type MatmulVariant } from "./matmul.ts";
export { embedding, embeddingTransposed, type EmbeddingTransposedOptions } from "./embedding.ts";
export { batchNorm, type BatchNormOptions } from "./batch_norm.ts";
export type { RunningMoments } from "./batch_moments.ts";
export type { RowOptions } from "./rows.ts";
export { layerNorm, type NormOptions, rmsNorm } from "./norm.ts";
export { logSoftmax, softmax, type SoftmaxOptions } from "./softmax.ts";
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
export { outerMean } from "./outer_mean.ts";
export { sgd } from "./sgd.ts";
export { meanToRing } from "./mean_to_ring.ts";
export { append } from "./append.ts";
export { advance } from "./advance.ts";
