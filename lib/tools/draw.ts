/**
 * Draws Vega-Lite specifications: `deno task draw results/NAME/RUN` makes the SVG and the PNG of each figure of a run anew.
 *
 * @module
 */
import { basename, join } from "@std/path";
import { writeAtomically } from "../io/atomic.ts";
import { reportError, UserError } from "../io/errors.ts";
import { renderPng } from "../figures/png.ts";
import { renderSvg } from "../figures/render.ts";
import type { Spec } from "../figures/spec.ts";
import { validate } from "../figures/validate.ts";

const ENDING = ".vl.json";

/**
 * Draws specifications into files beside them, `NAME.svg` and `NAME.png`.
 *
 * @param path A specification, `NAME.vl.json`; a folder of some; or a run folder.
 * @returns Paths that were written, each whole or not at all.
 * @throws {UserError} If there is no specification there, or one that is no JSON.
 * @throws {FigureError} If a specification is not valid.
 */
export async function draw(path: string): Promise<string[]> {
  const written: string[] = [];
  for (const file of specificationsAt(path)) {
    const spec = specification(file);
    await validate(spec);
    const svg = await renderSvg(spec);
    const png = await renderPng(svg);
    const stem = file.slice(0, -ENDING.length);
    for (const [ending, content] of [[".svg", svg], [".png", png]] as const) {
      writeAtomically(stem + ending, content);
      written.push(stem + ending);
    }
  }
  return written;
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

function kindOf(path: string): "file" | "folder" | undefined {
  try {
    return Deno.statSync(path).isDirectory ? "folder" : "file";
  } catch {
    return undefined;
  }
}

const HELP = `Draws the Vega-Lite specifications of runs as SVG and PNG, beside them.

usage: deno task draw PATH…

  PATH   a run folder, a folder of NAME.vl.json, or one such file; edit a specification, and draw it again`;

if (import.meta.main) {
  try {
    if (Deno.args.includes("--help") || Deno.args.includes("-h")) {
      console.log(HELP);
      Deno.exit(0);
    }
    const option = Deno.args.find((arg) => arg.startsWith("-"));
    if (option !== undefined) throw new UserError(`expected paths, found the option ${option}`);
    if (Deno.args.length === 0) throw new UserError("expected a run folder, as in: deno task draw results/NAME/RUN");
    for (const path of Deno.args) {
      const written = await draw(path);
      console.log(`${path}: ${written.map((file) => basename(file)).join(", ")}`);
    }
  } catch (error) {
    Deno.exit(reportError(error));
  }
}
