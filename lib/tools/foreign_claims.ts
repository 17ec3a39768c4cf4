/**
 * Claims over runs that were not made here: a file of claims, judged from a run's rows, and kept in its folder.
 *
 * @module
 */
import { isAbsolute, join, resolve, toFileUrl } from "@std/path";
import { type Claim, countVerdicts, judgeClaims, type JudgedClaim } from "../claims/mod.ts";
import { writeAtomically } from "../io/atomic.ts";
import { describeError, UserError } from "../io/errors.ts";
import { logCriteria, logVerdicts } from "../run/claim_rows.ts";
import { standardColumns } from "../run/columns.ts";
import type { KeptRun } from "../run/kept_run.ts";
import { standing } from "../run/liveness.ts";
import { LogWriter } from "../run/log.ts";
import { type Manifest, writeManifest } from "../run/manifest.ts";
import type { Measurements } from "../study/measurements.ts";

const FILE = "claims.ts";

/**
 * Loads a file of claims.
 *
 * @param file Its path. It exports `claims`: an array, or a function from the run's configuration to one.
 * @param configuration Options of the run.
 * @returns The claims.
 * @throws {UserError} If it cannot be loaded, or exports no claims with distinct ids.
 */
export async function loadClaims(
  file: string,
  configuration: Manifest["configuration"],
): Promise<readonly Claim<Measurements>[]> {
  let found: unknown;
  try {
    ({ claims: found } = await import(toFileUrl(isAbsolute(file) ? file : resolve(file)).href));
    if (typeof found === "function") found = found(configuration);
  } catch (error) {
    throw new UserError(`cannot load ${file} because of: ${describeError(error).line}`);
  }
  if (!Array.isArray(found) || found.length === 0 || !found.every(isClaim)) {
    throw new UserError(
      `expected ${file} to export claims, as \`export const claims = [lab.claim({ … })]\`, found none`,
    );
  }
  const ids = found.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new UserError(`expected claims with distinct ids in ${file}, found ${twice} twice`);
  return found;
}

function isClaim(value: unknown): value is Claim<Measurements> {
  const { id, statement, source, criterion, judge } = (value ?? {}) as Partial<Claim<Measurements>>;
  return [id, statement, source, criterion].every((text) => typeof text === "string") && typeof judge === "function";
}

/**
 * Judges a run by claims that are not its experiment's.
 *
 * @param run The run.
 * @param file File of the claims.
 * @returns The claims in their order.
 * @throws {UserError} If the claims cannot be loaded.
 */
export async function judgeByFile(run: KeptRun, file: string): Promise<JudgedClaim[]> {
  return judgeClaims(await loadClaims(file, run.about.configuration), await run.measured());
}

/**
 * Keeps claims in a run's folder, once: `claims.json`, rows of its log, verdicts in its manifest, and the file of the claims.
 *
 * @param run The run; one that has ended well and has no claims yet.
 * @param file File of the claims.
 * @param judged Claims as they were judged.
 * @throws {UserError} If the run is not such a one.
 */
export function keepClaims({ folder, manifest, claims }: KeptRun, file: string, judged: readonly JudgedClaim[]): void {
  const refuse = (found: string) => new UserError(`expected a complete run without claims for --keep, found ${found}`);
  if (manifest === null) throw refuse(`an entry of the gallery in ${folder}`);
  const { status } = standing(folder, manifest);
  if (status !== "complete") throw refuse(`${folder}, which is ${status}`);
  if (claims !== null) {
    throw refuse(`${join(folder, "claims.json")}; what counts as an answer is not moved after a run`);
  }
  const path = join(folder, "log.ndjson");
  if (!endsWithLine(path)) throw refuse(`${path} without an end of its last line`);
  const log = new LogWriter(path, standardColumns);
  try {
    logCriteria(log, judged);
    logVerdicts(log, judged);
  } finally {
    log.close();
  }
  const files = new Map((manifest.files ?? []).map((entry) => [entry.path, entry]));
  const keep = (name: string, content: string, description: string) =>
    files.set(name, { path: name, bytes: writeAtomically(join(folder, name), content), description });
  keep(FILE, Deno.readTextFileSync(file), "claims as they were judged, after the run");
  keep("claims.json", JSON.stringify(judged, null, 2) + "\n", "claims with criterion and verdict");
  const logged = files.get("log.ndjson");
  if (logged) files.set(logged.path, { ...logged, bytes: Deno.statSync(path).size });
  const columns = { ...standardColumns, ...manifest.columns };
  writeManifest(folder, { ...manifest, columns, verdicts: countVerdicts(judged), files: [...files.values()] });
}

function endsWithLine(path: string): boolean {
  using file = Deno.openSync(path);
  const { size } = file.statSync();
  if (size === 0) return true;
  file.seekSync(-1, Deno.SeekMode.End);
  const last = new Uint8Array(1);
  return file.readSync(last) === 1 && last[0] === 0x0a;
}
