/**
 * The manifest of a run: what was asked, on what it ran, how it ended, and what lies in its folder.
 *
 * @module
 */
import { fromFileUrl, join } from "@std/path";
import project from "../../deno.json" with { type: "json" };
import { replaceEvenWhenFull } from "../io/atomic.ts";
import type { AdapterSummary } from "../gpu/device.ts";
import type { ColumnTable } from "./columns.ts";

/** How far a run has come. A `running` manifest without its process is a run that was killed. */
export type RunStatus = "running" | "complete" | "interrupted" | "failed";

/** One file of a run folder. */
export interface FileEntry {
  /** Path inside the run folder. */
  readonly path: string;
  /** Size; `null` while the file still grows. */
  readonly bytes: number | null;
  /** Description of the file. */
  readonly description: string;
}

/** A time at which a run that had stopped went on. */
export interface Resumption {
  /** UTC, ISO 8601. */
  readonly time: string;
  /** Step of the checkpoint it went on from; 0 where there was none. */
  readonly step: number;
  /** Commit as in {@linkcode Manifest.gitCommit}, at that time. */
  readonly gitCommit: string | null;
  /** Hash as in {@linkcode Manifest.codeHash}, at that time. */
  readonly codeHash?: string | null;
}

/** A cell as a sweep asks for it. */
export interface Cell {
  /** Values of options that differ between cells of one run, as their texts. */
  readonly values: Readonly<Record<string, string>>;
  /** Seeds of its replicas. */
  readonly seeds: readonly number[];
}

/** Where a run of a sweep comes from. */
export interface OfSweep {
  /** Name of the sweep. */
  readonly name: string;
  /** Hash of the task's options, by which its folder is named. */
  readonly task: string;
  /** Names of the options that the sweep gives several values, seeds apart. */
  readonly options: readonly string[];
}

/** Content of `manifest.json`. */
export interface Manifest {
  /** Name of the experiment. */
  readonly experiment: string;
  /** Its question: the first paragraph of its docstring. */
  readonly question: string;
  /** The program and its arguments, as a shell reads them. */
  readonly commandLine: string;
  /** Name of the preset, `default` for none. */
  readonly preset: string;
  /** Values of all options. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** Seed of each replica, in replica order. */
  readonly seeds: readonly number[];
  /** `null` until the run has an adapter, and for runs that need none. */
  readonly adapter: AdapterSummary | null;
  /** Runtime, library and the packages that draw, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Commit of the checkout that holds the experiment; `null` outside a repository. */
  readonly gitCommit: string | null;
  /** SHA-256 of the library, the kernels and the experiment as they were, uncommitted edits included (code_hash.ts). */
  readonly codeHash?: string | null;
  /** Time at which the code was copied, UTC, ISO 8601, of a run whose code is such a copy; missing for others. */
  readonly snapshot?: string;
  /** The sweep, of a run that is part of one; missing for others. */
  readonly sweep?: OfSweep;
  /**
   * Cells of a sweep that train side by side in this run; missing where it is of one cell. Each has a run folder of its own in
   * `cells/` once this one is complete.
   */
  readonly cells?: readonly Cell[];
  /** Of a cell that was trained in a run of several: replicas and cells of that run. Missing for others. */
  readonly packed?: { readonly replicas: number; readonly cells: number };
  /** Process of the run. */
  readonly pid: number;
  /** UTC, ISO 8601. */
  readonly start: string;
  /** UTC, ISO 8601; `null` while running. */
  readonly end: string | null;
  /** Wall-clock time of the run, of a resumed one since it went on; `null` while running. */
  readonly elapsedMs: number | null;
  /** How far the run has come. */
  readonly status: RunStatus;
  /** Why a run failed or was interrupted. */
  readonly reason: string | null;
  /** When the run was resumed, first to last; empty for most runs. */
  readonly resumptions: readonly Resumption[];
  /** How many claims ended in each verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** Files in the folder beside this one. */
  readonly files: readonly FileEntry[];
  /** Columns of `log.ndjson` by kind of row. */
  readonly columns: ColumnTable;
}

/**
 * Writes `manifest.json` so that a reader sees the old one or the new one.
 *
 * @param folder Run folder.
 * @param manifest Content.
 */
export function writeManifest(folder: string, manifest: Manifest): void {
  replaceEvenWhenFull(join(folder, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
}

/**
 * Reads `manifest.json` of a run folder.
 *
 * @param folder Run folder.
 * @returns Its manifest.
 * @throws {Deno.errors.NotFound} If the folder is not a run folder.
 */
export function readManifest(folder: string): Manifest {
  return JSON.parse(Deno.readTextFileSync(join(folder, "manifest.json")));
}

/**
 * Versions of everything that shapes a result: the runtime, this library, and the packages pinned by `deno.json`.
 *
 * @returns Versions by name.
 *
 * @example
 * ```ts
 * import { versions } from "./manifest.ts";
 *
 * const found = versions();
 * if (found.deno !== Deno.version.deno || !("vega-lite" in found)) throw new Error("not complete");
 * ```
 */
export function versions(): Record<string, string> {
  const pinned = ["vega", "vega-lite", "@resvg/resvg-wasm"] as const;
  return {
    ...Deno.version,
    "icl-lab": project.version,
    ...Object.fromEntries(pinned.map((name) => [name, project.imports[name].split("@").at(-1)!])),
  };
}

/** The program as a user would type it again, its path taken from the working folder. */
export function commandLine(program: string, args: readonly string[]): string {
  const quote = (arg: string) => /^[\w@%+=:,./|-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`;
  return [program, ...args].map(quote).join(" ");
}

/**
 * File of an experiment: the one that its description is in, else the program that was started, where it is a local file.
 *
 * @param doc Description of the experiment, as a text or as the address of a file.
 * @returns Its path; null where there is none.
 */
export function programFile(doc: string | URL): string | null {
  const url = typeof doc === "string" ? Deno.mainModule : doc.href;
  return url.startsWith("file:") ? fromFileUrl(url) : null;
}
