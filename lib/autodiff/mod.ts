/**
 * Reverse-mode differentiation of recorded programs, and checks against float64.
 *
 * @module
 */
export {
  type Array64,
  composing,
  differentiable,
  differentiableMany,
  type ManyOperation,
  type Operation,
  stopGradient,
  twiceDifferentiable,
} from "./differentiable.ts";
export { type GradientOptions, gradients, hessianVectorProduct } from "./gradients.ts";
export { pullBack } from "./pull_back.ts";
export { checkGradients, type GradientCheck, type GradientCheckOptions } from "./check_gradients.ts";
