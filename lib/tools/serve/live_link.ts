/**
 * From a run to a page in which its experiment trains live, with the run's options.
 *
 * Pages are written by `./lab page NAME`, which has rights that a server has not: it starts a bundler. A server only hands over what lies
 * there. Of such a file it takes the data and the experiment's code, which runs in a worker; all else is its own, and neither may fetch
 * anything.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { escape } from "@std/html/entities";
import { experimentNames, loadExperiment } from "../experiments.ts";
import { framed, partsOf } from "../page/frame.ts";
import { Refusal } from "./refusal.ts";
import type { RunRecord } from "./run_record.ts";

const RESULTS = fromFileUrl(new URL("../../../results/", import.meta.url));
const MORE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Address of the live page of a run's experiment.
 *
 * @param run The run, of which nothing but names and values of options is taken.
 * @returns An address relative to the server's root, with the run's values of the page's controls; null where its experiment is none of
 *   this workspace's, or has no live page.
 */
export async function liveLink(
  { experiment, configuration, seeds }: Pick<RunRecord, "experiment" | "configuration" | "seeds">,
): Promise<string | null> {
  if (!experimentNames().includes(experiment)) return null;
  const { page } = await loadExperiment(experiment);
  if (page === undefined) return null;
  const controls = page.controls as readonly string[];
  const values = controls.filter((key) => Object.hasOwn(configuration, key)).map((key) => [key, configuration[key]]);
  if (seeds.length > 0) values.push(["seed", String(seeds[0])]);
  return `live?experiment=${experiment}#${new URLSearchParams(values)}`;
}

/** A document and its content security policy. */
export interface LiveDocument {
  readonly html: string;
  /** Null for the policy that all pages of the server have. */
  readonly policy: string | null;
}

/**
 * The live page of an experiment, or one that says how to make it.
 *
 * @param name Name of the experiment.
 * @param results Where `./lab page` puts pages, and the gallery lies.
 * @returns The document; of a page that lies there its data and its worker, in today's frame.
 * @throws {Refusal} 404 if there is no such experiment.
 */
export async function liveDocument(name: string, results: string = RESULTS): Promise<LiveDocument> {
  if (!experimentNames().includes(name)) throw new Refusal(404, "expected an experiment of this workspace, found none");
  for (const path of [`${results}${name}.html`, `${results}gallery/${name}/live.html`]) {
    try {
      const parts = partsOf(await Deno.readTextFile(path));
      if (parts?.data.name !== name) continue;
      const { html, policy } = await framed(parts);
      return { html, policy: `${policy}; ${MORE}` };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return { html: missing(name), policy: null };
}

function missing(name: string): string {
  const shown = escape(name);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${shown} – no live page yet</title>
<link rel="icon" href="assets/icon.svg">
<link rel="stylesheet" href="assets/style.css">
</head>
<body>
<header class="top"><a class="home" href="./">icl-lab</a><nav aria-label="Pages"><a href="./">Runs</a></nav></header>
<main id="content">
<h1>The live page of ${shown} is not written yet</h1>
<p>Write it, which takes some seconds, then load this address again; it keeps the run's options:</p>
<pre class="command" tabindex="0">./lab page ${shown}</pre>
</main>
</body>
</html>
`;
}
