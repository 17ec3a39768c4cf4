/**
 * Measuring checkpoints: which circuits and weights there are, how they are read, and the tool as a library.
 *
 * @module
 */
export { type AttentionPlaces, findAttention, type HeadCounts, type HeadPlace, readFactors } from "./circuits.ts";
export { type Layout, LAYOUTS, type Names, type WeightAxes } from "./layouts.ts";
export { type Family, planFamilies, type PlanOptions } from "./plan.ts";
export { evaluateFamily, type Factors, type Finding, type Wanted } from "./evaluate.ts";
export { type CheckpointSeries, findSeries, type StepFile } from "./series.ts";
export { DEFAULT_MEASURES, type Measure, type MeasureName, MEASURES } from "./measures.ts";
export { type CircuitChoice, measureOptions } from "./options.ts";
export { type Change, type CurveKey, Curves, type ReplicatedCurve } from "./curves.ts";
export { type ColumnsOf, measureColumns } from "./columns.ts";
export { measureCheckpoints } from "./measure.ts";
