/**
 * icl-lab: learning dynamics of small transformers on WebGPU, theory beside simulation.
 *
 * Exported in the order in which data flows: GPU, gradients, random numbers, kernels, tasks, models, theory, linear
 * algebra, metrics, run, figures.
 *
 * @module
 */
export * from "./lib/gpu/mod.ts";
export * from "./lib/autodiff/mod.ts";
export { chiSquares, type Draw, drawKey, normals, threefry, uniforms, type Words } from "./lib/random.ts";
export * from "./kernels/mod.ts";
export * from "./lib/tasks/regression_prompts.ts";
export * from "./lib/models/linear_icl.ts";
export { DivergenceError } from "./lib/divergence.ts";
export * from "./lib/theory/mod.ts";
export * from "./lib/linalg/mod.ts";
export * from "./lib/metrics/mod.ts";
export * from "./lib/run/mod.ts";
export * from "./lib/figures/mod.ts";
