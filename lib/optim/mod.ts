/**
 * Optimisers: gradient and state to new parameters, in one dispatch over a flat buffer.
 *
 * @module
 */
export { type FlatParameters, type Optimizer, type OptimizerState, type OptimizerStep } from "./optimizer.ts";
export { sgd, type SgdOptions } from "./sgd.ts";
export { adam, type AdamOptions, adamw } from "./adamw.ts";
export { sgld, type SgldOptions } from "./sgld.ts";
export { frozen } from "./frozen.ts";
export type { CommonOptions } from "./hyper.ts";
export {
  constantSchedule,
  cosineSchedule,
  linearSchedule,
  type PerReplica,
  type Schedule,
  scheduleFactor,
  type ScheduleOptions,
  triangleSchedule,
  warmUp,
} from "./schedule.ts";
