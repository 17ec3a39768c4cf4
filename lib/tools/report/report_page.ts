/**
 * One self-contained HTML page: scripts, styles, figures and their data inside, nothing to be fetched.
 *
 * @module
 */
import { escape } from "@std/html/entities";
import type { Point } from "../serve/curve.ts";
import type { News } from "../serve/live_run.ts";
import { thinned as neighbours } from "../serve/page/charts.js";
import type { ClaimOfSweep } from "../serve/shown_sweep.ts";
import { assetText, inScript, policyOf, standalone } from "../serve/single_file.ts";
import { type ReportFigure, type ReportRun, thinned } from "./gather.ts";

/** A page that a mail still carries. */
export const MAX_BYTES = 3_000_000;
/** Our own scripts in the order in which they need each other. */
const OWN = ["dom.js", "palette.js", "theme.js", "charts.js", "figure.js", "chart_card.js", "report.js"];
const BUNDLES = ["vega.js", "vega-lite.js", "vega-embed.js"];
/** Points a curve is thinned to, one after the other, until the page is small enough. */
const INTERVALS = [400, 200, 100, 50, 25];

/**
 * The page of one or more runs.
 *
 * Figures and curves are thinned, the same for all, only where the page would be larger than {@linkcode MAX_BYTES} otherwise; each
 * then says so.
 *
 * @param runs The runs, in the order in which they are shown.
 * @param claims Claims over the cells of a sweep; none of other runs.
 * @returns HTML.
 */
export async function reportPage(runs: readonly ReportRun[], claims: readonly ClaimOfSweep[] = []): Promise<string> {
  let page = await pageOf(runs, claims);
  for (const intervals of INTERVALS) {
    if (new TextEncoder().encode(page).length < MAX_BYTES) break;
    const thin = runs.map((run) => ({
      ...run,
      figures: run.figures.map((each) => fewer(each, intervals)),
      log: run.log === null ? null : fewerPoints(run.log, intervals),
    }));
    page = await pageOf(thin, claims);
  }
  return page;
}

function fewer(figure: ReportFigure, intervals: number): ReportFigure {
  if (figure.spec === null) return figure;
  const { spec, before, after } = thinned(figure.spec, intervals);
  if (after === before) return figure;
  return { ...figure, spec, note: `${after} of ${before} rows, the extremes of every curve kept` };
}

/** Curves of a log with neighbouring points shared, as the page draws them; it says how many positions a point stands for. */
function fewerPoints(log: News, most: number): News {
  return {
    ...log,
    curves: log.curves.map((curve) => ({
      ...curve,
      points: (neighbours(curve.points, most) as Point[]).map((point) =>
        point.map((value) => Number(value.toPrecision(6)))
      ),
      merged: curve.merged * Math.ceil(curve.points.length / most),
    })) as unknown as News["curves"],
  };
}

async function pageOf(runs: readonly ReportRun[], claims: readonly ClaimOfSweep[]): Promise<string> {
  const style = assetText("style.css");
  const scripts = [...BUNDLES.map((name) => ({ type: "", code: inScript(assetText(name)) })), {
    type: ' type="module"',
    code: inScript(OWN.map((name) => standalone(assetText(name))).join("\n")),
  }];
  const policy = await policyOf(scripts.map(({ code }) => code), style);
  const names = [...new Set(runs.map(({ record }) => record.experiment))].join(", ");
  const inPage = (value: unknown) => JSON.stringify(value).replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(names)} – report</title>
<style>${style}</style>
</head>
<body>
<main id="content"><h1>${escape(names)}</h1></main>
<noscript><p>This report needs JavaScript to draw; it fetches nothing.</p></noscript>
<script type="application/json" id="data">${inPage(runs)}</script>
<script type="application/json" id="cells">${inPage(claims)}</script>
${scripts.map(({ type, code }) => `<script${type}>${code}</script>`).join("\n")}
</body>
</html>
`;
}
