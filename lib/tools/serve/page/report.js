/** The report: everything is in the page, and is laid out here. */

import { chartCard, chartControls } from "./chart_card.js";
import { againstQuantity, Curves, quantityOf } from "./charts.js";
import { cellClaims, claimsTable, duration, facts, h, short, statusBadge, time, verdictCounts } from "./dom.js";
import { figureCard, printed } from "./figure.js";

const runs = JSON.parse(document.querySelector("#data").textContent);
const cells = JSON.parse(document.querySelector("#cells").textContent);
const several = runs.length > 1;
/** Options that shape no result. */
const TALK = ["quiet", "debug", "png"];
const content = document.querySelector("#content");

function tile(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

/** Curves of all runs, those of the same quantity in one chart; empty where nothing was logged. */
function logged() {
  const all = runs.map(({ log }) => {
    const curves = new Curves();
    if (log !== null) curves.take(log);
    return curves.charts();
  });
  const names = runs.map(({ record }, index) => `${index + 1}: ${record.id}`);
  const keys = [...new Set(all.flatMap((charts) => charts.map(({ key }) => key)))];
  if (keys.length === 0) return [];
  const cards = keys.map((key) => ({ key, card: chartCard({ paper: true }) }));
  const show = (settings) => {
    for (const { key, card } of cards) {
      const present = all.map((charts) => charts.find((chart) => chart.key === key));
      const curves = present.flatMap((chart, index) => {
        if (chart === undefined) return [];
        const placed = settings.x.startsWith("quantity:")
          ? againstQuantity(chart.curves, all[index], settings.x.slice(9))
          : chart.curves;
        return several ? placed.map((each) => ({ ...each, run: names[index] })) : placed;
      });
      const merged = Math.max(...present.map((chart) => chart?.merged ?? 1));
      const sample = present.find((chart) => chart !== undefined);
      card.take({ ...sample, curves, merged }, settings, several ? { names, title: "run" } : undefined);
    }
  };
  const controls = chartControls(show);
  controls.quantities([...new Set(all.flatMap((charts) => charts.map(quantityOf)))]);
  show(controls.settings());
  return [
    h("h2", {}, several ? "Curves, from the logs" : "Curves, from the log"),
    controls.element,
    h("div", { class: "grid" }, ...cards.map(({ card }) => card.card)),
  ];
}

function differences() {
  const names = [...new Set(runs.flatMap(({ record }) => Object.keys(record.configuration)))]
    .filter((name) => !TALK.includes(name));
  const rows = ["experiment", "preset", ...names].map((
    name,
  ) => [
    name,
    runs.map(({ record }) =>
      ["experiment", "preset"].includes(name) ? record[name] : record.configuration[name] ?? "–"
    ),
  ])
    .filter(([, cells]) => new Set(cells).size > 1);
  if (rows.length === 0) return h("p", { class: "quiet" }, "The options are the same.");
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": "Options that differ" },
    h(
      "table",
      { class: "facts across" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "option"),
          ...runs.map(({ record }, index) => h("th", { scope: "col" }, `${index + 1}: ${record.id}`)),
        ),
      ),
      h(
        "tbody",
        {},
        ...rows.map(([name, cells]) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, name),
            ...cells.map((cell) => h("td", {}, cell)),
          )
        ),
      ),
    ),
  );
}

function runParts({ record, claims, method, methodNote, again, figures }, index) {
  const {
    experiment,
    id,
    question,
    status,
    reason,
    start,
    elapsedMs,
    preset,
    adapter,
    seeds,
    verdicts,
    gitCommit,
    versions,
    configuration,
  } = record;
  const heading = several
    ? [h("h2", {}, `${index + 1}: ${experiment} `, h("span", { class: "quiet" }, id === experiment ? "" : id))]
    : [];
  const title = (text) => h(several ? "h3" : "h2", {}, text);
  return [
    ...heading,
    h("p", { class: "question" }, question),
    reason === "" ? null : h("p", { class: "problem" }, `${status}: ${reason}`),
    h(
      "dl",
      { class: "tiles" },
      tile("status", statusBadge(status)),
      tile("claims", verdictCounts(verdicts)),
      tile("took", duration(elapsedMs)),
      tile("made (UTC)", time(start)),
      tile("preset", preset || "–"),
      tile("replicas", short(seeds.length)),
      tile("adapter", adapter || "–"),
    ),
    ...(figures.length === 0 ? [] : [
      title("Figures"),
      h(
        "div",
        { class: "grid" },
        ...figures.map(({ name, spec, note }) =>
          figureCard({
            name,
            note,
            paper: true,
            load: () => spec === null ? Promise.reject(new Error(note)) : Promise.resolve(spec),
          })
        ),
      ),
    ]),
    ...(claims.length === 0 ? [] : [title("Claims"), claimsTable(claims)]),
    ...(method === ""
      ? []
      : [title("Method"), h("pre", {}, method), methodNote === "" ? null : h("p", { class: "quiet" }, methodNote)]),
    title("How to make it again"),
    h("pre", {}, again.join("\n") || "–"),
    h(
      "div",
      { class: "columns" },
      h("div", {}, title("Configuration"), facts(Object.entries(configuration), `Configuration of ${id}`)),
      h(
        "div",
        {},
        title("Origin"),
        facts([["commit", gitCommit || "–"], ["adapter", adapter || "–"], [
          "seeds",
          seeds.length > 12 ? `${seeds.slice(0, 12).join(", ")} … (${seeds.length})` : seeds.join(", ") || "–",
        ], ...Object.entries(versions)], `Origin of ${id}`),
      ),
    ),
  ].filter((part) => part !== null);
}

const charts = logged();
const first = runs[0].record;
content.replaceChildren(
  h(
    "h1",
    {},
    several ? `${runs.length} runs` : first.experiment,
    several || first.id === first.experiment ? "" : h("span", { class: "quiet" }, ` ${first.id}`),
  ),
  ...(cells.length === 0 ? [] : [h("h2", {}, "Claims of every cell, over all its seeds"), ...cellClaims(cells)]),
  ...(several
    ? [
      h("h2", {}, "Options that differ"),
      differences(),
      ...charts,
    ]
    : []),
  ...runs.flatMap((run, index) => runParts(run, index)),
  ...(several ? [] : charts),
  h(
    "p",
    { class: "quiet screen" },
    "Drag a figure to move it, Shift and wheel to zoom, double-click to go back; drag over a chart to choose a part of it. This page holds all of its data and fetches nothing.",
  ),
);
printed().then(() => document.body.dataset.printable = "true");
