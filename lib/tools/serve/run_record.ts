/**
 * The record of a run as its folder tells it, read without trust: every field has its type, whatever the files hold.
 *
 * @module
 */
import { join } from "@std/path";
import { countVerdicts } from "../../claims/mod.ts";
import { readSoundClaims } from "../../claims/read_claims.ts";
import type { ColumnTable } from "../../run/columns.ts";
import { modified, type Standing, standing } from "../../run/liveness.ts";
import type { FileEntry, RunStatus } from "../../run/manifest.ts";
import { type Annotations, readAnnotations } from "./annotations.ts";
import { columnTable, finite, record, text } from "./untrusted.ts";

/** How a run stands; `crashed`: it says `running`, but nobody is writing it. `kept`: an entry of the gallery. */
export type ShownStatus = Standing["status"] | "kept" | "unreadable";

/** A run as the page shows it. */
export interface RunRecord extends Annotations {
  /** Path inside the results. */
  readonly id: string;
  /** Name of the experiment. */
  readonly experiment: string;
  /** Its question. */
  readonly question: string;
  /** How it was started. */
  readonly commandLine: string;
  /** Name of the preset. */
  readonly preset: string;
  /** Values of all options, as text. */
  readonly configuration: Readonly<Record<string, string>>;
  /** Seeds of the replicas. */
  readonly seeds: readonly number[];
  /** Adapter in words; empty where there is none. */
  readonly adapter: string;
  /** Versions by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Commit; empty where unknown. */
  readonly gitCommit: string;
  /** UTC, ISO 8601; empty where unknown. */
  readonly start: string;
  /** Wall-clock time, of a crashed run until its last row; `null` while running. */
  readonly elapsedMs: number | null;
  /** How the run stands. */
  readonly status: ShownStatus;
  /** Why, where there is something to say. */
  readonly reason: string;
  /** Claims by verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** Files of the folder. */
  readonly files: readonly FileEntry[];
  /** Columns of the log by kind. */
  readonly columns: ColumnTable;
  /** Time of the last row, in ms since 1970; 0 where there is no log. */
  readonly lastRow: number;
  /** Name of the sweep that it belongs to; empty for none. */
  readonly sweep: string;
  /** Options that go on with a run that has stopped at a checkpoint, with the path of its folder left out; else empty. */
  readonly resumedBy: string;
}

/** A manifest is a few kilobytes; nothing larger is read. */
const MAX_BYTES = 4 << 20;
const STATUSES: readonly string[] = ["running", "complete", "interrupted", "failed"];

/**
 * Reads a run folder.
 *
 * @param folder Real path of the folder.
 * @param id Name of the run.
 * @returns What is there; status `unreadable` and a reason where the manifest is missing or no JSON.
 */
export function readRun(folder: string, id: string): RunRecord {
  const kept = !isFile(join(folder, "manifest.json"));
  let content: unknown;
  let problem = "";
  try {
    content = readJson(join(folder, kept ? "run.json" : "manifest.json"));
    if (typeof content !== "object" || content === null) problem = "the manifest is no JSON object";
  } catch (error) {
    problem = error instanceof SyntaxError ? "the manifest is no JSON" : message(error);
  }
  const m = record(content);
  const log = modified(join(folder, "log.ndjson"));
  const said = text(m.status);
  const base: RunRecord = {
    id,
    experiment: text(m.experiment) || id.split("/")[0],
    question: text(m.question),
    commandLine: text(m.commandLine),
    preset: text(m.preset),
    configuration: Object.fromEntries(
      Object.entries(record(m.configuration)).slice(0, 500).map(([key, value]) => [key, shown(value)]),
    ),
    seeds: Array.isArray(m.seeds) ? m.seeds.filter((seed) => typeof seed === "number").slice(0, 100_000) : [],
    adapter: adapterText(record(m.adapter)),
    versions: Object.fromEntries(Object.entries(record(m.versions)).map(([name, value]) => [name, text(value)])),
    gitCommit: text(m.gitCommit),
    start: Number.isFinite(Date.parse(text(m.start))) ? text(m.start) : "",
    elapsedMs: finite(m.elapsedMs),
    status: problem !== "" ? "unreadable" : kept ? "kept" : STATUSES.includes(said) ? said as RunStatus : "unreadable",
    reason: problem || text(m.reason),
    verdicts: kept ? verdictsIn(folder) : Object.fromEntries(
      Object.entries(record(m.verdicts)).flatMap(([verdict, count]) =>
        finite(count) ? [[verdict, finite(count)!]] : []
      ),
    ),
    files: kept ? filesIn(folder) : files(m.files),
    columns: columnTable(m.columns),
    lastRow: log,
    sweep: text(record(m.sweep).name),
    resumedBy: "",
    ...readAnnotations(folder),
  };
  if (base.status === "interrupted" || base.status === "failed") {
    return { ...base, resumedBy: resumption(base, folder) };
  }
  if (base.status !== "running") return base;
  const { status, reason } = standing(folder, { status: base.status, reason: base.reason });
  if (status === "running") return base;
  const elapsedMs = log > 0 && base.start !== "" ? Math.max(0, log - Date.parse(base.start)) : null;
  return { ...base, status, reason: reason ?? "", elapsedMs, resumedBy: resumption(base, folder) };
}

