/**
 * Kinds of row that the tool logs beside the numbers it measures.
 *
 * @module
 */
import { type Column, float, int, optional, text } from "../../run/columns.ts";

/** Columns of one type, by name. */
export type ColumnsOf<N extends string, T extends "int" | "float" | "text"> = { readonly [name in N]: Column<T> };

/** Columns of whole numbers that a row may go without, by name. */
export type OptionalColumnsOf<N extends string> = { readonly [name in N]: Column<"int"> & { readonly optional: true } };

/** Rows of the log: folders that were read, changes, and what an audit found. Numbers are `measure` rows. */
export const measureColumns: {
  readonly folder: ColumnsOf<"replica" | "checkpoints", "int"> & ColumnsOf<"name", "text">;
  readonly change:
    & ColumnsOf<"series" | "quantity" | "change" | "criterion", "text">
    & OptionalColumnsOf<"layer" | "head" | "index">
    & ColumnsOf<"median" | "low" | "high", "float">
    & ColumnsOf<"after" | "before" | "found" | "replicas", "int">;
  readonly finding: ColumnsOf<"check" | "finding", "text">;
} = {
  folder: {
    replica: int("", "number of its first replica"),
    name: text("folder of its checkpoints"),
    checkpoints: int("", "how many"),
  },
  change: {
    series: text("circuit, with its tower where there are several, or name of the weight"),
    quantity: text("what was measured"),
    layer: optional(int("", "layer, from 0")),
    head: optional(int("", "head of the layer, from 0")),
    index: optional(int("", "which of several values: k of marginal-rank")),
    change: text("drop, rise, dip or plateau"),
    criterion: text("what counts as one"),
    median: float("steps", "median of its time over the replicas that have it, between checkpoints by interpolation"),
    low: float("steps", "quantile 0.05 over them"),
    high: float("steps", "quantile 0.95 over them"),
    after: int("steps", "last checkpoint before it"),
    before: int("steps", "first checkpoint that shows it"),
    found: int("", "replicas that have it"),
    replicas: int("", "all replicas"),
  },
  finding: {
    check: text("what was checked: equal weights, shards, replicas, rank, cut"),
    finding: text("what was found"),
  },
};
