/**
 * Draws figures: `./lab draw RUN` makes those of a run anew from its log; a folder of Vega-Lite specifications, or one, is
 * drawn as it stands.
 *
 * @module
 */
import { basename, join } from "@std/path";
import { renderPng } from "../figures/png.ts";
import { renderSvg } from "../figures/render.ts";
import type { Spec } from "../figures/spec.ts";
import { validate } from "../figures/validate.ts";
import { writeFigure } from "../figures/write.ts";
import { writeAtomically } from "../io/atomic.ts";
import { UserError } from "../io/errors.ts";
import { type KeptRun, openRun } from "../run/kept_run.ts";
import { standing } from "../run/liveness.ts";
import { writeManifest } from "../run/manifest.ts";
import { flag } from "../run/options.ts";
import { configurationOf } from "../run/resume.ts";
import { type Asked, defineCommand, optionalText, runCommand } from "./command.ts";
import { experimentNames } from "./experiments.ts";
import { experimentOf } from "./judge.ts";

const ENDING = ".vl.json";

/** A file that is drawn but not written yet. */
interface Drawn {
  readonly path: string;
  readonly content: string | Uint8Array;
  readonly description: string;
}

/** How a path is drawn. */
export interface DrawOptions {
  /** Name or file of the experiment; the one of this workspace with the run's name unless given. */
  readonly experiment?: string;
  /** Whether PNGs are drawn too; true unless given. */
  readonly png?: boolean;
}

/**
 * Draws a run's figures anew from its log, or specifications as they stand. Everything is drawn before anything is written.
 *
 * @param path A run folder or an entry of the gallery; a folder of specifications; or a specification, `NAME.vl.json`.
 * @param options The experiment, and whether PNGs are drawn too.
 * @returns Paths that were written, each whole or not at all, and whether they come from the log.
 * @throws {UserError} If there is nothing to draw there, or a run that is still being written.
 * @throws {FigureError} If a figure is not valid.
 */
export async function draw(
  path: string,
  { experiment, png = true }: DrawOptions = {},
): Promise<{ readonly written: readonly string[]; readonly fromLog: boolean }> {
  const run = isRun(path) ? openRun(path) : null;
  if (run?.manifest && standing(path, run.manifest).status === "running") {
    throw new UserError(`expected a run that has ended, found ${path} still being written`);
  }
  const anew = run && (experiment !== undefined || experimentNames().includes(run.about.experiment))
    ? await figuresOf(run, experiment, png)
    : [];
  if (run && anew.length > 0) {
    write(run, anew);
    return { written: anew.map(({ path: file }) => join(path, file)), fromLog: true };
  }
  const drawn: Drawn[] = [];
  for (const file of specificationsAt(path)) {
    const spec = specification(file);
    await validate(spec);
    const svg = await renderSvg(spec);
    const stem = file.slice(0, -ENDING.length);
    drawn.push({ path: `${stem}.svg`, content: svg, description: "" });
    if (png) drawn.push({ path: `${stem}.png`, content: await renderPng(svg), description: "" });
  }
  for (const { path, content } of drawn) writeAtomically(path, content);
  return { written: drawn.map(({ path }) => path), fromLog: false };
}

/** Figures of a run, from its log; none where its experiment draws none. */
async function figuresOf(run: KeptRun, file: string | undefined, png: boolean): Promise<Drawn[]> {
  const experiment = await experimentOf(run, file);
  const specs = await experiment.figures?.(await run.measured(), configurationOf(experiment, run.about)) ?? {};
  const drawn: Drawn[] = [];
  const keep = (path: string, content: string | Uint8Array, description: string) =>
    Promise.resolve(void drawn.push({ path, content, description }));
  for (const [name, spec] of Object.entries(specs)) {
    if (spec !== null) await writeFigure(keep, name, spec, { png });
  }
  return drawn;
}

/** Writes figures of a run, and enters them in its manifest. */
function write({ folder, manifest }: KeptRun, drawn: readonly Drawn[]): void {
  Deno.mkdirSync(join(folder, "figures"), { recursive: true });
  const files = new Map(manifest?.files.map((entry) => [entry.path, entry]));
  for (const { path, content, description } of drawn) {
    files.set(path, { path, bytes: writeAtomically(join(folder, path), content), description });
  }
  if (manifest) writeManifest(folder, { ...manifest, files: [...files.values()] });
}

function specificationsAt(path: string): string[] {
  if (kindOf(path) === "file" && path.endsWith(ENDING)) return [path];
  const folder = kindOf(join(path, "figures")) === "folder" ? join(path, "figures") : path;
  const found = kindOf(folder) === "folder"
    ? [...Deno.readDirSync(folder)].filter(({ isFile, name }) => isFile && name.endsWith(ENDING))
    : [];
  if (found.length === 0) throw new UserError(`expected a run folder with figures or a *${ENDING}, found ${path}`);
  return found.map(({ name }) => join(folder, name)).toSorted();
}

function specification(file: string): Spec {
  try {
    return JSON.parse(Deno.readTextFileSync(file));
  } catch (error) {
    if (error instanceof SyntaxError) throw new UserError(`expected JSON in ${file}, found ${error.message}`);
    throw error;
  }
}

const isRun = (path: string) => ["manifest.json", "run.json"].some((name) => kindOf(join(path, name)) === "file");

function kindOf(path: string): "file" | "folder" | undefined {
  try {
    return Deno.statSync(path).isDirectory ? "folder" : "file";
  } catch {
    return undefined;
  }
}

const command = defineCommand({
  name: "draw",
  about:
    `Draws the figures of runs anew, as Vega-Lite specification, SVG and PNG: from the log, by the run's experiment; from the
specifications that are kept where the experiment is not known.`,
  options: {
    experiment: optionalText(
      "FILE",
      "file, or name, of the experiment; the one of this workspace with the run's name unless given",
    ),
    png: flag("PNGs", true),
  },
  operands: {
    name: "PATH…",
    help: `a run folder or an entry of the gallery; or a folder of NAME${ENDING}, or one such file, drawn as it stands`,
    least: 1,
  },
});

async function main({ options, operands }: Asked<typeof command.options>): Promise<void> {
  for (const path of operands) {
    const { written, fromLog } = await draw(path, options);
    const names = written.map((file) => basename(file)).join(", ");
    console.log(`${path}: ${names} (${fromLog ? "from the log" : "from the specifications"})`);
  }
}

if (import.meta.main) await runCommand(command, main);
