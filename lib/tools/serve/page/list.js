/** The list of runs: filter, search, choose some to compare. */

import { duration, h, statusBadge, time, verdictCounts } from "./dom.js";

const LOOK_EVERY_MS = 3000;
const content = document.querySelector("#content");
const search = h("input", {
  type: "search",
  id: "search",
  autocomplete: "off",
  placeholder: "name, option=value, adapter, commit …",
  oninput: show,
});
const choices = { experiment: choice("experiment"), status: choice("status"), preset: choice("preset") };
const order = h(
  "select",
  { id: "order", onchange: show },
  ...[["start", "newest first"], ["oldest", "oldest first"], ["elapsedMs", "longest first"]]
    .map(([value, text]) => h("option", { value }, text)),
);
const count = h("p", { class: "quiet", role: "status" });
const compare = h("a", { class: "button", href: "/compare" }, "Compare");
const bar = h(
  "div",
  { class: "bar", hidden: true },
  h("span", { id: "chosen" }),
  compare,
  h("button", {
    type: "button",
    class: "small",
    onclick: () => {
      chosen.clear();
      for (const { box } of rows.values()) box.checked = false;
      showChosen();
    },
  }, "Clear"),
);
const body = h("tbody");
const heads = ["", "run", "status", "preset", "adapter", "started (UTC)", "took", "claims"];
const table = h(
  "table",
  { class: "runs cards" },
  h(
    "thead",
    {},
    h(
      "tr",
      {},
      ...heads.map((head) => h("th", { scope: "col" }, head === "" ? h("span", { class: "hidden" }, "compare") : head)),
    ),
  ),
  body,
);

const chosen = new Set();
/** Rows by name of their run, made once and made again where the run has changed. */
const rows = new Map();
let runs = [];

content.replaceChildren(
  h("h1", {}, "Runs"),
  h(
    "div",
    { class: "filters", role: "search" },
    h("div", { class: "field wide" }, h("label", { for: "search" }, "Search"), search),
    ...Object.entries(choices).map(([name, select]) =>
      h("div", { class: "field" }, h("label", { for: name }, name), select)
    ),
    h("div", { class: "field" }, h("label", { for: "order" }, "order"), order),
  ),
  count,
  table,
  bar,
);

function choice(name) {
  return h("select", { id: name, onchange: show }, h("option", { value: "" }, "all"));
}

/** Words that a search must find, in lower case. */
function textOf(run) {
  const options = Object.entries(run.configuration).map(([name, value]) => `${name}=${value}`).join(" ");
  return `${run.id} ${run.experiment} ${run.preset} ${run.status} ${run.adapter} ${run.gitCommit} ${run.reason} ${run.question} ${options}`
    .toLowerCase();
}

function rowOf(run) {
  const query = new URLSearchParams({ id: run.id });
  const box = h("input", {
    type: "checkbox",
    "aria-label": `Compare ${run.id}`,
    onchange: () => {
      if (box.checked) chosen.add(run.id);
      else chosen.delete(run.id);
      showChosen();
    },
  });
  box.checked = chosen.has(run.id);
  const name = run.id.split("/").at(-1);
  const took = run.elapsedMs ?? (run.status === "running" ? Date.now() - Date.parse(run.start) : null);
  const cells = [
    h("td", { class: "tick" }, box),
    h(
      "th",
      { scope: "row" },
      h(
        "a",
        { href: `/run?${query}` },
        h("span", { class: "experiment" }, run.experiment),
        " ",
        h("span", { class: "quiet" }, name === run.experiment ? "" : name),
      ),
    ),
    h(
      "td",
      { "data-label": heads[2] },
      statusBadge(run.status),
      run.reason ? h("span", { class: "quiet detail" }, run.reason.slice(0, 160)) : null,
    ),
    h("td", { "data-label": heads[3] }, run.preset),
    h("td", { "data-label": heads[4], class: "adapter" }, run.adapter || "–"),
    h("td", { "data-label": heads[5], class: "number" }, time(run.start)),
    h("td", { "data-label": heads[6], class: "number" }, duration(took)),
    h("td", { "data-label": heads[7] }, verdictCounts(run.verdicts)),
  ];
  return { element: h("tr", {}, ...cells), box, text: textOf(run), stamp: JSON.stringify(run) };
}

function show() {
  const words = search.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const wanted = Object.entries(choices).filter(([, select]) => select.value !== "");
  const shown = runs.filter((run) =>
    wanted.every(([name, select]) => run[name] === select.value) &&
    words.every((word) => rows.get(run.id).text.includes(word))
  );
  if (order.value === "oldest") shown.reverse();
  if (order.value === "elapsedMs") shown.sort((a, b) => (b.elapsedMs ?? 0) - (a.elapsedMs ?? 0));
  const elements = shown.map(({ id }) => rows.get(id).element);
  // Moving an element takes the focus from it: nothing is moved unless something has changed.
  if (
    elements.length !== body.childElementCount || elements.some((element, index) => body.children[index] !== element)
  ) {
    const focused = document.activeElement;
    body.replaceChildren(...elements);
    if (body.contains(focused)) focused.focus();
  }
  count.textContent = runs.length === 0
    ? "No runs here yet: deno task demo makes one, and it appears by itself."
    : `${shown.length} of ${runs.length} runs`;
}

function showChosen() {
  bar.hidden = chosen.size === 0;
  bar.querySelector("#chosen").textContent = chosen.size === 1
    ? "1 run chosen; one more to compare"
    : `${chosen.size} runs chosen`;
  const query = new URLSearchParams([...chosen].map((id) => ["id", id]));
  compare.hidden = chosen.size < 2;
  compare.setAttribute("href", `/compare?${query}`);
}

function fill(select, name) {
  const values = [...new Set(runs.map((run) => run[name]))].filter((value) => value !== "").sort();
  const now = [...select.options].slice(1).map(({ value }) => value);
  if (JSON.stringify(values) === JSON.stringify(now)) return;
  const { value } = select;
  select.replaceChildren(
    h("option", { value: "" }, "all"),
    ...values.map((each) => h("option", { value: each }, each)),
  );
  select.value = values.includes(value) ? value : "";
}

async function look() {
  try {
    const response = await fetch("/api/runs", { cache: "no-cache" });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    runs = answer.runs;
    const there = new Set(runs.map(({ id }) => id));
    for (const id of rows.keys()) if (!there.has(id)) rows.delete(id);
    for (const run of runs) if (rows.get(run.id)?.stamp !== JSON.stringify(run)) rows.set(run.id, rowOf(run));
    for (const [name, select] of Object.entries(choices)) fill(select, name);
    show();
  } catch (error) {
    count.textContent = `The server does not answer (${error.message}); trying again.`;
  }
}

async function watch() {
  if (!document.hidden) await look();
  setTimeout(watch, LOOK_EVERY_MS);
}
document.addEventListener("visibilitychange", () => document.hidden || look());
watch();
