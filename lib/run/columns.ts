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
  /** What it means, in a few words. */
  readonly meaning: string;
}

/** The columns of one kind of row. */
export type Columns = Readonly<Record<string, Column>>;

/** The kinds of row of a log, each with its columns. */
export type ColumnTable = Readonly<Record<string, Columns>>;

/** The value a column of type `T` takes. */
export type CellOf<T extends ColumnType> = T extends "text" ? string : T extends "bool" ? boolean : number;

/** A row of a kind: every column, with the value its type demands. */
export type RowOf<C extends Columns> = { readonly [K in keyof C]: CellOf<C[K]["type"]> };

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

/**
 * Kinds of row that every log has: a criterion for each claim before the run, a verdict for each after it, and a
 * comparison for each claim that sets the paper's closed form beside the exact flow.
 */
export const claimColumns: {
  readonly criterion: { readonly [K in "id" | "statement" | "source" | "criterion"]: Column<"text"> };
  readonly claim:
    & { readonly [K in "id" | "source" | "criterion" | "verdict" | "detail"]: Column<"text"> }
    & { readonly [K in "predicted" | "measured" | "low" | "high"]: Column<"float"> };
  readonly comparison:
    & { readonly id: Column<"text"> }
    & {
      readonly [K in "paperError" | "exactError"]: Column<"float">;
    };
} = {
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
    predicted: float("", "the value the claim predicts"),
    measured: float("", "the value measured, over replicas"),
    low: float("", "lower end of the band of the measured value"),
    high: float("", "upper end of the band of the measured value"),
    verdict: text("reproduced, not reproduced or inconclusive"),
    detail: text("further numbers in words, empty where there are none"),
  },
  comparison: {
    id: text("name of the claim"),
    paperError: float("relative", "error of the paper's closed form against the measurement"),
    exactError: float("relative", "error of the exact finite-N flow against the measurement"),
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
 * if (!("claim" in table)) throw new Error("claims are always logged");
 * ```
 */
export function joinColumns<C extends ColumnTable>(own: C): C & typeof claimColumns {
  const taken = Object.keys(own).find((kind) => kind in claimColumns);
  if (taken !== undefined) {
    throw new Error(`expected kinds of row other than ${Object.keys(claimColumns).join(", ")}; found ${taken}`);
  }
  const table = { ...own, ...claimColumns };
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
