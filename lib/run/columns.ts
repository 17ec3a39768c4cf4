/**
 * Columns of the log: declared once per kind of row, checked when a row is written, documented in the manifest.
 *
 * @module
 */

/** Types a column can have. A float is always written with a point or exponent, so that readers infer one type. */
export type ColumnType = "int" | "float" | "text" | "bool";

/** One column: its type, unit, and what it means. */
export interface Column<T extends ColumnType = ColumnType> {
  /** Type of every cell. */
  readonly type: T;
  /** Unit in words, `""` where there is none. */
  readonly unit: string;
  /** Its meaning, in a few words. */
  readonly meaning: string;
  /** Whether a row may go without it, or hold null: then the line has no such key. */
  readonly optional?: true;
}

/** The columns of one kind of row. */
export type Columns = Readonly<Record<string, Column>>;

/** The kinds of row of a log, each with its columns. */
export type ColumnTable = Readonly<Record<string, Columns>>;

/** The value a column of type `T` takes. */
export type CellOf<T extends ColumnType> = T extends "text" ? string : T extends "bool" ? boolean : number;

/** Names of the columns that a row may go without. */
export type OptionalOf<C extends Columns> = {
  [K in keyof C]: C[K] extends { readonly optional: true } ? K : never;
}[keyof C];

/** A row of a kind: every column, with the value its type demands; optional ones may be left out, or null. */
export type RowOf<C extends Columns> =
  & { readonly [K in Exclude<keyof C, OptionalOf<C>>]: CellOf<C[K]["type"]> }
  & { readonly [K in OptionalOf<C>]?: CellOf<C[K]["type"]> | null };

/** A row as it is read back. */
export type LogRow = { readonly kind: string; readonly [column: string]: number | string | boolean };

/** A column of safe integers: `int("steps", "SGD steps taken")`. */
export function int(unit: string, meaning: string): Column<"int"> {
  return { type: "int", unit, meaning };
}

/** A column of finite numbers: `float("nats", "cross-entropy")`. */
export function float(unit: string, meaning: string): Column<"float"> {
  return { type: "float", unit, meaning };
}

/** A column of text. */
export function text(meaning: string): Column<"text"> {
  return { type: "text", unit: "", meaning };
}

/** A column of truth values. */
export function bool(meaning: string): Column<"bool"> {
  return { type: "bool", unit: "", meaning };
}

/** A column that a row may go without: `optional(int("", "head"))`. */
export function optional<T extends ColumnType>(column: Column<T>): Column<T> & { readonly optional: true } {
  return { ...column, optional: true };
}

type OptionalColumn<T extends ColumnType> = Column<T> & { readonly optional: true };

/** Columns that say what a number is, and where in a model it belongs. */
type PlaceColumns = {
  readonly series: Column<"text">;
  readonly step: Column<"int">;
  readonly quantity: Column<"text">;
  readonly layer: OptionalColumn<"int">;
  readonly head: OptionalColumn<"int">;
  readonly index: OptionalColumn<"int">;
};

const places: PlaceColumns = {
  series: text("condition or study that the number belongs to"),
  step: int("steps", "steps taken"),
  quantity: text("what the number is"),
  layer: optional(int("", "layer, from 0")),
  head: optional(int("", "head of the layer, from 0")),
  index: optional(int("", "which of several values: mode, frequency, position")),
};

/**
 * Kinds of row that every log has: numbers measured, and those of theories; a criterion for each claim before the run, a
 * verdict for each after it, and the error of each rival explanation that a claim names.
 */
export const standardColumns: {
  readonly measure: PlaceColumns & { readonly replica: Column<"int">; readonly value: Column<"float"> };
  readonly theory: PlaceColumns & { readonly theory: Column<"text">; readonly value: Column<"float"> };
  readonly criterion: { readonly [K in "id" | "statement" | "source" | "criterion"]: Column<"text"> };
  readonly claim:
    & { readonly [K in "id" | "source" | "criterion" | "verdict" | "detail"]: Column<"text"> }
    & { readonly [K in "predicted" | "measured" | "low" | "high"]: OptionalColumn<"float"> }
    & { readonly replicas: Column<"int">; readonly replicasToSettle: OptionalColumn<"int"> }
    & { readonly shown: OptionalColumn<"text"> };
  readonly rival: { readonly [K in "id" | "rival"]: Column<"text"> } & { readonly error: Column<"float"> };
} = {
  measure: { ...places, replica: int("", "replica of the series, from 0"), value: float("", "the number") },
  theory: { theory: text("name of the theory"), ...places, value: float("", "the number") },
  criterion: {
    id: text("name of the claim"),
    statement: text("what is claimed"),
    source: text("where it is claimed"),
    criterion: text("what would count as reproduced, fixed before the run"),
  },
  claim: {
    id: text("name of the claim"),
    source: text("where it is claimed"),
    criterion: text("what would count as reproduced, fixed before the run"),
    predicted: optional(float("", "the value that a source or a theory predicts, if any")),
    measured: optional(float("", "the value measured, over replicas; left out where nothing was")),
    low: optional(float("", "lower end of the interval of the measured value")),
    high: optional(float("", "upper end of the interval of the measured value")),
    replicas: int("", "replicas, or cases, that the interval is over"),
    replicasToSettle: optional(int("", "replicas that would be expected to settle an inconclusive claim")),
    shown: optional(text("of several groups the one whose numbers these are")),
    verdict: text("reproduced, not reproduced or inconclusive; trial under a preset that judges nothing"),
    detail: text("further numbers in words, empty where there are none"),
  },
  rival: {
    id: text("name of the claim"),
    rival: text("name of a rival explanation"),
    error: float("relative", "its error against the measurement"),
  },
};

/**
 * Joins an experiment's columns with those every log has, and refuses a name that would have two types: readers that
 * load the whole file see one column per name, whatever the kind of row.
 *
 * @param own Columns by kind of row.
 * @returns All columns by kind of row.
 * @throws {Error} If a kind is taken, a column is named `kind`, or a name has two types.
 *
 * @example
 * ```ts
 * import { float, int, joinColumns } from "./columns.ts";
 *
 * const table = joinColumns({ train: { step: int("steps", "steps taken"), loss: float("", "mean loss") } });
 * if (!("measure" in table)) throw new Error("numbers are always logged");
 * ```
 */
export function joinColumns<C extends ColumnTable>(own: C): C & typeof standardColumns {
  const taken = Object.keys(own).find((kind) => kind in standardColumns);
  if (taken !== undefined) {
    throw new Error(`expected kinds of row other than ${Object.keys(standardColumns).join(", ")}; found ${taken}`);
  }
  const table = { ...own, ...standardColumns };
  const types = new Map<string, ColumnType>([["kind", "text"]]);
  for (const [kind, columns] of Object.entries<Columns>(table)) {
    if ("kind" in columns) throw new Error(`expected no column named kind in ${kind} rows, found one`);
    for (const [name, { type }] of Object.entries(columns)) {
      const before = types.get(name) ?? type;
      if (before !== type) {
        throw new Error(`expected column ${name} to have one type in all rows, found ${before} and ${type} (${kind})`);
      }
      types.set(name, type);
    }
  }
  return table;
}
