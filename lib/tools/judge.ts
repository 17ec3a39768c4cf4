/**
 * Judges a run again, from its folder alone: `./lab judge RUN`.
 *
 * @module
 */
import { join, resolve, toFileUrl } from "@std/path";
import { judgeClaims, type JudgedClaim } from "../claims/mod.ts";
import { claimsTable } from "../claims/terminal.ts";
import { threeDigits } from "../claims/judgement.ts";
import { countsInWords } from "../claims/words.ts";
import { UserError } from "../io/errors.ts";
import { type AnyExperiment, claimsOf, isTrial } from "../run/experiment.ts";
import { type KeptRun, openRun } from "../run/kept_run.ts";
import { configurationOf } from "../run/resume.ts";
import { flag } from "../run/options.ts";
import { judgeByFile, keepClaims } from "./foreign_claims.ts";
import { type Asked, defineCommand, optionalText, runCommand } from "./command.ts";
import { experimentNames, loadExperiment } from "./experiments.ts";

/**
 * Finds the experiment of a run: the one of this workspace that has its name; else the file kept beside its log, if that
 * can be loaded from there.
 *
 * @param run The run.
 * @param file Name or file of the experiment, if it is given.
 * @returns The experiment.
 * @throws {UserError} If there is none, or one of another name.
 */
export async function experimentOf(run: KeptRun, file?: string): Promise<AnyExperiment> {
  const { experiment: name } = run.about;
  const found = await loadExperiment(file ?? (experimentNames().includes(name) ? name : ownFile(run)));
  if (found.name === name) return found;
  throw new UserError(`expected the experiment ${name} of ${run.folder}, found ${found.name}`);
}

function ownFile({ folder, about }: KeptRun): string {
  const file = join(folder, "experiment.ts");
  try {
    if (Deno.statSync(file).isFile) return file;
  } catch {
    // Said below.
  }
  throw new UserError(
    `expected the experiment ${about.experiment} of ${folder} in experiments/, found none; name its file by --experiment=FILE`,
  );
}

/**
 * Judges the claims of a run from its rows.
 *
 * @param run The run.
 * @param experiment Its experiment.
 * @returns Its claims in their order.
 * @throws {UserError} If its configuration is not the experiment's.
 */
export async function judgeRun(run: KeptRun, experiment: AnyExperiment): Promise<JudgedClaim[]> {
  const claims = claimsOf(experiment, configurationOf(experiment, run.about));
  return judgeClaims(claims, await run.measured(), isTrial(experiment, run.about.preset));
}

/**
 * Where claims differ from those of another judgement.
 *
 * @param now Claims judged now.
 * @param then Claims as they are kept.
 * @returns A line for each difference.
 *
 * @example
 * ```ts
 * import { claimDifferences } from "./judge.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const one = { id: "falls", statement: "It falls.", source: "text", criterion: "at least 1", detail: "" };
 * const then = { ...one, verdict: "reproduced" as const, predicted: null, measured: 2, low: 1, high: 3, replicas: 4, replicasToSettle: null };
 * assertEquals(claimDifferences([{ ...then, measured: 2.5 }], [then]), ["falls: measured 2.5, kept 2"]);
 * ```
 */
export function claimDifferences(now: readonly JudgedClaim[], then: readonly JudgedClaim[]): string[] {
  const kept = new Map(then.map((claim) => [claim.id, claim]));
  const ids = new Set(now.map(({ id }) => id));
  return [
    ...now.flatMap((claim) => {
      const before = kept.get(claim.id);
      return before === undefined ? [`${claim.id}: not kept`] : differencesOf(claim, before);
    }),
    ...then.filter(({ id }) => !ids.has(id)).map(({ id }) => `${id}: kept, but no claim of the experiment`),
  ];
}

function differencesOf(now: JudgedClaim, then: JudgedClaim): string[] {
  const keys = [...new Set([...Object.keys(now), ...Object.keys(then)])] as (keyof JudgedClaim)[];
  return keys.flatMap((key) => {
    const [here, there] = [now[key], then[key]].map((value) => JSON.stringify(value ?? null));
    if (here === there) return [];
    const numbers = typeof now[key] === "number" && typeof then[key] === "number";
    const close = numbers && threeDigits(now[key] as number) === threeDigits(then[key] as number);
    const shown = numbers && !close
      ? [threeDigits(now[key] as number), threeDigits(then[key] as number)]
      : [here, there];
    return [`${now.id}: ${key} ${shown[0]}, kept ${shown[1]}`];
  });
}

const command = defineCommand({
  name: "judge",
  about:
    `Judges the claims of a run, or of an entry of the gallery, from its folder alone, and says whether verdicts and numbers
are those of its claims.json. Writes nothing, but with --keep.`,
  options: {
    experiment: optionalText(
      "FILE",
      "file, or name, of the experiment; the one of this workspace with the run's name unless given",
    ),
    claims: optionalText(
      "FILE",
      "file that exports claims, in place of the experiment's: for runs that were not made here",
    ),
    keep: flag("write claims.json into the run's folder, with --claims alone"),
  },
  operands: {
    name: "RUN",
    help: "folder of a run, as results/NAME/RUN, or of an entry, as results/gallery/NAME",
    least: 1,
    most: 1,
  },
  notes: "Exit code: 0 if they are the same, or there is nothing to compare with; 1 if they differ; 2 for bad input.",
});

async function judge({ options, operands: [folder] }: Asked<typeof command.options>): Promise<number> {
  const run = openRun(folder);
  if (options.claims !== undefined) {
    if (options.experiment !== undefined) throw new UserError("expected --claims or --experiment, found both");
    const judged = await judgeByFile(run, options.claims);
    show(judged);
    if (!options.keep) return 0;
    keepClaims(run, options.claims, judged);
    console.log(`kept: ${join(folder, "claims.json")}`);
    return 0;
  }
  if (options.keep) throw new UserError("expected --claims=FILE with --keep, found none");
  const experiment = await experimentOf(run, options.experiment);
  if (isOlder(run, experiment)) {
    console.error("warning: the experiment's file is not what it was when the run was made");
  }
  const judged = await judgeRun(run, experiment);
  show(judged);
  if (run.claims === null) {
    console.log(judged.length === 0 ? "no claims" : "no claims.json to compare with");
    return 0;
  }
  const differences = claimDifferences(judged, run.claims);
  if (differences.length === 0) console.log("verdicts and numbers are those of claims.json");
  else {console.log(
      `${differences.length} ${differences.length === 1 ? "difference" : "differences"} from claims.json:`,
    );}
  for (const line of differences) console.log(`  ${line}`);
  return differences.length === 0 ? 0 : 1;
}

function show(judged: readonly JudgedClaim[]): void {
  const style = Deno.stdout.isTerminal() ? { colour: !Deno.noColor, width: Deno.consoleSize().columns } : {};
  if (judged.length > 0) console.log(claimsTable(judged, style));
  console.log(`claims: ${countsInWords(judged)}`);
}

/** Whether the experiment's file is another than the one kept in a run folder. */
function isOlder({ folder }: KeptRun, { doc }: AnyExperiment): boolean {
  if (typeof doc === "string") return false;
  try {
    return Deno.readTextFileSync(toFileUrl(resolve(folder, "experiment.ts"))) !== Deno.readTextFileSync(doc);
  } catch {
    return false;
  }
}

if (import.meta.main) {
  // The file of an experiment or of claims is anybody's: only where something is to be kept may it write.
  if (!Deno.args.includes("--keep")) Deno.permissions.revokeSync({ name: "write" });
  await runCommand(command, judge);
}
