/**
 * `./lab page NAME`: one HTML file in which an experiment trains in the browser of whoever opens it; `./lab page --library`: the
 * library as one module for pages of one's own.
 *
 * @module
 */
import { toFileUrl } from "@std/path";
import { writeAtomically } from "../../io/atomic.ts";
import { UserError } from "../../io/errors.ts";
import { flag } from "../../run/options.ts";
import { type Asked, defineCommand, optionalText, runCommand } from "../command.ts";
import { experimentFile, loadExperiment } from "../experiments.ts";
import { bundle } from "./bundle.ts";
import { livePage } from "./live_page.ts";

/** The library's entry. */
const LIBRARY = new URL("../../../mod.ts", import.meta.url);

/** The command. */
export const command = defineCommand({
  name: "page",
  about: "Writes one self-contained HTML page in which an experiment trains on the visitor's own GPU.",
  options: {
    out: optionalText("FILE", "where to; results/NAME.html, or results/icl-lab.js for the library, unless given"),
    library: flag("write the library as one ES module instead, for pages of your own"),
  },
  operands: { name: "NAME", help: "experiment by name, or the file of one of your own", most: 1 },
});

/**
 * Writes a page, or the library.
 *
 * @param asked Experiment and file.
 * @returns A line for the user.
 * @throws {UserError} If both or neither are asked for, there is no such experiment, it has no page, or it cannot be bundled.
 */
export async function writePage({ options, operands }: Asked<typeof command.options>): Promise<string> {
  const [name] = operands;
  if (options.library === (name !== undefined)) {
    throw new UserError(`expected the name of an experiment, or --library, found ${name ? "both" : "neither"}`);
  }
  if (options.library) {
    const out = options.out ?? "results/icl-lab.js";
    return `library: ${out} (${size(writeAtomically(out, await bundle(LIBRARY) + "\n"))}, one ES module)`;
  }
  const experiment = await loadExperiment(name);
  const out = options.out ?? `results/${experiment.name}.html`;
  const html = await livePage(experiment, toFileUrl(experimentFile(name)));
  return `page: ${out} (${size(writeAtomically(out, html))}, works from the disk and from any static host)`;
}

function size(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

if (import.meta.main) await runCommand(command, async (asked) => console.log(await writePage(asked)));
