/**
 * One self-contained HTML page in which an experiment trains: worker, drawing, controls and a kept run inside, nothing fetched.
 *
 * @module
 */
import { fromFileUrl, join } from "@std/path";
import { UserError } from "../../io/errors.ts";
import { docText, firstParagraph } from "../../run/docstring.ts";
import type { AnyExperiment } from "../../run/experiment.ts";
import { commonOptions, parseCommandLine } from "../../run/command_line.ts";
import { everyOf } from "../../run/checkpoint_options.ts";
import { openRun } from "../../run/kept_run.ts";
import type { Option, Options } from "../../run/option.ts";
import { thinned } from "../report/gather.ts";
import { shownClaims } from "../serve/shown_claims.ts";
import { bundle, classicScript } from "./bundle.ts";
import { framed } from "./frame.ts";

/** Where the worker finds the experiment unless another takes its place. */
const STAND_IN = new URL("../../../experiments/linear_icl.ts", import.meta.url);
const WORKER = new URL("./live.ts", import.meta.url);
const GALLERY = fromFileUrl(new URL("../../../results/gallery/", import.meta.url));
/** Intervals that curves of the kept run are thinned to. */
const INTERVALS = 150;

/** An option as a control of the page. */
export interface Control {
  /** Its name. */
  readonly key: string;
  /** Its value under the page's preset, as on a command line. */
  readonly text: string;
  /** One line on it. */
  readonly help: string;
  /** Its domain in words. */
  readonly expected: string;
  /** Kind of field that it gets. */
  readonly kind: "choice" | "integer" | "number" | "list" | "text";
  /** Words of a choice. */
  readonly words?: readonly string[];
}

/**
 * The page of an experiment.
 *
 * @param experiment The experiment; it says itself how it runs in a page.
 * @param source Its file.
 * @param gallery Folder of kept runs, of which the page plays one where there is no WebGPU.
 * @returns HTML.
 * @throws {UserError} If the experiment has no page, or cannot be bundled.
 */
export async function livePage(experiment: AnyExperiment, source: URL, gallery = GALLERY): Promise<string> {
  const { page, name, doc } = experiment;
  if (page === undefined) {
    throw new UserError(
      `expected an experiment that runs in a page, found ${name} without \`page: { preset, controls, figures }\``,
    );
  }
  const method = docText(doc);
  const worker = classicScript(await bundle(WORKER, { [STAND_IN.href]: source.href }));
  const data = {
    name,
    question: firstParagraph(method),
    method,
    preset: page.preset,
    options: controlsOf(experiment),
    suggestions: suggestionsOf(experiment),
    figures: page.figures,
    kept: keptOf(name, page.figures, gallery),
  };
  return (await framed({ data, worker })).html;
}

/** Options that become controls, the seed first of what every experiment has. */
function controlsOf({ page, options, presets, resumable }: AnyExperiment): Control[] {
  const line = parseCommandLine([`--preset=${page!.preset}`], options, presets, everyOf(resumable));
  const chosen = line.configuration as Readonly<Record<string, unknown>>;
  const known = options as Options;
  const stray = page!.controls.find((key) => !Object.hasOwn(known, key));
  if (stray !== undefined) throw new UserError(`expected controls of a page to be options, found ${stray}`);
  return [
    ...page!.controls.map((key) => controlOf(key, known[key], known[key].show(chosen[key]))),
    controlOf("seed", commonOptions.seed, commonOptions.seed.show(line.common.seed)),
  ];
}

/** Settings to try, their values as text; each is one that the experiment takes. */
function suggestionsOf({ name, page, options, presets, resumable, check }: AnyExperiment) {
  const known = options as Options;
  return (page!.suggestions ?? []).map(({ words, values }) => {
    const stray = Object.keys(values).find((key) => !(page!.controls as readonly string[]).includes(key));
    if (stray !== undefined) {
      throw new UserError(`expected what ${name} suggests to be of its controls, found ${stray}`);
    }
    const given = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, known[key].show(value)]));
    const args = Object.entries(given).map(([key, text]) => `--${key}=${text}`);
    const line = parseCommandLine([`--preset=${page!.preset}`, ...args], options, presets, everyOf(resumable));
    check?.(line.configuration as never, line.operands);
    return { words, given };
  });
}

function controlOf(key: string, { help, expected }: Pick<Option<unknown>, "help" | "expected">, text: string): Control {
  const words = /^one of (\S+)$/.exec(expected)?.[1].split("|");
  const kind = words
    ? "choice"
    : expected.startsWith("a comma-separated list")
    ? "list"
    : /^an integer(?!.* or ")/.test(expected)
    ? "integer"
    : expected.startsWith("a number")
    ? "number"
    : "text";
  return { key, text, help, expected, kind, ...(words && { words }) };
}

/** The newest kept run of an experiment in the gallery, its figures thinned; null where none is kept. */
function keptOf(name: string, figures: readonly string[], gallery: string) {
  const folder = join(gallery, name);
  let run: ReturnType<typeof openRun>;
  try {
    run = openRun(folder);
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
  const specs = figures.flatMap((figure) => {
    try {
      const spec = JSON.parse(Deno.readTextFileSync(join(folder, "figures", `${figure}.vl.json`)));
      return [[figure, thinned(spec, INTERVALS).spec] as const];
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  });
  if (specs.length === 0) return null;
  const { preset, seeds, start, adapter } = run.about;
  const about = `preset ${preset}, ${seeds.length} replicas, made on ${start.slice(0, 10)}${
    adapter === null ? "" : ` on ${adapter.description || adapter.vendor}`
  }.`;
  return { about, figures: Object.fromEntries(specs), claims: shownClaims(run.claims ?? []) };
}
