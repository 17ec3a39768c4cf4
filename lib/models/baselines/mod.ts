/**
 * Exact baselines of in-context learning: predictors that the models are compared with, called as they are.
 *
 * A prompt is N pairs (x_n, y_n); prediction n is made for x_n from the pairs before it. Ridge regression on features φ(x)
 * is {@linkcode ridge} applied to prompts with x = φ(x).
 *
 * @module
 */
export type { Baseline, BaselineOptions, PerReplica as BaselineParameter, Positions, Prompts } from "./baseline.ts";
export { leastSquares } from "./least_squares.ts";
export { type PrincipalComponentOptions, principalComponentRegression } from "./principal_components.ts";
export { ridge, type RidgeOptions } from "./ridge.ts";
export { priorRidge, type PriorRidgeOptions } from "./prior_ridge.ts";
export { bayesRidge, type BayesRidgeOptions } from "./bayes_ridge.ts";
export { lasso, type LassoOptions } from "./lasso.ts";
export { dmmse, type DmmseOptions } from "./dmmse.ts";
export { gradientDescent, type GradientDescentOptions } from "./gradient_descent.ts";
export { gdPlusPlus, type GdPlusPlusOptions } from "./gd_plus_plus.ts";
export { logisticRegression, type LogisticRegressionOptions } from "./logistic_regression.ts";
export { featureKernel, kernelRidge, type KernelRidgeOptions } from "./kernel_ridge.ts";
