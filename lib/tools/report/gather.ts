/**
 * Parts of a report on a run: its record, claims, method and figures, the data no larger than there is room for.
 *
 * @module
 */
import { basename, fromFileUrl, join } from "@std/path";
import { isJson, type Json } from "../../figures/data.ts";
import { thin } from "../../figures/downsample.ts";
import { FigureError, type FigureRow } from "../../figures/spec.ts";
import { docText } from "../../run/docstring.ts";
import { UserError } from "../../io/errors.ts";
import { gitCommit } from "../../run/git_commit.ts";
import { type ShownClaim, shownClaims } from "../serve/shown_claims.ts";
import { LiveRun, type News } from "../serve/live_run.ts";
import { readJson, readRun, type RunRecord } from "../serve/run_record.ts";
import { tameSpec } from "../serve/tame_spec.ts";

/** A figure of a report. */
export interface ReportFigure {
  /** Its name. */
  readonly name: string;
  /** The specification, made harmless; `null` where it cannot be shown. */
  readonly spec: Json | null;
  /** Remark for the reader: thinned data, or why it is not shown. */
  readonly note: string;
}

/** A run of a report. */
export interface ReportRun {
  /** Record from its folder, without the index of files. */
  readonly record: Omit<RunRecord, "files" | "columns" | "lastRow">;
  /** Claims with their numbers in words. */
  readonly claims: readonly ShownClaim[];
  /** Docstring of the experiment; empty where its file is not here. */
  readonly method: string;
  /** Remark on the method's text for the reader. */
  readonly methodNote: string;
  /** Lines that make the run again. */
  readonly again: readonly string[];
  /** Its figures. */
  readonly figures: readonly ReportFigure[];
  /** Curves of the log: training, measurements, theories. */
  readonly log: News | null;
}

const MAX_SPEC_BYTES = 32 << 20;

/**
 * Reads a run for a report.
 *
 * @param folder Run folder, or an entry of the gallery.
 * @returns What a report says of it, its figures with all their data.
 * @throws {UserError} If the folder holds no run.
 */
export async function gatherRun(folder: string): Promise<ReportRun> {
  const record = readRun(folder, basename(Deno.realPathSync(folder)));
  if (record.status === "unreadable") {
    throw new UserError(`expected a run folder, found that ${record.reason || "its status is unknown"} in ${folder}`);
  }
  const { files, columns: _columns, lastRow: _lastRow, ...rest } = record;
  const specs = files.map(({ path }) => path).filter((path) => /^figures\/[^/]+\.vl\.json$/.test(path));
  return {
    record: rest,
    claims: claimsOf(folder),
    ...methodOf(record),
    again: again(record),
    figures: specs.map((path) => figureOf(folder, path)),
    log: await logOf(folder, record),
  };
}

/**
 * A specification whose rows are thinned, the extremes of every curve kept.
 *
 * @param spec A specification with inline data.
 * @param intervals Intervals that the positions of a curve are divided into, ≥ 1.
 * @returns The specification, and the number of rows before and after.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { thinned } from "./gather.ts";
 *
 * const rows = Array.from({ length: 1000 }, (_, x) => ({ x, value: x === 500 ? 9 : 0, group: "a" }));
 * const { spec, before, after } = thinned({ datasets: { rows } }, 10);
 * assertEquals([before, after < 40, JSON.stringify(spec).includes('"value":9')], [1000, true, true]);
 * ```
 */
export function thinned(spec: Json, intervals: number): { spec: Json; before: number; after: number } {
  let [before, after] = [0, 0];
  const few = (rows: unknown): unknown => {
    if (!Array.isArray(rows)) return rows;
    const kept = thinRows(rows, intervals);
    before += rows.length;
    after += kept.length;
    return kept;
  };
  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(walk);
    if (!isJson(node)) return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => {
        if (key === "datasets" && isJson(value)) {
          return [key, Object.fromEntries(Object.entries(value).map(([name, rows]) => [name, few(rows)]))];
        }
        if (key === "data" && isJson(value)) {
          return [key, { ...value, ...("values" in value ? { values: few(value.values) } : {}) }];
        }
        return [key, walk(value)];
      }),
    );
  };
  return { spec: walk(spec) as Json, before, after };
}

/** Rows with a numeric `x` are curves, told apart by their texts; other rows stay as they are. */
function thinRows(rows: readonly unknown[], intervals: number): readonly unknown[] {
  const curves: FigureRow[] = [];
  for (const row of rows) {
    if (!isJson(row) || typeof row.x !== "number") return rows;
    const texts = Object.values(row).filter((value) => typeof value === "string");
    curves.push({ ...row as FigureRow, curve: texts.join("\n") });
  }
  if (curves.length === 0) return rows;
  const y = Object.keys(curves[0]).filter((name) => name !== "x" && typeof curves[0][name] === "number");
  try {
    const kept = new Set(thin(curves, { x: "x", y, intervals, group: "curve" }));
    return rows.filter((_, index) => kept.has(curves[index]));
  } catch (error) {
    if (error instanceof FigureError) return rows; // Gaps in the data: nothing is left out of it.
    throw error;
  }
}

function figureOf(folder: string, path: string): ReportFigure {
  const name = path.slice("figures/".length, -".vl.json".length);
  try {
    return { name, spec: tameSpec(readJson(join(folder, path), MAX_SPEC_BYTES)), note: "" };
  } catch (error) {
    return { name, spec: null, note: `not shown: ${error instanceof Error ? error.message : error}` };
  }
}

function claimsOf(folder: string): readonly ShownClaim[] {
  try {
    return shownClaims(readJson(join(folder, "claims.json")));
  } catch {
    return []; // The experiment claims nothing, or the run ended before it was judged.
  }
}

function methodOf({ experiment, gitCommit: made }: RunRecord): { method: string; methodNote: string } {
  if (!/^[\w-]+$/.test(experiment)) return { method: "", methodNote: "" };
  const file = new URL(`../../../experiments/${experiment}.ts`, import.meta.url);
  try {
    const now = gitCommit(fromFileUrl(new URL(".", file)));
    const note = now === made || made === "" ? "" : `as experiments/${experiment}.ts says at commit ${now ?? "none"}`;
    return { method: docText(file), methodNote: note };
  } catch {
    return { method: "", methodNote: "" };
  }
}

/** Where the run was written says nothing about how to make it again. */
function again({ commandLine, gitCommit }: RunRecord): string[] {
  const line = commandLine.replaceAll(/ (?:'--out=[^']*'|--out=\S+)/g, "");
  return [...(gitCommit === "" ? [] : [`git checkout ${gitCommit}`]), ...(line === "" ? [] : [line])];
}

/** Curves of the log; `null` where there are none. */
async function logOf(folder: string, { columns, status }: RunRecord): Promise<News | null> {
  const live = new LiveRun(folder, columns);
  while (await live.advance());
  const news = live.news(null, status !== "running");
  return news === null || news.curves.length === 0 ? null : news;
}
