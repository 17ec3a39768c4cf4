/** Several runs in one figure, where their options differ, and how their claims came out. */

import { chartSpec, Curves, positive, statement, titleOf } from "./charts.js";
import { duration, h, statusBadge, time } from "./dom.js";
import { drawFigure } from "./figure.js";

const MAX_RUNS = 12;
/** Options that shape no result. */
const TALK = ["quiet", "debug", "png"];
const LOOK_EVERY_MS = 3000;
const content = document.querySelector("#content");
const asked = [...new Set(new URLSearchParams(location.search).getAll("id"))].slice(0, MAX_RUNS);
const get = async (path, id) => {
  const response = await fetch(`${path}?${new URLSearchParams({ id })}`);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
};

const box = h("div", { class: "drawing" });
const caption = h("h3");
const note = h("p", { class: "quiet" });
const which = h("select", { id: "which", onchange: () => draw() });
const curve = h("select", { id: "curve", onchange: () => draw() });
const curveField = h("div", { class: "field" }, h("label", { for: "curve" }, "curve"), curve);
const scale = h(
  "select",
  { id: "scale", onchange: () => draw() },
  h("option", { value: "linear" }, "linear"),
  h("option", { value: "log" }, "logarithmic where positive"),
);
const all = h("input", { type: "checkbox", id: "all", onchange: () => showOptions() });
const options = h("div");
const claims = h("section", { "aria-labelledby": "claims-title" });
const list = h("ul", { class: "chosen" });
let [runs, figure, stamp] = [[], null, ""];

/** Names as short as tells the runs apart. */
function named(found) {
  const short = found.map(({ id }) => id.split("/").at(-1));
  return found.map((run, index) => ({
    ...run,
    label: short.filter((name) => name === short[index]).length > 1 ? run.id : short[index],
  }));
}

function fill(select, entries) {
  if (JSON.stringify(entries) === select.dataset.entries) return;
  select.dataset.entries = JSON.stringify(entries);
  const { value } = select;
  select.replaceChildren(...entries.map(([key, text]) => h("option", { value: key }, text)));
  if (entries.some(([key]) => key === value)) select.value = value;
}

function draw() {
  const charts = runs.map(({ curves }) => new Map(curves.charts().map((chart) => [chart.key, chart])));
  const keys = [...new Set(charts.flatMap((of) => [...of.keys()]))].filter((key) =>
    charts.filter((of) => of.has(key)).length > 1
  );
  const sample = (key) => charts.find((of) => of.has(key)).get(key);
  fill(which, keys.map((key) => [key, titleOf(sample(key))]));
  if (keys.length === 0) {
    caption.textContent = "";
    box.replaceChildren(h("p", { class: "quiet" }, "These runs have logged nothing of the same kind."));
    return;
  }
  const key = which.value;
  const present = charts.map((of) => of.get(key));
  const labels = [...new Set(present.flatMap((chart) => chart?.curves.map(({ label }) => label) ?? []))];
  fill(curve, [["", "all of them"], ...labels.map((label) => [`=${label}`, label])]);
  curveField.hidden = labels.length < 2;
  const chosen = curve.value === "" ? null : curve.value.slice(1);
  const curves = present.flatMap((chart, index) =>
    chart === undefined ? [] : chart.curves
      .filter(({ label }) => chosen === null || label === chosen)
      .map((each) => ({ ...each, run: runs[index].label }))
  );
  const log = scale.value === "log" && positive(curves);
  const merged = Math.max(...present.map((chart) => chart?.merged ?? 1));
  const next = JSON.stringify([
    key,
    chosen,
    log,
    curves.map(({ run, label, points }) => [run, label, points.length, points.at(-1)]),
  ]);
  if (next === stamp) return;
  stamp = next;
  caption.textContent = titleOf(sample(key));
  note.textContent = statement({ merged });
  const spec = { ...chartSpec({ ...sample(key), curves }, { log, runs: runs.map(({ label }) => label) }), height: 340 };
  if (figure === null) {
    figure = drawFigure(box, spec);
    figure.ready.then(() => box.dataset.drawn = "true");
  } else figure.change(spec).then(() => box.dataset.drawn = "true");
}

/** A table with a column for each run. */
function table(label, head, rows) {
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": label },
    h(
      "table",
      { class: "facts across" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, head),
          ...runs.map(({ label }) => h("th", { scope: "col" }, label)),
        ),
      ),
      h(
        "tbody",
        {},
        ...rows.map(([name, cells, differs]) =>
          h(
            "tr",
            { class: differs ? "differs" : null },
            h("th", { scope: "row" }, name),
            ...cells.map((cell) => h("td", {}, cell)),
          )
        ),
      ),
    ),
  );
}

