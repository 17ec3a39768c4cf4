/**
 * Measuring checkpoints: which circuits and weights there are, how they are read, and the tool as a library.
 *
 * @module
 */
export { type AttentionPlaces, findAttention, type HeadCounts, type HeadPlace, readFactors } from "./circuits.ts";
export { type FusedOrder, type Layout, LAYOUTS, type Names, type WeightAxes } from "./layouts.ts";
export { type Family, type LeftOut, type Plan, planCheckpoint, planFamilies, type PlanOptions } from "./plan.ts";
export { evaluateFamily, type Factors, type FinalSpaces, type Finding, type Wanted } from "./evaluate.ts";
export type { CpuSpaces } from "./evaluate_host.ts";
export { type CheckpointSeries, findSeries, type PassedOver, type StepFile } from "./series.ts";
export { DEFAULT_MEASURES, type MatrixShape, type Measure, type MeasureName, MEASURES } from "./measures.ts";
export { type CircuitChoice, type HeadsChoice, measureOptions, type StepChoice } from "./options.ts";
export { type Change, changesOf } from "./changes.ts";
export { type ColumnsOf, measureColumns, type OptionalColumnsOf } from "./columns.ts";
export { Need, type Shapes } from "./head_places.ts";
export { locate, type Located, type ModuleName } from "./names.ts";
export { type Adapter, type Inventory, inventoryOf } from "./inventory.ts";
export { type Stored, type Weight } from "./weights.ts";
export { measureCheckpoints } from "./measure.ts";
