/**
 * Rows of the tool's log: numbers as every log has them, and what is the tool's own.
 *
 * @module
 */
import { type Column, float, int, optional, text } from "../../run/columns.ts";
import type { Quantity } from "../../study/measurements.ts";
import type { CurveKey } from "./curves.ts";

/** Columns of one type, by name. */
export type ColumnsOf<N extends string, T extends "int" | "float" | "text"> = { readonly [name in N]: Column<T> };

/** Measures of several values each. */
const SEVERAL = ["marginal-rank", "principal-angles", "spectrum"];

/**
 * What a number is in the log: the series is the weight, or a circuit of one, as `QK of blocks.0.attention`; the quantity is
 * the measure.
 *
 * @param key What was measured.
 * @returns Series, quantity and place.
 */
export function quantityOf({ layer, head, circuit, matrix, measure, index }: CurveKey): Quantity {
  return {
    series: circuit === "QK" || circuit === "OV" ? `${circuit} of ${matrix}` : matrix,
    quantity: measure,
    ...(layer >= 0 && { layer }),
    ...(head >= 0 && { head }),
    ...(SEVERAL.includes(measure) && { index }),
  };
}

/** Rows beside those of every log: series of checkpoints, and changes of curves. */
export const measureColumns: {
  readonly series: ColumnsOf<"number" | "checkpoints", "int"> & ColumnsOf<"name", "text">;
  readonly change:
    & ColumnsOf<"series" | "quantity" | "change" | "criterion", "text">
    & { readonly [place in "layer" | "head" | "index"]: Column<"int"> & { readonly optional: true } }
    & ColumnsOf<"median" | "low" | "high", "float">
    & ColumnsOf<"found" | "replicas", "int">;
} = {
  series: {
    number: int("", "number of the series"),
    name: text("folder of its checkpoints"),
    checkpoints: int("", "how many"),
  },
  change: {
    series: text("weight, or circuit of one"),
    quantity: text("what was measured"),
    layer: optional(int("", "layer, from 0")),
    head: optional(int("", "head of the layer, from 0")),
    index: optional(int("", "which of several values; k of marginal-rank")),
    change: text("drop, rise, dip or plateau"),
    criterion: text("what counts as one"),
    median: float("steps", "median of its time over the replicas that have it"),
    low: float("steps", "quantile 0.05 over them"),
    high: float("steps", "quantile 0.95 over them"),
    found: int("", "replicas that have it"),
    replicas: int("", "all replicas"),
  },
};
