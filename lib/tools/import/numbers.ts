/**
 * From a table to the numbers of a log: each a quantity of a replica at a step.
 *
 * @module
 */
import { closestString } from "@std/text/closest-string";
import { UserError } from "../../io/errors.ts";
import { Measurements, type MeasureRow } from "../../study/measurements.ts";
import type { Table, TableCell } from "./table.ts";

/** Which column is what. */
export interface ColumnNames {
  /** Column of the steps. */
  readonly step: string;
  /** Column that tells replicas apart; one replica unless given. */
  readonly replica?: string;
  /** Column that tells conditions apart; all rows are of `main` unless given. */
  readonly series?: string;
}

/** Numbers of a table. */
export interface ImportedNumbers {
  /** Numbers, the steps of every curve ascending. */
  readonly rows: readonly MeasureRow[];
  /** Name of each replica in the table, by number of the replica. */
  readonly replicas: readonly (number | string)[];
  /** Texts that are the same in all rows: the options of the run. */
  readonly options: Readonly<Record<string, string>>;
  /** Remarks for the user: columns left out, cells without a number. */
  readonly notes: readonly string[];
}

/** Columns of a table in which each row is one number. */
const LONG = ["quantity", "value"] as const;
const PLACES = ["layer", "head", "index"] as const;

/**
 * Numbers of a table. Where it has the columns `quantity` and `value`, each row is one number, with `series`, `layer`, `head`
 * and `index` if there are such columns; otherwise every column of numbers is a quantity.
 *
 * @param table Columns and rows.
 * @param names Which column is what.
 * @returns Numbers of replicas 0, 1, … in the order of what stands for them.
 * @throws {UserError} If a column is not there, a step is no whole number, or a quantity has two values at a step.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numbersOf } from "./numbers.ts";
 *
 * const columns = [{ name: "epoch", kind: "number" }, { name: "loss", kind: "number" }] as const;
 * const { rows } = numbersOf({ columns, rows: [[1, 0.5], [0, 2]] }, { step: "epoch" });
 * assertEquals(rows.map(({ step, quantity, value }) => [step, quantity, value]), [[0, "loss", 2], [1, "loss", 0.5]]);
 * ```
 */
export function numbersOf(table: Table, names: ColumnNames): ImportedNumbers {
  const { columns } = table;
  const at = (name: string) => columns.findIndex((column) => column.name === name);
  const indexOf = (option: string, name: string) => {
    if (at(name) >= 0) return at(name);
    const all = columns.map((column) => column.name);
    const nearest = all.length === 0 ? "" : `; did you mean ${closestString(name, all)}?`;
    throw new UserError(`expected --${option} to name one of the columns ${all.join(", ")}, found ${name}${nearest}`);
  };
  const step = indexOf("step", names.step);
  const isLong = LONG.every((name) => at(name) >= 0);
  const replicaName = names.replica ?? (isLong && at("replica") >= 0 ? "replica" : undefined);
  const replica = replicaName === undefined ? -1 : indexOf("replica", replicaName);
  const seriesName = names.series ?? (isLong && at("series") >= 0 ? "series" : undefined);
  const series = seriesName === undefined ? -1 : indexOf("series", seriesName);
  const places = isLong ? PLACES.map((name) => [name, at(name)] as const).filter(([, index]) => index >= 0) : [];
  const used = [step, replica, series, ...places.map(([, index]) => index), ...(isLong ? LONG.map(at) : [])];
  const quantities = isLong
    ? []
    : columns.map((_, index) => index).filter((index) => !used.includes(index) && columns[index].kind === "number");
  if (!isLong && quantities.length === 0) {
    throw new UserError(`expected a column of numbers beside ${names.step}, found none`);
  }

  const labels = replica < 0 ? [0] : distinct(table.rows.map((row) => row[replica]));
  const numberOf = new Map(labels.map((label, index) => [label, index]));
  let empty = 0;
  const rows = table.rows.flatMap((row, line): MeasureRow[] => {
    const steps = row[step];
    if (typeof steps !== "number" || !Number.isSafeInteger(steps)) {
      throw new UserError(`expected whole numbers in ${names.step}, found ${steps} in row ${line + 1}`);
    }
    if (replica >= 0 && row[replica] === null) {
      throw new UserError(`expected a value in ${columns[replica].name}, found none in row ${line + 1}`);
    }
    const owner = {
      series: series < 0 || row[series] === null ? "main" : String(row[series]),
      step: steps,
      replica: replica < 0 ? 0 : numberOf.get(row[replica]!)!,
      ...Object.fromEntries(
        places.flatMap(([name, index]) => typeof row[index] === "number" ? [[name, row[index]]] : []),
      ),
    };
    const cells: (readonly [string, TableCell])[] = isLong
      ? [[String(row[at("quantity")] ?? ""), row[at("value")]]]
      : quantities.map((index) => [columns[index].name, row[index]]);
    return cells.flatMap(([quantity, value]) => {
      if (typeof value === "number" && Number.isFinite(value) && quantity !== "") {
        return [{ ...owner, quantity, value }];
      }
      empty++;
      return [];
    });
  });
  rows.sort((a, b) => a.step - b.step);
  check(rows, replicaName);

  const others = columns.map((_, index) => index).filter((index) =>
    !used.includes(index) && !quantities.includes(index)
  );
  const constant = others.filter((index) =>
    columns[index].kind === "text" && table.rows.length > 0 &&
    table.rows.every((row) => row[index] === table.rows[0][index])
  );
  const left = others.filter((index) => !constant.includes(index)).map((index) => columns[index].name);
  return {
    rows,
    replicas: labels,
    options: Object.fromEntries(constant.map((index) => [columns[index].name, String(table.rows[0][index] ?? "")])),
    notes: [
      ...(left.length === 0 ? [] : [`left out, as they are no numbers: ${left.join(", ")}`]),
      ...(empty === 0 ? [] : [`left out, as they hold no finite number: ${empty} cells`]),
    ],
  };
}

/** Values in their order: numbers by size, before texts. */
function distinct(cells: readonly TableCell[]): (number | string)[] {
  const values = [...new Set(cells)].filter((cell) => cell !== null);
  return values.sort((a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1);
}

/** Whether every curve has one value a step. */
function check(rows: readonly MeasureRow[], replica: string | undefined): void {
  const measured = new Measurements();
  for (const row of rows) {
    let isNew = false;
    try {
      isNew = measured.add(row);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    if (isNew) continue;
    const hint = replica === undefined ? "; --replica=COLUMN tells replicas apart, --series=COLUMN conditions" : "";
    throw new UserError(
      `expected one value of ${row.quantity} at step ${row.step} for each replica and series, found several${hint}`,
    );
  }
}