/** The command up to the path of the run: its program, where a checkpoint lies in the folder. */
function resumption({ commandLine }: Pick<RunRecord, "commandLine">, folder: string): string {
  const program = /^(?:\S+\/)?experiments\/([\w-]+)\.ts(?: |$)/.exec(commandLine)?.[1];
  return program === undefined || !hasCheckpoint(folder) ? "" : `./lab run ${program} --resume=`;
}

function hasCheckpoint(folder: string): boolean {
  try {
    return [...Deno.readDirSync(join(folder, "checkpoints"))].some(({ name }) => name.endsWith(".safetensors"));
  } catch {
    return false;
  }
}

/**
 * Reads a small JSON file.
 *
 * @param path Real path.
 * @returns Its content.
 * @throws {Error} If it is no file, too large, or no JSON.
 */
export function readJson(path: string, maxBytes: number = MAX_BYTES): unknown {
  const { isFile, size } = Deno.statSync(path);
  if (!isFile) throw new Error("expected a file, found something else");
  if (size > maxBytes) throw new Error(`expected at most ${maxBytes} bytes, found ${size}`);
  return JSON.parse(Deno.readTextFileSync(path));
}

/** As one would type it: lists joined by commas, as the command line has them. */
function shown(value: unknown): string {
  return (Array.isArray(value) ? value.join(",") : typeof value === "string" ? value : JSON.stringify(value) ?? "")
    .slice(0, 2000);
}

function adapterText(adapter: Readonly<Record<string, unknown>>): string {
  const names = [adapter.vendor, adapter.architecture, adapter.description].map(text).filter((name) => name !== "");
  if (names.length === 0) return "";
  return `${[...new Set(names)].join(", ")}${adapter.software === true ? " (software)" : ""}`;
}

function files(value: unknown): FileEntry[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, 10_000).map(record).flatMap(({ path, bytes, description }) =>
    typeof path === "string" ? [{ path, bytes: finite(bytes), description: text(description) }] : []
  );
}

/** The gallery keeps no index: its figures are what lies there. */
function filesIn(folder: string): FileEntry[] {
  try {
    return [...Deno.readDirSync(join(folder, "figures"))].filter(({ isFile }) => isFile).map(({ name }) => ({
      path: `figures/${name}`,
      bytes: null,
      description: "",
    })).sort((a, b) => a.path < b.path ? -1 : 1);
  } catch {
    return [];
  }
}

/** The gallery counts no verdicts: its claims say them. */
function verdictsIn(folder: string): Record<string, number> {
  try {
    return { ...countVerdicts(readSoundClaims(readJson(join(folder, "claims.json")))) };
  } catch {
    return {};
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function message(error: unknown): string {
  return error instanceof Deno.errors.NotFound
    ? "the manifest is gone"
    : String(Error.isError(error) ? error.message : error);
}
