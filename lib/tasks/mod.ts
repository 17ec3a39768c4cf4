/**
 * Samplers of training data on the GPU: key, step → batch.
 *
 * @module
 */
export type { PerReplica, TaskSampler } from "./sampler.ts";
export type { TaskList } from "./task_list.ts";
export {
  linearRegression,
  type LinearRegressionBatch,
  type LinearRegressionOptions,
  type RegressionTasks,
  regressionTasks,
  type VectorLaw,
} from "./linear_regression.ts";
export { affineFunctions, type AffineFunctionsBatch, type AffineFunctionsOptions } from "./affine_functions.ts";
export * from "./regression_prompts.ts";
