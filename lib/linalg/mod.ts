/**
 * Batched linear algebra on the GPU, in single precision: functions of tensors (…, M, N), called at once or recorded.
 * Gradients pass through `solvePositive`; a loss that depends on a parameter by another one is refused.
 *
 * @module
 */
export { type Eigh, eigh } from "./eigh.ts";
export { singularValues, type Svd, svd } from "./svd.ts";
export { type Qr, qr } from "./qr.ts";
export { cholesky } from "./cholesky.ts";
export { solve, solvePositive, solveTriangular, type TriangularOptions } from "./solve.ts";
export { type CutoffOptions, pinv, solveLeastSquares, solveRidge } from "./least_squares.ts";
export { type Pca, pca, randomizedPca, type RandomizedPcaOptions } from "./pca.ts";
export { principalAngles } from "./principal_angles.ts";
export { type RowSpace, singularValuesOfProduct, svdOfProduct } from "./product_svd.ts";
export { hostProduct } from "./host/host_product.ts";
export {
  type HostRowSpace,
  hostRowSpace,
  hostSingularValues,
  type HostSizes,
  type HostSvd,
  hostSvd,
} from "./host/host_svd.ts";
export { expm } from "./expm.ts";
export { eighReference, type SvdReference, svdReference } from "./reference.ts";
export {
  choleskyReference,
  expmReference,
  matmulReference,
  qrReference,
  regressReference,
  solveReference,
} from "./reference_solve.ts";
