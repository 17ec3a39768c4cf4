/**
 * Keeps a run for everyone to see: `./lab gallery RUN` copies its figures, claims and measurements to `results/gallery`.
 *
 * The log stays behind: what its claims are judged by, and its figures drawn from, is kept in a file of a tenth of its size.
 *
 * @module
 */
import { basename, join } from "@std/path";
import { claimsMarkdown } from "../claims/markdown.ts";
import type { JudgedClaim } from "../claims/mod.ts";
import { countsInWords } from "../claims/words.ts";
import { writeAtomically } from "../io/atomic.ts";
import { UserError } from "../io/errors.ts";
import { type AboutRun, KEPT, MEASUREMENTS, openRun } from "../run/kept_run.ts";
import { standing } from "../run/liveness.ts";
import type { Manifest } from "../run/manifest.ts";
import { packMeasurements } from "../study/archive.ts";
import { collectBoard } from "./board/collect.ts";
import { boardMarkdown } from "./board/markdown.ts";
import { paragraph } from "./markdown.ts";
import { experimentsList, withExperimentsList } from "./experiments_list.ts";
import { type Asked, defineCommand, optionalText, runCommand } from "./command.ts";

const GALLERY = "results/gallery";
/** Findings, written by hand; kept when their entry is rewritten. */
const FINDINGS = "FINDINGS.md";
/** Page in which the experiment trains, written by `./lab page`; a new run leaves it as it is. */
const LIVE = "live.html";

/**
 * Keeps specifications, SVGs, claims and measurements of a complete run in `<gallery>/<name>/`, with a page that shows them;
 * and rewrites the board of all kept claims, `<gallery>/CLAIMS.md`. Runs of one experiment with different presets stand
 * beside each other under different names.
 *
 * @param run Run folder.
 * @param gallery Folder of the gallery.
 * @param name Name of the entry, of letters, digits, `_` and `-`; the experiment's by default.
 * @returns Folder of the entry, replaced, but for its findings, if it kept the same experiment and preset.
 * @throws {UserError} If the folder holds no run, or one that is not complete; if the name is none, or that of an entry
 *   of another experiment or preset.
 */
export async function keepInGallery(run: string, gallery: string = GALLERY, name?: string): Promise<string> {
  const { manifest, claims, measured } = openRun(run);
  if (manifest === null) throw new UserError(`expected a run folder, found no manifest.json in ${run}`);
  const entryName = name ?? manifest.experiment;
  if (!/^[\w-]+$/.test(entryName)) {
    throw new UserError(`expected a name of letters, digits, _ and -, found ${JSON.stringify(entryName)}`);
  }
  const { status } = standing(run, manifest);
  if (status !== "complete") throw new UserError(`expected a complete run in ${run}, found one that is ${status}`);
  const entry = join(gallery, entryName);
  refuseOther(entry, manifest);

  const fresh = `${entry}.tmp`;
  if (exists(fresh)) Deno.removeSync(fresh, { recursive: true });
  Deno.mkdirSync(join(fresh, "figures"), { recursive: true });
  const figures = manifest.files.filter(({ path }) => /^figures\/[\w-]+\.(vl\.json|svg)$/.test(path));
  for (const { path } of figures) Deno.copyFileSync(join(run, path), join(fresh, path));
  const about = aboutRun(manifest);
  const findings = exists(join(entry, FINDINGS)) ? Deno.readTextFileSync(join(entry, FINDINGS)) : null;
  if (findings !== null) writeAtomically(join(fresh, FINDINGS), findings);
  if (exists(join(entry, LIVE))) Deno.copyFileSync(join(entry, LIVE), join(fresh, LIVE));
  writeAtomically(join(fresh, "claims.json"), JSON.stringify(claims ?? [], null, 2) + "\n");
  writeAtomically(join(fresh, KEPT), JSON.stringify(about, null, 2) + "\n");
  writeAtomically(join(fresh, MEASUREMENTS), await packMeasurements(await measured()));
  writeAtomically(join(fresh, "README.md"), page(entryName, about, claims ?? [], figures, findings));
  replace(entry, fresh);
  writeAtomically(join(gallery, "CLAIMS.md"), boardMarkdown(collectBoard(gallery, { experiments: [] }).entries));
  return entry;
}

