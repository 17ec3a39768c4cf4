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
export { max, mean, sum, sumTo } from "./reduce.ts";
export { concatenate, expand, pad, permute, slice } from "./strided.ts";
export { fill } from "./fill.ts";
export { matrixScale, pack, unpack, zeroWords } from "./packing.ts";
export { householder, householderApply, householderTriangle } from "./householder.ts";
export { jacobi, type JacobiLayout, jacobiLayout, jacobiSweeps } from "./jacobi.ts";
export { completeBasis, gatherColumns, jacobiValues, sortValues } from "./jacobi_result.ts";
export { choleskyFactor } from "./cholesky.ts";
export { substitute } from "./triangular_solve.ts";
export { filterValues } from "./filter_values.ts";
export { columnMeans, scaledSquares, subtractRows } from "./centre.ts";
export { angles, combine } from "./angles.ts";
export { spectralMeasuresOf } from "./spectral_measures.ts";
export { addIdentity, expmScale, takeSquare } from "./expm.ts";
export { outerMean } from "./outer_mean.ts";
export { sgd } from "./sgd.ts";
export { meanToRing } from "./mean_to_ring.ts";
export { append } from "./append.ts";
export { advance } from "./advance.ts";
