/**
 * The study of an experiment: conditions × seeds, trainings that are followed, snapshots, and the numbers measured.
 *
 * @module
 */
export { byHead } from "./by_head.ts";
export { type Condition, type ConditionReplica, Conditions, consecutiveSeeds } from "./conditions.ts";
export { type DeviationFrom, deviationFrom } from "./deviation.ts";
export {
  each,
  follow,
  type Followed,
  type Follower,
  type FollowOptions,
  type Phases,
  type PhaseState,
  type Reported,
} from "./follow.ts";
export {
  meanCurve,
  type MeasuredCurve,
  Measurements,
  type MeasureRow,
  type Place,
  type Quantity,
  type TheoryNumber,
} from "./measurements.ts";
export { type Snapshot, Snapshots } from "./snapshots.ts";
