/**
 * Files that the page is made of: our own beside this one, and the browser bundles of the packages that draw.
 *
 * @module
 */

/**
 * Importing these packages here, though nobody calls it, puts them into the cache; their bundles for browsers lie beside
 * their entry points.
 */
export const drawing = {
  vega: () => import("vega"),
  vegaLite: () => import("vega-lite"),
  vegaEmbed: () => import("vega-embed"),
} as const;

const BUNDLES: Readonly<Record<string, string>> = {
  "vega.js": new URL("./vega.min.js", import.meta.resolve("vega")).href,
  "vega-lite.js": new URL("./vega-lite.min.js", import.meta.resolve("vega-lite")).href,
  "vega-embed.js": new URL("./vega-embed.min.js", import.meta.resolve("vega-embed")).href,
};
const OWN = [
  "dom.js",
  "palette.js",
  "theme.js",
  "charts.js",
  "groups.js",
  "figure.js",
  "chart_card.js",
  "list.js",
  "run.js",
  "compare.js",
  "report.js",
  "sweep.js",
  "task_grid.js",
  "style.css",
  "icon.svg",
];

/**
 * Text of an asset.
 *
 * @param name A bundle, or a file of `page/`.
 * @returns Its text; `null` where there is no such asset.
 */
export function asset(name: string): string | null {
  if (!Object.hasOwn(BUNDLES, name) && !OWN.includes(name)) return null;
  const url = Object.hasOwn(BUNDLES, name) ? BUNDLES[name] : import.meta.resolve(`./page/${name}`);
  // Maps of the bundles' sources are not served.
  return Deno.readTextFileSync(new URL(url)).replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
}

/** Pages, by the name of their script. */
export type PageName = "list" | "run" | "compare" | "sweep";

/**
 * The shell of a page; its script fills it.
 *
 * @param title What the tab says.
 * @param script Name of the script, as in `list`.
 * @returns HTML without any text of a run.
 */
export function shell(title: string, script: PageName): string {
  const drawn = script === "list" ? [] : ["vega", "vega-lite", "vega-embed"];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="assets/icon.svg">
<link rel="stylesheet" href="assets/style.css">
${drawn.map((name) => `<script src="assets/${name}.js" defer></script>\n`).join("")}` +
    `<script type="module" src="assets/${script}.js"></script>
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<header class="top"><a class="home" href="./">icl-lab</a><nav aria-label="Pages"><a href="./">Runs</a></nav></header>
<main id="content" tabindex="-1"><p class="quiet">Loading …</p></main>
<noscript>This page needs JavaScript to draw.</noscript>
</body>
</html>
`;
}
