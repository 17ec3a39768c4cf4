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
export {
  chooseMatmul,
  matmul,
  type MatmulChoice,
  type MatmulOptions,
  type MatmulSizes,
  type MatmulVariant,
} from "./matmul.ts";
export { outerMean } from "./outer_mean.ts";
export { sgd } from "./sgd.ts";
export { meanToRing } from "./mean_to_ring.ts";
export { append } from "./append.ts";
export { advance } from "./advance.ts";
