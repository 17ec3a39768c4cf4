/**
 * The board as one self-contained page: no script, no request, light and dark.
 *
 * @module
 */
import { escape } from "@std/html/entities";
import { claimsHtml } from "../../claims/html.ts";
import { countsInWords } from "../../claims/words.ts";
import type { BoardEntry } from "./collect.ts";

const STYLE = `
:root { color-scheme: light dark; --ink: #222; --soft: #555; --line: #ddd; --paper: #fff;
  --yes: #00664a; --no: #a33f00; --open: #5c5c00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eee; --soft: #b5b5b5; --line: #444; --paper: #181818; --yes: #5fd3ad; --no: #ff9a5c; --open: #e0d060; } }
body { font: 15px/1.45 Inter, system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 2rem auto; padding: 0 1rem; max-width: 75rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p { color: var(--soft); max-width: 60rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .45rem .7rem .45rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
td.number { white-space: nowrap; font-variant-numeric: tabular-nums; }
small { display: block; color: var(--soft); font-weight: 400; }
.verdict { font-weight: 600; white-space: nowrap; }
.reproduced { color: var(--yes); } .not-reproduced { color: var(--no); } .inconclusive { color: var(--open); } .trial { color: var(--soft); }
@media (max-width: 45rem) {
  thead { display: none; } tr { display: block; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  td, th[scope=row] { display: block; border: 0; padding: .1rem 0; }
  td[data-name]::before { content: attr(data-name) ": "; color: var(--soft); font-weight: 400; } }
`;

/**
 * A page of the board.
 *
 * @param entries Runs of the board.
 * @returns HTML.
 *
 * @example
 * ```ts
 * import { boardPage } from "./page.ts";
 *
 * const page = boardPage([]);
 * if (!page.startsWith("<!doctype html>") || page.includes("://")) throw new Error(page);
 * ```
 */
export function boardPage(entries: readonly BoardEntry[]): string {
  const all = entries.flatMap(({ claims }) => claims);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>icl-lab: claims</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Claims</h1>
<p>The newest complete run of each experiment and preset: ${
    countsInWords(all)
  }. Each criterion was written into the log before
the run. A claim that is not reproduced is a result.</p>
${entries.map(section).join("\n")}
</main>
</body>
</html>
`;
}

function section({ experiment, question, preset, start, adapter, seeds, claims }: BoardEntry): string {
  const about = `Preset ${preset}, ${start.slice(0, 10)}, ${seeds} ${seeds === 1 ? "seed" : "seeds"} on ${adapter}: ${
    countsInWords(claims)
  }.`;
  const table = claimsHtml(claims);
  const label = escape(`Claims of ${experiment}, ${preset}`);
  return `<section>
<h2>${escape(experiment)}</h2>
<p>${escape(question)}</p>
<p>${escape(about)}</p>
${table === "" ? "" : `<div class="scroll" tabindex="0" role="region" aria-label="${label}">${table}</div>`}
</section>`;
}
