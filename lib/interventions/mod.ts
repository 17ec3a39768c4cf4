/**
 * Interventions in training: subspaces of the residual stream held, moved or drawn anew; branches of one state; delays.
 *
 * @module
 */
export { headOf, type HeadOfReplica, type HeadSide, writeHead } from "./heads.ts";
export {
  type LeadingSubspace,
  leadingSubspaces,
  movedInto,
  normMatchedChange,
  projectionBatch,
  projectionOf,
  type ProjectionSizes,
  redrawnWithin,
  turned,
} from "./subspaces.ts";
export { type Erasure, erasure, type ErasureSizes } from "./erasure.ts";
export {
  erasedAt,
  type LayerReadout,
  layerReadouts,
  type LayerStreams,
  type ReadoutOptions,
  type ReplicaErasures,
} from "./layer_readouts.ts";
export { held, type Hold } from "./held.ts";
export { type Branches, branches } from "./branches.ts";
export {
  censoredCrossing,
  type CensoredTime,
  type CrossingOptions,
  type Delay,
  delays,
  delaysInWords,
} from "./delays.ts";
