/**
 * Keeps a run for everyone to see: `deno task gallery RUN` copies its figures and claims to `results/gallery`.
 *
 * The log stays behind: it can be made again with the command that the gallery names.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { basename, join } from "@std/path";
import { collectBoard } from "./board/collect.ts";
import { boardMarkdown } from "./board/markdown.ts";
import { writeAtomically } from "../io/atomic.ts";
import type { JudgedClaim } from "../claims/mod.ts";
import { intervalOf, notesOf, short } from "../claims/words.ts";
import { reportError, UserError } from "../io/errors.ts";
import { standing } from "../run/liveness.ts";
import { type Manifest, readManifest } from "../run/manifest.ts";

const GALLERY = "results/gallery";

/**
 * Copies specifications, SVGs and claims of a complete run to `<gallery>/<name>/`, with a page that shows them; and
 * rewrites the board of all kept claims, `<gallery>/CLAIMS.md`. Runs of one experiment with different presets stand beside
 * each other under different names.
 *
 * @param run Run folder.
 * @param gallery Folder of the gallery.
 * @param name Name of the entry, of letters, digits, `_` and `-`; the experiment's by default.
 * @returns Folder of the entry, replaced if it kept the same experiment and preset.
 * @throws {UserError} If the folder holds no run, or one that is not complete; if the name is none, or that of an entry
 *   of another experiment or preset.
 */
export function keepInGallery(run: string, gallery: string = GALLERY, name?: string): string {
  const manifest = manifestOf(run);
  const entryName = name ?? manifest.experiment;
  if (!/^[\w-]+$/.test(entryName)) {
    throw new UserError(`expected a name of letters, digits, _ and -, found ${JSON.stringify(entryName)}`);
  }
  const { status } = standing(run, manifest);
  if (status !== "complete") throw new UserError(`expected a complete run in ${run}, found one that is ${status}`);
  const judged = manifest.files.some(({ path }) => path === "claims.json");
  const claims: JudgedClaim[] = judged ? JSON.parse(Deno.readTextFileSync(join(run, "claims.json"))) : [];
  const entry = join(gallery, entryName);
  refuseOther(entry, manifest);
  const fresh = `${entry}.tmp`;
  Deno.mkdirSync(join(fresh, "figures"), { recursive: true });
  const figures = manifest.files.filter(({ path }) => /^figures\/[\w-]+\.(vl\.json|svg)$/.test(path));
  for (const { path } of figures) Deno.copyFileSync(join(run, path), join(fresh, path));
  const { experiment, question, preset, configuration, seeds, adapter, versions, gitCommit, start, elapsedMs } =
    manifest;
  // Where the run was written says nothing about how to make it again.
  const commandLine = manifest.commandLine.replaceAll(/ (?:'--out=[^']*'|--out=\S+)/g, "");
  const kept = {
    experiment,
    question,
    commandLine,
    preset,
    configuration,
    seeds,
    adapter,
    versions,
    gitCommit,
    start,
    elapsedMs,
  };
  writeAtomically(join(fresh, "claims.json"), JSON.stringify(claims, null, 2) + "\n");
  writeAtomically(join(fresh, "run.json"), JSON.stringify(kept, null, 2) + "\n");
  writeAtomically(join(fresh, "README.md"), page(entryName, manifest, commandLine, claims, figures));
  if (exists(entry)) Deno.removeSync(entry, { recursive: true });
  Deno.renameSync(fresh, entry);
  writeAtomically(join(gallery, "CLAIMS.md"), boardMarkdown(collectBoard(gallery, { experiments: [] }).entries));
  return entry;
}

function manifestOf(run: string): Manifest {
  try {
    return readManifest(run);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new UserError(`expected a run folder, found no manifest.json in ${run}`);
    }
    throw error;
  }
}

/** An entry is replaced by newer runs of its own kind alone. */
function refuseOther(entry: string, { experiment, preset }: Manifest): void {
  if (!exists(join(entry, "run.json"))) return;
  const kept: Pick<Manifest, "experiment" | "preset"> = JSON.parse(Deno.readTextFileSync(join(entry, "run.json")));
  if (kept.experiment === experiment && kept.preset === preset) return;
  throw new UserError(
    `expected a run of ${kept.experiment} with preset ${kept.preset}, which ${entry} keeps, found ${experiment} with ` +
      `preset ${preset}; keep it beside under --name=${experiment}_${preset.replace(/^cpu-/, "")}`,
  );
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function page(
  name: string,
  { question, adapter, elapsedMs, versions }: Manifest,
  commandLine: string,
  claims: readonly JudgedClaim[],
  files: readonly { path: string; description: string }[],
): string {
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
  const rows = claims.map((claim) =>
    `| ${claim.id} | ${cell(claim.statement)} | ${cell(claim.criterion)} | ${short(claim.predicted)} | ${
      short(claim.measured)
    } ${intervalOf(claim)} | **${claim.verdict}** ${cell(notesOf(claim).join("; "))} |`
  );
  const svgs = files.filter(({ path }) => path.endsWith(".svg"));
  const made = `${Math.round((elapsedMs ?? 0) / 1000)} s on ${adapter?.description || adapter?.device || "no adapter"}${
    adapter?.software ? " (software)" : ""
  }, Deno ${versions.deno}`;
  return [
    `# ${name}`,
    question,
    `Made by \`${commandLine}\` in ${made}; all options, seeds and versions are in [run.json](run.json).`,
    ...(claims.length === 0 ? [] : [
      "## Claims",
      [
        "| claim | statement | criterion, fixed before the run | predicted | measured [interval] | verdict |",
        "|---|---|---|---|---|---|",
        ...rows,
      ].join("\n"),
    ]),
    "## Figures",
    ...svgs.map(({ path, description }) => `![${description.replace(/ \(SVG\)$/, "")}](${path})`),
  ].join("\n\n") + "\n";
}

const HELP = `Keeps the figures and claims of a complete run in ${GALLERY}, and rewrites ${GALLERY}/CLAIMS.md.

usage: deno task gallery [--name=ENTRY] results/NAME/RUN

  --name=ENTRY    name of the entry, for a second run of an experiment with another preset [the experiment's]`;

if (import.meta.main) {
  try {
    const { help, name, _: runs } = parseArgs(Deno.args, {
      string: ["name"],
      boolean: ["help"],
      alias: { help: "h" },
      unknown: (arg, key) => {
        if (key === undefined) return true;
        throw new UserError(`unknown option ${arg.split("=")[0]}; did you mean --name?`);
      },
    });
    if (help) {
      console.log(HELP);
      Deno.exit(0);
    }
    if (runs.length !== 1) {
      throw new UserError(
        `expected one run folder, as in: deno task gallery results/NAME/RUN; found ${runs.length} arguments`,
      );
    }
    const run = String(runs[0]);
    const entry = name === undefined ? undefined : String(name);
    console.log(`kept: ${keepInGallery(run, GALLERY, entry)} (${basename(run)})`);
  } catch (error) {
    Deno.exit(reportError(error));
  }
}
