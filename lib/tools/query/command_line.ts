/**
 * The command line of `./lab query`.
 *
 * @module
 */
import { UserError } from "../../io/errors.ts";
import { choice, flag } from "../../run/options.ts";
import { type Asked, defineCommand, optional, optionalText } from "../command.ts";
import { parsePlot, type Plot } from "./plot.ts";

/** How an answer is given. */
export type Format = "table" | "json" | "csv" | "ndjson" | "parquet";

/** Statement, runs and output format of a query. */
export interface Query {
  /** One statement; `-` for standard input. */
  readonly sql: string;
  /** Folders whose runs are asked. */
  readonly folders: readonly string[];
  /** How the answer is given. */
  readonly format: Format;
  /** Figure to draw instead of printing. */
  readonly plot?: Plot;
  /** File to write. */
  readonly out?: string;
  /** Whether a file that is there may be replaced. */
  readonly replace: boolean;
}

const FORMATS: readonly Format[] = ["table", "json", "csv", "ndjson", "parquet"];

/** The command. */
export const command = defineCommand({
  name: "query",
  about: "Asks the logs of all runs below results/, in SQL (DuckDB).",
  options: {
    format: optional(choice(FORMATS, { help: "how the answer is given; table, or what --out ends in, unless given" })),
    out: optionalText("FILE", "write the answer to a new file instead of the terminal"),
    plot: optionalText(
      "KEYS",
      "draw it: x=COLUMN,y=COLUMN and, if wanted, color, log=x|y|xy, mark=line|points, title=TEXT",
    ),
    replace: flag("let --out write over a file"),
  },
  operands: {
    name: "SQL [FOLDER…]",
    help: "one statement, - for standard input; and further folders to look for runs in",
    example: '"select * from runs"',
    least: 1,
  },
  notes:
    `With --plot, --out=NAME writes NAME.vl.json and NAME.svg, --out=NAME.png a PNG too; rows that share a position are drawn
as their mean in a band from the smallest to the largest.

Tables, each with experiment, run and preset
  runs                manifests: status (crashed: killed while running), seeds, adapter, start, elapsedMs,
                      configuration (JSON), reproduced, …
  measures, theories  numbers measured, and those of theories: series, step, quantity, layer, head, index, replica, value
  criteria, claims    what was claimed, and how it came out; rivals: the errors of other explanations
                      and one more table for every other kind of row that was logged

  "show tables" and "describe measures" list them. A statement can only read, and only these tables.

Examples
  ./lab query "select experiment, run, status, elapsedMs from runs order by start"
  ./lab query --plot="x=step,y=value,color=series,log=y" --out=results/loss "from measures where quantity = 'loss'"`,
});

/**
 * Reads the command line of a query.
 *
 * @param asked Options and operands as they were given.
 * @returns The query.
 * @throws {UserError} For options that exclude each other, or no statement.
 */
export function queryOf({ options, operands: [sql, ...folders] }: Asked<typeof command.options>): Query {
  const { format: given, out, plot, replace } = options;
  if (sql.trim() === "") {
    throw new UserError('expected a statement, as in: ./lab query "select * from runs"; found none');
  }
  const format = given ?? FORMATS.find((format) => out?.endsWith(`.${format}`)) ?? "table";
  if (plot !== undefined && given !== undefined) throw new UserError("expected --plot without --format, found both");
  if (plot !== undefined && out === undefined) throw new UserError("expected --out=FILE with --plot, found none");
  if (format === "parquet" && out === undefined) {
    throw new UserError("expected --out=FILE with --format=parquet, found none");
  }
  return {
    sql,
    folders: ["results", ...folders],
    format,
    replace,
    ...(out === undefined ? {} : { out }),
    ...(plot === undefined ? {} : { plot: parsePlot(plot) }),
  };
}
