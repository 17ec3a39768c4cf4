/**
 * Closed forms and exact flows that a run is compared with.
 *
 * @module
 */
export type { IclProblem } from "./problem.ts";
export {
  conservedQuantities,
  decoupledLoss,
  decoupledProducts,
  escapeSteps,
  fixedPoint,
  timeConstants,
} from "./linear_icl.ts";
export { modeFlow, type ModeGradient, modeGradient, modeHessian, modeProducts } from "./linear_icl_modes.ts";
export {
  type Blocks,
  blocksOf,
  poolMoments,
  populationFlow,
  populationGradient,
  populationSlope,
  type TaskLaw,
  taskMoment,
} from "./linear_icl_flow.ts";
export { type FullBlocks, fullBlocksOf, fullFlow, fullGradient, fullState } from "./linear_icl_full.ts";
export { freshCommuting, freshDense, gaussianCubature, poolOf, type WeightedTasks } from "./task_average.ts";
export { type CommutingFixedPoint, commutingFixedPoint, denseFixedPoint } from "./exact_fixed_points.ts";
export { type Curvatures, curvatures, nullBlockGrowth } from "./stability.ts";
export { type BlockName, diagonalSecondMoment, entrySecondMoment, promptLossVariance } from "./gradient_moments.ts";
export { sgdNoise, type SgdPrediction, type SgdRun } from "./sgd_noise.ts";
export { decoupledTestLoss, effectiveSlopes, type TestData, testLoss } from "./miscalibration.ts";
export { descend, gradientFlow } from "./descend.ts";
export { integrate, type IntegrateOptions, type Solution, type VectorField } from "./integrate.ts";
