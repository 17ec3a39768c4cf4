/**
 * Everything a run of an experiment needs beside the GPU: command line, folder, manifest, log, claims, progress.
 *
 * @module
 */
export * as option from "./options.ts";
export type { Configuration, Option, Options, Presets } from "./option.ts";
export * as column from "./columns.ts";
export type { CellOf, Column, Columns, ColumnTable, ColumnType, LogRow, OptionalOf, RowOf } from "./columns.ts";
export {
  type AnyExperiment,
  defineExperiment,
  type Experiment,
  type LivePage,
  type MeasuredAt,
  type ReplicaValues,
  type RunContext,
  type Suggestion,
} from "./experiment.ts";
export { MemoryRun, type MemoryRunOptions } from "./memory_run.ts";
export { main, type Outcome, runExperiment } from "./main.ts";
export { type Broadcast, LiveFigure } from "./live_figure.ts";
export type { Cell, RunCell } from "./cells.ts";
export type { RunOrigin } from "./start_run.ts";
export { RunError, UserError } from "../io/errors.ts";
export { readLog } from "./log.ts";
export {
  type FileEntry,
  type Manifest,
  type OfSweep,
  readManifest,
  type Resumption,
  type RunStatus,
} from "./manifest.ts";
export type { Progress } from "./progress.ts";
export type { FileWriter } from "../figures/write.ts";
export type { CommonConfiguration } from "./command_line.ts";
export type { Resumable } from "./checkpoint_options.ts";
export type { Checkpoints, RunState } from "./run_checkpoints.ts";
