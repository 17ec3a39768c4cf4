/**
 * Runs as they lie on disk: a run folder, or what the gallery keeps of one.
 *
 * @module
 */
import { join } from "@std/path";
import type { JudgedClaim } from "../claims/mod.ts";
import { readClaims } from "../claims/read_claims.ts";
import { describeError, UserError } from "../io/errors.ts";
import { unpackMeasurements } from "../study/archive.ts";
import { Measurements } from "../study/measurements.ts";
import { readLog } from "./log.ts";
import type { Manifest } from "./manifest.ts";

/** File of the gallery that holds what it keeps of a manifest. */
export const KEPT = "run.json";

/** File of the gallery that holds the numbers of a run. */
export const MEASUREMENTS = "measurements.ndjson.gz";

/** Facts on a run that are known wherever it is kept. */
export type AboutRun = Pick<
  Manifest,
  | "experiment"
  | "question"
  | "commandLine"
  | "preset"
  | "configuration"
  | "seeds"
  | "adapter"
  | "versions"
  | "gitCommit"
  | "codeHash"
  | "start"
  | "elapsedMs"
>;

/** A run on disk. */
export interface KeptRun {
  /** Its folder, or that of its entry in the gallery. */
  readonly folder: string;
  /** Facts on it. */
  readonly about: AboutRun;
  /** Its manifest; null in the gallery. */
  readonly manifest: Manifest | null;
  /** Its numbers, from its log or from what the gallery keeps. */
  measured(): Promise<Measurements>;
  /** Its claims as they were judged; null where they were not. */
  readonly claims: readonly JudgedClaim[] | null;
}

/**
 * Opens a run on disk, to read from it alone.
 *
 * @param folder Run folder, or entry of a gallery.
 * @returns The run.
 * @throws {UserError} If the folder holds none, or one that cannot be read.
 */
export function openRun(folder: string): KeptRun {
  const manifest = json(join(folder, "manifest.json")) as Manifest | null;
  const about = manifest ?? json(join(folder, KEPT)) as AboutRun | null;
  if (about === null) {
    throw new UserError(
      `expected a run folder or an entry of the gallery, found neither manifest.json nor ${KEPT} in ${folder}`,
    );
  }
  if (typeof about.experiment !== "string" || typeof about.preset !== "string" || !isRecord(about.configuration)) {
    throw new UserError(
      `expected ${join(folder, manifest ? "manifest.json" : KEPT)} to describe a run, found other JSON`,
    );
  }
  const found = json(join(folder, "claims.json"));
  const claims = found === null ? null : readClaims(found);
  if (found !== null && claims === null) {
    throw new UserError(`expected claims in ${join(folder, "claims.json")}, found other JSON`);
  }
  return {
    folder,
    about,
    manifest,
    measured: () => measurementsOf(folder, manifest ? "log.ndjson" : MEASUREMENTS),
    claims,
  };
}

async function measurementsOf(folder: string, name: string): Promise<Measurements> {
  const path = join(folder, name);
  try {
    if (name === MEASUREMENTS) return await unpackMeasurements(Deno.readFileSync(path));
    return await Measurements.from(readLog(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new UserError(`expected the numbers of a run in ${path}, found no file`);
    }
    if (error instanceof SyntaxError || error instanceof RangeError) throw new UserError(`${path}: ${error.message}`);
    throw error;
  }
}

/** Content of a file of JSON; null where there is no file. */
function json(path: string): unknown {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    throw new UserError(`cannot read ${path} because of: ${describeError(error).line}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(`expected JSON in ${path}, found other text`);
  }
}

const isRecord = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
