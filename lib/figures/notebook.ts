/** A figure as a notebook shows it. */

import { renderSvg } from "./render.ts";
import { roundData } from "./round.ts";
import { SCHEMA, type Spec } from "./spec.ts";

/** Method that notebook kernels such as Deno's call on the last value of a cell. */
const DISPLAY = Symbol.for("Jupyter.display");

/** A figure in the forms among which a notebook's front end chooses, by media type. */
export interface NotebookForms {
  /** Specification, for front ends that draw Vega-Lite 6 themselves. */
  readonly "application/vnd.vegalite.v6+json": Spec;
  /** Drawing, for all others. */
  readonly "image/svg+xml": string;
  /** Description in words. */
  readonly "text/plain": string;
}

/**
 * Draws a figure for a notebook.
 *
 * @param spec A specification with inline data.
 * @returns Its forms.
 * @throws {FigureError} If it cannot be drawn as it is meant.
 */
export async function notebookForms(spec: Spec): Promise<NotebookForms> {
  const rounded = roundData({ ...spec, $schema: SCHEMA }, 6);
  return {
    "application/vnd.vegalite.v6+json": rounded,
    "image/svg+xml": await renderSvg(rounded),
    "text/plain": spec.description ?? "A figure.",
  };
}

/**
 * Makes a specification display itself in a notebook, as the last value of a cell. It stays the same literal everywhere else:
 * the method is neither listed nor written as JSON.
 *
 * @param spec A specification with inline data.
 * @returns The same object.
 *
 * @example
 * ```ts
 * import { curves } from "./curves.ts";
 * import { selfDisplaying } from "./notebook.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const curve = { x: [0, 1], y: [2, 1] };
 * // Figures of this library are so by themselves; a literal of one's own becomes so.
 * const own = selfDisplaying({ ...curves({ title: "Loss", lines: { main: [curve] }, y: { title: "loss" } })! });
 * assertEquals(Object.getOwnPropertySymbols(own), [Symbol.for("Jupyter.display")]);
 * assertEquals(JSON.parse(JSON.stringify(own)).title.text, "Loss");
 * ```
 */
export function selfDisplaying<S extends Spec>(spec: S): S {
  return Object.defineProperty(spec, DISPLAY, { value: () => notebookForms(spec), configurable: true });
}
