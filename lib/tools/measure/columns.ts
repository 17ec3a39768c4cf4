/**
 * Columns of the tool's log.
 *
 * @module
 */
import { type Column, float, int, text } from "../../run/columns.ts";

/** Columns of one type, by name. */
export type ColumnsOf<N extends string, T extends "int" | "float" | "text"> = { readonly [name in N]: Column<T> };

/** What says which matrix and which measure a row is about. */
export type MeasureKey =
  & ColumnsOf<"layer" | "head" | "index", "int">
  & ColumnsOf<"circuit" | "matrix" | "measure", "text">;

const key: MeasureKey = {
  layer: int("", "layer, −1 where there is none"),
  head: int("", "head, −1 where there is none"),
  circuit: text("QK, OV, matrix or all"),
  matrix: text("prefix of the layer's names, or name of the weight"),
  measure: text("what was measured"),
  index: int("", "which of several values, 0 for most measures; k of marginal-rank"),
};

/** Rows of the log: series, measures, and changes. */
export const measureColumns: {
  readonly series: ColumnsOf<"number" | "checkpoints", "int"> & ColumnsOf<"name", "text">;
  readonly matrix: ColumnsOf<"step" | "replica", "int"> & MeasureKey & ColumnsOf<"value", "float">;
  readonly change:
    & MeasureKey
    & ColumnsOf<"change" | "criterion", "text">
    & ColumnsOf<"median" | "low" | "high", "float">
    & ColumnsOf<"found" | "replicas", "int">;
} = {
  series: {
    number: int("", "number of the series"),
    name: text("folder of its checkpoints"),
    checkpoints: int("", "how many"),
  },
  matrix: {
    step: int("steps", "step of the checkpoint"),
    replica: int("", "replica: number of the series, or of the axis of replicas within a checkpoint"),
    ...key,
    value: float("", "value of the measure"),
  },
  change: {
    ...key,
    change: text("drop, rise, dip or plateau"),
    criterion: text("what counts as one"),
    median: float("steps", "median of its time over the replicas that have it"),
    low: float("steps", "quantile 0.05 over them"),
    high: float("steps", "quantile 0.95 over them"),
    found: int("", "replicas that have it"),
    replicas: int("", "all replicas"),
  },
};
