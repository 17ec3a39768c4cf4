/**
 * icl-lab: learning dynamics of small transformers on WebGPU, theory beside simulation.
 *
 * Exported in the order in which data flows.
 *
 * @module
 */
export * from "./lib/gpu/mod.ts";
export * from "./lib/autodiff/mod.ts";
export { chiSquares, type Draw, drawKey, normals, threefry, uniforms, type Words } from "./lib/random/random.ts";
export {
  bimodals,
  gammaPairs,
  integersBelow,
  logGammas,
  logistics,
  permutation,
  randomSubspace,
} from "./lib/random/laws.ts";
export * from "./kernels/mod.ts";
export * from "./lib/tasks/mod.ts";
export { isReadable, readText } from "./lib/io/text.ts";
export * from "./lib/models/linear_icl.ts";
export {
  PAPER_START,
  PAPER_WEIGHTS,
  randomSpinStart,
  randomSpinWeights,
  type SpinState,
  type SpinSystem,
  type SpinWeights,
} from "./lib/models/spin_attention.ts";
export * from "./lib/models/initializers.ts";
export * from "./lib/models/parameters.ts";
export * from "./lib/models/parameter_arrays.ts";
export * from "./lib/models/transformer.ts";
export * from "./lib/models/linear_transformer.ts";
export * from "./lib/models/softmax_then_linear.ts";
export * from "./lib/models/descent_construction.ts";
export * from "./lib/models/linear_attention_heads.ts";
export * from "./lib/models/mlp.ts";
export * from "./lib/models/layers.ts";
export * from "./lib/losses.ts";
export * from "./lib/optim/mod.ts";
export * from "./lib/models/baselines/mod.ts";
export * from "./lib/train/training.ts";
export * from "./lib/train/measure_once.ts";
export { nextTokenLoss } from "./lib/train/next_token.ts";
export * from "./lib/train/linear_icl.ts";
export {
  type SpinAttention,
  spinAttention,
  type SpinAttentionOptions,
  type SpinReplica,
} from "./lib/train/spin_attention.ts";
export { Ring } from "./lib/train/ring.ts";
export { DivergenceError } from "./lib/train/divergence.ts";
export * from "./lib/theory/mod.ts";
export * from "./lib/linalg/mod.ts";
export * from "./lib/metrics/mod.ts";
export * from "./lib/circuits/mod.ts";
export * from "./lib/interventions/mod.ts";
export * from "./lib/statistics/permutation.ts";
export * from "./lib/checkpoint/mod.ts";
export * as statistics from "./lib/statistics/mod.ts";
export type { Interval } from "./lib/statistics/mod.ts";
export * from "./lib/study/mod.ts";
export * from "./lib/claims/mod.ts";
export * from "./lib/run/mod.ts";
export * from "./lib/figures/mod.ts";
export * from "./lib/tools/measure/mod.ts";
