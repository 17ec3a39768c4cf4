/**
 * The command line of `deno task query`.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { closestString } from "@std/text/closest-string";
import { UserError } from "../../io/errors.ts";
import { parsePlot, type Plot } from "./plot.ts";

/** How an answer is given. */
export type Format = "table" | "json" | "csv" | "ndjson" | "parquet";

/** What a command line asks for. */
export interface Query {
  /** One statement; `-` for standard input. */
  readonly sql: string;
  /** Folders whose runs are asked. */
  readonly folders: readonly string[];
  /** How the answer is given. */
  readonly format: Format;
  /** What to draw instead of printing. */
  readonly plot?: Plot;
  /** File to write. */
  readonly out?: string;
  /** Whether a file that is there may be replaced. */
  readonly replace: boolean;
}

const FORMATS: readonly Format[] = ["table", "json", "csv", "ndjson", "parquet"];

/** What `--help` prints. */
export const HELP = `Asks the logs of all runs below results/, in SQL (DuckDB).

usage: deno task query [options] "select …" [FOLDER …]
       deno task query [options] - [FOLDER …] < question.sql

  FOLDER              further folders to look for runs in
  --format=WORD       ${FORMATS.join("|")} [table, or what --out ends in]
  --out=FILE          write the answer to a new file instead of the terminal; outside of results/ plain Deno asks first
  --plot=KEYS         draw it: x=COLUMN,y=COLUMN and, if wanted, color=COLUMN, log=x|y|xy, mark=line|points, title=TEXT;
                      --out=NAME writes NAME.vl.json and NAME.svg, --out=NAME.png a PNG too; rows that share a position
                      are drawn as their mean in a band from the smallest to the largest
  --replace           let --out write over a file
  --help              this text

Tables, each with experiment, run and preset
  runs                manifests: status (crashed: killed while running), seeds, adapter, start, elapsedMs,
                      configuration (JSON), reproduced, …
  train, measures     rows of the logs by kind; and one more table for every other kind that was logged
  criteria, claims    what was claimed, and how it came out; comparisons where the paper was set beside the exact flow

  "show tables" and "describe train" list them. A statement can only read, and only these tables.

Examples
  deno task query "select experiment, run, status, elapsedMs from runs order by start"
  deno task query --plot="x=step,y=loss,color=preset,log=y" --out=results/loss "from train"`;

/**
 * Reads the command line.
 *
 * @param args Arguments as the shell split them.
 * @returns What is asked for; `null` for help.
 * @throws {UserError} For an unknown option or value, options that exclude each other, or no statement.
 */
export function parseQuery(args: readonly string[]): Query | null {
  const valued = ["format", "out", "plot"];
  const flags = ["replace", "help"];
  const parsed = parseArgs(args, {
    string: valued,
    boolean: flags,
    collect: valued,
    alias: { help: "h" },
    unknown: (arg, key) => {
      if (key === undefined || arg === "-") return true;
      const nearest = closestString(arg.replace(/^-+/, "").split("=")[0], [...valued, ...flags]);
      throw new UserError(`unknown option ${arg.split("=")[0]}; did you mean --${nearest}?`);
    },
  });
  if (parsed.help === true) return null;
  const [formatText, out, plotText] = valued.map((key) => {
    const texts = (parsed[key] ?? []) as string[];
    if (texts.length > 1) throw new UserError(`expected --${key} once, found it ${texts.length} times`);
    if (texts[0] === "") throw new UserError(`expected a value after --${key}, found none (write --${key}=VALUE)`);
    return texts.at(0);
  });
  const [sql, ...folders] = parsed._.map(String);
  if (sql === undefined || sql.trim() === "") {
    throw new UserError('expected a statement, as in: deno task query "select * from runs"; found none');
  }
  const format = formatOf(formatText, out);
  if (plotText !== undefined && formatText !== undefined) {
    throw new UserError("expected --plot without --format, found both");
  }
  if (plotText !== undefined && out === undefined) throw new UserError("expected --out=FILE with --plot, found none");
  if (format === "parquet" && out === undefined) {
    throw new UserError("expected --out=FILE with --format=parquet, found none");
  }
  return {
    sql,
    folders: ["results", ...folders],
    format,
    replace: parsed.replace === true,
    ...(out === undefined ? {} : { out }),
    ...(plotText === undefined ? {} : { plot: parsePlot(plotText) }),
  };
}

function formatOf(text: string | undefined, out: string | undefined): Format {
  if (text === undefined) return FORMATS.find((format) => out?.endsWith(`.${format}`)) ?? "table";
  const format = FORMATS.find((each) => each === text);
  if (format === undefined) throw new UserError(`expected --format to be one of ${FORMATS.join("|")}, found ${text}`);
  return format;
}
