/**
 * A live page around what differs from one experiment to the other: style, scripts, and the policy that admits these alone.
 *
 * @module
 */
import { escape } from "@std/html/entities";
import { assetText, inScript, policyOf, standalone } from "../serve/single_file.ts";

const BUNDLES = ["vega.js", "vega-lite.js", "vega-embed.js"];
/** Our own scripts in the order in which they need each other; the page's own comes last. */
const OWN = ["dom.js", "palette.js", "theme.js", "charts.js", "figure.js"];

/** Parts in which the pages of two experiments differ. */
export interface LiveParts {
  /** Name, question, options, figures, kept run, as the page's script takes them. */
  readonly data: { readonly name: string; readonly question: string };
  /** Script of the worker that runs the experiment. */
  readonly worker: string;
}

/**
 * Puts parts into a page.
 *
 * @param parts What differs from page to page.
 * @returns HTML, and its content security policy: its scripts and its style by their hashes, workers from the page itself, nothing from
 *   elsewhere.
 */
export async function framed({ data, worker }: LiveParts): Promise<{ readonly html: string; readonly policy: string }> {
  const style = assetText("style.css") + Deno.readTextFileSync(new URL("./live.css", import.meta.url));
  const live = Deno.readTextFileSync(new URL("./live.js", import.meta.url));
  const scripts = [...BUNDLES.map((name) => ({ type: "", code: inScript(assetText(name)) })), {
    type: ' type="module"',
    code: inScript([...OWN.map(assetText), live].map(standalone).join("\n")),
  }];
  const policy = await policyOf(scripts.map(({ code }) => code), style, "worker-src blob:");
  const json = (value: unknown) => JSON.stringify(value).replaceAll("<", "\\u003c");
  const title = data.name.replaceAll("_", " ");
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${escape(data.question)}">
<title>${escape(title)} – live</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main id="content"><h1>${escape(title)}</h1><p>${escape(data.question)}</p></main>
<noscript><p>This page trains a model in the browser, for which it needs JavaScript; it fetches nothing.</p></noscript>
<script type="application/json" id="data">${json(data)}</script>
<script type="application/json" id="worker">${json(worker)}</script>
${scripts.map(({ type, code }) => `<script${type}>${code}</script>`).join("\n")}
</body>
</html>
`;
  return { html, policy };
}

/**
 * Takes the parts of a page that was written before, by whatever version.
 *
 * @param html A page as {@linkcode framed} makes it.
 * @returns Its parts; null where they are not there.
 */
export function partsOf(html: string): LiveParts | null {
  const block = (id: string) =>
    new RegExp(`<script type="application/json" id="${id}">([^<]*)</script>`).exec(html)?.[1] ?? "null";
  try {
    const [data, worker] = [JSON.parse(block("data")), JSON.parse(block("worker"))];
    const whole = typeof data?.name === "string" && typeof data.question === "string" && typeof worker === "string";
    return whole ? { data, worker } : null;
  } catch {
    return null;
  }
}
