/** The report: everything is in the page, and is laid out here. */

import { chartSpec, Curves, positive, statement, titleOf } from "./charts.js";
import { claimsTable, duration, facts, h, short, statusBadge, time, verdictCounts } from "./dom.js";
import { figureCard } from "./figure.js";

const runs = JSON.parse(document.querySelector("#data").textContent);
const several = runs.length > 1;
/** Options that shape no result. */
const TALK = ["quiet", "debug", "png"];
const content = document.querySelector("#content");

function tile(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

/** Training curves of all runs that have them, those of the same kind in one figure. */
function trainingCards() {
  const charts = runs.map(({ training }) => {
    const curves = new Curves();
    if (training !== null) curves.take(training);
    return new Map(curves.charts().map((chart) => [chart.key, chart]));
  });
  const names = runs.map(({ record }, index) => `${index + 1}: ${record.id}`);
  return [...new Set(charts.flatMap((of) => [...of.keys()]))].map((key) => {
    const present = charts.map((of) => of.get(key));
    const sample = present.find((chart) => chart !== undefined);
    const curves = present.flatMap((chart, index) =>
      chart?.curves.map((each) => ({ ...each, run: names[index] })) ?? []
    );
    const merged = Math.max(...present.map((chart) => chart?.merged ?? 1));
    const spec = chartSpec({ ...sample, curves }, { log: positive(curves), runs: several ? names : undefined });
    return figureCard({ name: titleOf(sample), load: () => Promise.resolve(spec), note: statement({ merged }) });
  });
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

const training = trainingCards();
const first = runs[0].record;
content.replaceChildren(
  h(
    "h1",
    {},
    several ? `${runs.length} runs` : first.experiment,
    several || first.id === first.experiment ? "" : h("span", { class: "quiet" }, ` ${first.id}`),
  ),
  ...(several
    ? [
      h("h2", {}, "Options that differ"),
      differences(),
      ...(training.length === 0
        ? []
        : [h("h2", {}, "Training, from the logs"), h("div", { class: "grid" }, ...training)]),
    ]
    : []),
  ...runs.flatMap((run, index) => runParts(run, index)),
  ...(!several && training.length > 0
    ? [h("h2", {}, "Training, from the log"), h("div", { class: "grid" }, ...training)]
    : []),
  h(
    "p",
    { class: "quiet" },
    "Drag a figure to move it, Shift and wheel to zoom, double-click to go back. This page holds all of its data and fetches nothing.",
  ),
);
