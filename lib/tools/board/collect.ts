/**
 * The replication board's content: the newest complete run of each experiment and preset, with its claims.
 *
 * @module
 */
import { join } from "@std/path";
import type { JudgedClaim } from "../../claims/mod.ts";
import { readClaims } from "../../claims/read_claims.ts";
import { describeError } from "../../io/errors.ts";
import { findRuns, type FoundRun } from "../../run/find_runs.ts";
import { standing } from "../../run/liveness.ts";
import type { Manifest } from "../../run/manifest.ts";

/** A complete run on the board. */
export interface BoardEntry {
  /** Name of the experiment. */
  readonly experiment: string;
  /** Its question. */
  readonly question: string;
  /** Name of the preset. */
  readonly preset: string;
  /** Folder of the run, or of what the gallery keeps of it. */
  readonly folder: string;
  /** UTC, ISO 8601. */
  readonly start: string;
  /** Its adapter, in words. */
  readonly adapter: string;
  /** Number of seeds. */
  readonly seeds: number;
  /** Its claims in their order, judged; none where the experiment claims nothing. */
  readonly claims: readonly JudgedClaim[];
}

/** The board. */
export interface Board {
  /** By experiment, then preset. */
  readonly entries: readonly BoardEntry[];
  /** Missing or failed parts, a line each. */
  readonly problems: readonly string[];
}

/** Choice of runs for the board. */
export interface BoardOptions {
  /** Names of the experiments that must have a run. */
  readonly experiments: readonly string[];
  /** The only preset to look at; all of them unless given. */
  readonly preset?: string;
}

/** Part of a manifest that the gallery keeps. */
type Kept = Pick<Manifest, "experiment" | "question" | "preset" | "start" | "adapter" | "seeds">;

/**
 * Collects the board.
 *
 * @param root Folder of results, in which a gallery counts like runs do; or the gallery itself.
 * @param options Experiments that must be there, and the preset.
 * @returns Entries and problems: an experiment without a complete run, and one whose newest run has failed or crashed.
 */
export function collectBoard(root: string, { experiments, preset }: BoardOptions): Board {
  const all = findRuns(root);
  // Runs of a sweep have options of their own: they stand in its claims, not for the experiment.
  const found = { ...all, runs: all.runs.filter(({ manifest }) => manifest.sweep === undefined) };
  const problems = [...found.warnings];
  const asked = (name: string) => preset === undefined || name === preset;
  const runs = found.runs.filter(({ manifest }) => asked(manifest.preset));
  const complete = runs.filter(({ manifest }) => manifest.status === "complete");
  const candidates = [
    ...complete.map(({ folder, manifest }) => ({ folder, about: manifest as Kept })),
    ...[root, join(root, "gallery")].flatMap(keptIn).filter(({ about }) => asked(about.preset)),
  ];
  const newest = new Map<string, typeof candidates[number]>();
  for (const candidate of candidates) {
    const key = JSON.stringify([candidate.about.experiment, candidate.about.preset]);
    const before = newest.get(key);
    if (before === undefined || before.about.start <= candidate.about.start) newest.set(key, candidate);
  }
  const entries: BoardEntry[] = [];
  for (const key of [...newest.keys()].toSorted()) {
    const { folder, about } = newest.get(key)!;
    try {
      entries.push(entryOf(folder, about));
    } catch (error) {
      problems.push(`expected ${join(folder, "claims.json")} to hold claims, found: ${describeError(error).line}`);
    }
  }
  return {
    entries,
    problems: [...problems, ...experiments.flatMap((name) => problemsOf(name, entries, runs, preset))],
  };
}

function problemsOf(
  name: string,
  entries: readonly BoardEntry[],
  runs: readonly FoundRun[],
  preset: string | undefined,
): string[] {
  const own = runs.filter(({ manifest }) => manifest.experiment === name);
  const last = own.toSorted((a, b) => a.manifest.start < b.manifest.start ? -1 : 1).at(-1);
  const end = last && standing(last.folder, last.manifest);
  const missing = !entries.some(({ experiment }) => experiment === name);
  const withPreset = preset === undefined ? "" : ` with --preset=${preset}`;
  return [
    ...(missing ? [`expected a complete run of ${name}${withPreset}, found none`] : []),
    ...(last && end && (end.status === "failed" || end.status === "crashed")
      ? [
        `expected the newest run of ${name}${withPreset} to be complete, found that ${last.folder} ${end.status}: ${end.reason}`,
      ]
      : []),
  ];
}

function entryOf(folder: string, { experiment, question, preset, start, adapter, seeds }: Kept): BoardEntry {
  const device = adapter?.description || adapter?.device || "no adapter";
  return {
    experiment,
    question,
    preset,
    folder,
    start,
    adapter: adapter?.software ? `${device} (software)` : device,
    seeds: seeds.length,
    claims: claimsIn(folder),
  };
}

/** Claims of a run folder; none where there is no file of them. */
function claimsIn(folder: string): JudgedClaim[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(join(folder, "claims.json"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  const claims = readClaims(JSON.parse(text));
  if (claims === null) throw new Error("something else");
  return claims;
}

/** Entries of a gallery: folders with what it keeps of a manifest, in the order of their names. */
function keptIn(gallery: string): { folder: string; about: Kept }[] {
  let names: string[];
  try {
    names = [...Deno.readDirSync(gallery)].filter(({ isDirectory }) => isDirectory).map(({ name }) => name).toSorted();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
  return names.flatMap((name) => {
    const folder = join(gallery, name);
    try {
      return [{ folder, about: JSON.parse(Deno.readTextFileSync(join(folder, "run.json"))) as Kept }];
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  });
}