function showOptions() {
  const names = [...new Set(runs.flatMap(({ record }) => Object.keys(record.configuration)))]
    .filter((name) => !TALK.includes(name));
  const rows = [
    ["experiment", runs.map(({ record }) => record.experiment)],
    ["preset", runs.map(({ record }) => record.preset || "–")],
    ...names.map((name) => [name, runs.map(({ record }) => record.configuration[name] ?? "–")]),
    ["adapter", runs.map(({ record }) => record.adapter || "–")],
    ["commit", runs.map(({ record }) => record.gitCommit.slice(0, 12) || "–")],
  ].map(([name, cells]) => [name, cells, new Set(cells).size > 1]);
  const shown = all.checked ? rows : rows.filter(([, , differs]) => differs);
  options.replaceChildren(
    shown.length === 0 ? h("p", { class: "quiet" }, "The options are the same.") : table("Options", "option", shown),
  );
}

function showClaims() {
  const ids = [...new Set(runs.flatMap(({ record }) => record.claims.map(({ id }) => String(id))))];
  claims.hidden = ids.length === 0;
  const rows = ids.map((id) => {
    const found = runs.map(({ record }) => record.claims.find((claim) => String(claim.id) === id));
    const verdicts = new Set(found.map((claim) => claim?.verdict));
    return [
      id,
      found.map((claim) =>
        claim === undefined ? "–" : h(
          "span",
          {},
          h("span", { class: `verdict ${String(claim.verdict).replace(" ", "-")}` }, String(claim.verdict)),
          h(
            "span",
            { class: "quiet detail" },
            `${claim.words.measured}, predicted ${claim.words.predicted}`,
          ),
        )
      ),
      verdicts.size > 1,
    ];
  });
  claims.replaceChildren(h("h2", { id: "claims-title" }, "Claims"), table("Claims", "claim", rows));
}

function showList() {
  list.replaceChildren(...runs.map(({ id, label, record }) => {
    const others = new URLSearchParams(runs.filter((run) => run.id !== id).map((run) => ["id", run.id]));
    return h(
      "li",
      {},
      h("a", { href: `/run?${new URLSearchParams({ id })}` }, label),
      " ",
      statusBadge(record.status),
      h("span", { class: "quiet" }, ` ${record.experiment}, ${time(record.start)}, ${duration(record.elapsedMs)} `),
      runs.length > 2
        ? h("a", { class: "quiet", href: `/compare?${others}`, "aria-label": `Leave out ${label}` }, "leave out")
        : null,
    );
  }));
}

async function look() {
  const found = await Promise.all(asked.map(async (id) => {
    const known = runs.find((run) => run.id === id);
    // What has ended stays as it is.
    if (known !== undefined && known.record.status !== "running") return known;
    const record = await get("/api/run", id);
    const curves = new Curves();
    const news = await get("/api/log", id);
    if (news !== null) curves.take(news);
    return { id, record, curves };
  }));
  runs = named(found);
  showList();
  showOptions();
  showClaims();
  draw();
}

async function watch() {
  if (!document.hidden) await look().catch(() => {});
  if (runs.some(({ record }) => record.status === "running")) setTimeout(watch, LOOK_EVERY_MS);
}

content.replaceChildren(h("h1", {}, "Comparison"), h("p", { class: "quiet" }, "Reading the logs …"));
try {
  if (asked.length < 2) throw new Error("expected two or more runs, chosen in the list");
  await look();
  content.replaceChildren(
    h("h1", {}, "Comparison"),
    list,
    h(
      "section",
      { "aria-labelledby": "overlay" },
      h(
        "div",
        { class: "heading" },
        h("h2", { id: "overlay" }, "Overlay"),
        h(
          "div",
          { class: "filters" },
          h("div", { class: "field" }, h("label", { for: "which" }, "quantity"), which),
          curveField,
          h("div", { class: "field" }, h("label", { for: "scale" }, "y axis"), scale),
        ),
      ),
      h("figure", { class: "card" }, h("figcaption", {}, caption), box, note),
    ),
    h(
      "section",
      { "aria-labelledby": "options" },
      h(
        "div",
        { class: "heading" },
        h("h2", { id: "options" }, "Options"),
        h("div", { class: "field inline" }, all, h("label", { for: "all" }, "also those that are the same")),
      ),
      options,
    ),
    claims,
  );
  if (runs.some(({ record }) => record.status === "running")) setTimeout(watch, LOOK_EVERY_MS);
} catch (error) {
  content.replaceChildren(
    h("h1", {}, "Comparison"),
    h("p", { class: "problem" }, error.message),
    h("p", {}, h("a", { href: "/" }, "All runs")),
  );
}