/** Picks the kept part of a manifest. Where the run was written says nothing about how to make it again. */
function aboutRun(manifest: Manifest): AboutRun {
  const {
    experiment,
    question,
    preset,
    configuration,
    seeds,
    adapter,
    versions,
    gitCommit,
    codeHash,
    start,
    elapsedMs,
  } = manifest;
  const commandLine = manifest.commandLine.replaceAll(/ (?:'--out=[^']*'|--out=\S+)/g, "");
  const run = { experiment, question, commandLine, preset, configuration, seeds, adapter, versions };
  return { ...run, gitCommit, codeHash, start, elapsedMs };
}

/** An entry is replaced by newer runs of its own kind alone. */
function refuseOther(entry: string, { experiment, preset }: Manifest): void {
  if (!exists(join(entry, KEPT))) return;
  const kept: AboutRun = JSON.parse(Deno.readTextFileSync(join(entry, KEPT)));
  if (kept.experiment === experiment && kept.preset === preset) return;
  throw new UserError(
    `expected a run of ${kept.experiment} with preset ${kept.preset}, which ${entry} keeps, found ${experiment} with ` +
      `preset ${preset}; keep it beside under --name=${experiment}_${preset.replace(/^cpu-/, "")}`,
  );
}

/** Puts a folder in the place of another, which is there until the new one is whole. */
function replace(entry: string, fresh: string): void {
  const old = `${entry}.old.tmp`;
  if (exists(entry)) Deno.renameSync(entry, old);
  Deno.renameSync(fresh, entry);
  if (exists(old)) Deno.removeSync(old, { recursive: true });
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
  { question, commandLine, adapter, elapsedMs, versions }: AboutRun,
  claims: readonly JudgedClaim[],
  files: Manifest["files"],
  findings: string | null,
): string {
  const svgs = files.filter(({ path }) => path.endsWith(".svg"));
  const made = `${Math.round((elapsedMs ?? 0) / 1000)} s on ${adapter?.description || adapter?.device || "no adapter"}${
    adapter?.software ? " (software)" : ""
  }, Deno ${versions.deno}`;
  return [
    `# ${name}`,
    question,
    paragraph(
      `Made by \`${commandLine}\` in ${made}; all options, seeds and versions are in [run.json](${KEPT}). ` +
        `\`./lab judge ${GALLERY}/${name}\` judges it again, from [its measurements](${MEASUREMENTS}).`,
    ),
    ...(findings === null ? [] : ["## Findings", findings.trim()]),
    ...(claims.length === 0 ? [] : ["## Claims", `${countsInWords(claims)}.`, claimsMarkdown(claims)]),
    "## Figures",
    ...svgs.map(({ path, description }) => `![${description.replace(/ \(SVG\)$/, "")}](${path})`),
  ].join("\n\n") + "\n";
}

const command = defineCommand({
  name: "gallery",
  about:
    `Keeps the figures, claims and measurements of a complete run in ${GALLERY}; rewrites ${GALLERY}/CLAIMS.md and README.md's list.`,
  options: {
    name: optionalText(
      "ENTRY",
      "name of the entry, for a second run of an experiment with another preset; the experiment's unless given",
    ),
  },
  operands: { name: "RUN", help: "folder of a run, as results/NAME/RUN", least: 1, most: 1 },
  notes:
    `Findings written by hand in ${GALLERY}/ENTRY/${FINDINGS}, as "**Question** Answer in two sentences. Numbers in brackets.",
are shown on the entry's page, and stay when it is rewritten.`,
});

async function main({ options, operands: [run] }: Asked<typeof command.options>): Promise<void> {
  const kept = await keepInGallery(run, GALLERY, options.name);
  const { entries } = collectBoard(GALLERY, { experiments: [] });
  Deno.writeTextFileSync(
    "README.md",
    withExperimentsList(Deno.readTextFileSync("README.md"), experimentsList(entries)),
  );
  console.log(`kept: ${kept} (${basename(run)})`);
}

if (import.meta.main) await runCommand(command, main);
