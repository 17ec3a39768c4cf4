/** A checked figure, handed over as the files that a run keeps. */

import { renderPng } from "./png.ts";
import { renderSvg } from "./render.ts";
import { roundData } from "./round.ts";
import { FigureError, SCHEMA, type Spec } from "./spec.ts";
import { validate } from "./validate.ts";

/** Writes a file of a run; `path` is relative to the run's folder, `description` says what the file is. */
export type FileWriter = (path: string, content: string | Uint8Array, description: string) => Promise<void>;

/** Files to write beside the specification and the SVG, and the precision of the data. */
export interface WriteOptions {
  /** Also a PNG, which needs permission to read the package cache; default false. */
  png?: boolean;
  /** Significant digits of the data, integer in [1, 17]; default 6. */
  digits?: number;
}

/**
 * Check, draw and hand over a figure: `figures/NAME.vl.json`, `figures/NAME.svg` and, if wanted, `figures/NAME.png`.
 *
 * Nothing is written unless the figure is valid and drawn without a warning. What is drawn is what the file says: the
 * data is rounded first.
 *
 * @param write Receives the files in the order above.
 * @param name Lower-case letters, digits, `_` and `-`.
 * @param spec A specification with inline data, a title and a description.
 * @param options PNG and precision.
 * @throws {FigureError} If the name, title or description is not usable, or the figure is not valid.
 *
 * @example
 * ```ts
 * import { writeFigure } from "./write.ts";
 * import { figure } from "./compose.ts";
 * import { theoryLine } from "./marks.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const rows = [1, 2].map((x) => ({ x, value: x / 3, series: "exact flow" }));
 * const frame = { x: { title: "step" }, y: { title: "loss" }, strokes: new Map([["exact flow", "solid" as const]]), measured: false };
 * const spec = figure({ title: "Loss", description: "A rising line." }, { theory: rows }, [theoryLine(frame, "theory")]);
 * const paths: string[] = [];
 * await writeFigure((path) => Promise.resolve(void paths.push(path)), "loss", spec);
 * assertEquals(paths, ["figures/loss.vl.json", "figures/loss.svg"]);
 * ```
 */
export async function writeFigure(
  write: FileWriter,
  name: string,
  spec: Spec,
  options: WriteOptions = {},
): Promise<void> {
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(name)) {
    throw new FigureError(`expected name of lower-case letters, digits, _ and -, found "${name}"`);
  }
  for (const key of ["title", "description"] as const) {
    if (spec[key] === undefined) throw new FigureError(`expected a ${key} in figure ${name}, found none`);
  }
  try {
    const rounded = roundData({ ...spec, $schema: SCHEMA }, options.digits ?? 6);
    await validate(rounded);
    const svg = await renderSvg(rounded);
    const png = options.png ? await renderPng(svg) : undefined;
    await write(`figures/${name}.vl.json`, `${JSON.stringify(rounded)}\n`, `${spec.description} (Vega-Lite)`);
    await write(`figures/${name}.svg`, svg, `${spec.description} (SVG)`);
    if (png !== undefined) await write(`figures/${name}.png`, png, `${spec.description} (PNG)`);
  } catch (error) {
    if (error instanceof FigureError) throw new FigureError(`figure ${name}: ${error.message}`, { cause: error });
    throw error;
  }
}
