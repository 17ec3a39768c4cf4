/** The list of runs: filter, search, sort by any option that differs or any last value, choose some to compare. */

import { duration, h, SHAPES, short, statusBadge, time, verdictCounts } from "./dom.js";

const LOOK_EVERY_MS = 3000;
/** Columns shown unless somebody chooses. */
const FIRST_OPTIONS = 3;
const FIRST_VALUES = 2;
/** Options that shape no result. */
const TALK = ["quiet", "debug", "png", "checkpoint-every", "checkpoint-keep"];
/** Runs that can be compared at once. */
const MOST_CHOSEN = 100;
/** Rows made at once; more follow as somebody comes to their end. */
const AT_ONCE = 200;
/** Sweeps shown before somebody asks for all. */
const FIRST_SWEEPS = 10;
const content = document.querySelector("#content");
const search = h("input", {
  type: "search",
  id: "search",
  autocomplete: "off",
  placeholder: "name, option=value, tag, commit …",
  oninput: show,
});
const choices = { experiment: choice("experiment"), status: choice("status"), preset: choice("preset") };
const order = h("select", { id: "order", onchange: () => sortBy(...JSON.parse(order.value)) });
const archived = h("input", { type: "checkbox", id: "archived", onchange: show });
const ofSweeps = h("input", { type: "checkbox", id: "of-sweeps", onchange: show });
const sweepList = h("section", { "aria-labelledby": "sweeps", hidden: true });
const count = h("p", { class: "quiet", role: "status" });
const columnsMenu = h("details", { class: "menu" }, h("summary", {}, "Columns"), h("div", { class: "options" }));
const compare = h("a", { class: "button", href: "compare" }, "Compare");
const all = h("button", { type: "button", class: "small", onclick: chooseShown }, "Choose all shown");
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
const head = h("tr");
const table = h("table", { class: "runs cards" }, h("thead", {}, head), body);

const chosen = new Set();
/** Rows by name of their run, made once and made again where the run or the columns have changed. */
const rows = new Map();
let [runs, last, shown, sort] = [[], {}, [], ["start", "descending"]];
let [sweeps, allSweeps] = [[], false];
/** Columns that somebody has chosen, by their key; until then those that differ most. */
let wanted = null;
let known = "";
let limit = AT_ONCE;
const end = h("p", { class: "quiet" });
new IntersectionObserver((entries) => {
  if (!entries.at(-1).isIntersecting || limit >= shown.length) return;
  limit += AT_ONCE;
  show();
}, { rootMargin: "1200px" }).observe(end);

/** Columns that every list has. */
const FIXED = [
  { key: "run", title: "run", of: (run) => run.id },
  { key: "status", title: "status", of: (run) => run.status },
  { key: "preset", title: "preset", of: (run) => run.preset },
  { key: "start", title: "started (UTC)", of: (run) => run.start },
  { key: "elapsedMs", title: "took", of: (run) => run.elapsedMs },
  { key: "claims", title: "claims", of: (run) => run.verdicts.reproduced ?? 0 },
];

content.replaceChildren(
  sweepList,
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
  h(
    "div",
    { class: "filters tools" },
    count,
    columnsMenu,
    h("div", { class: "field inline" }, archived, h("label", { for: "archived" }, "archived too")),
    h("div", { class: "field inline" }, ofSweeps, h("label", { for: "of-sweeps" }, "those of sweeps too")),
    all,
  ),
  h("div", { class: "wide-table" }, table),
  end,
  bar,
);

function choice(name) {
  return h("select", { id: name, onchange: show }, h("option", { value: "" }, "all"));
}

/** Words that a search must find, in lower case. */
function textOf(run) {
  const options = Object.entries(run.configuration).map(([name, value]) => `${name}=${value}`).join(" ");
  const said = `${run.tags.join(" ")} ${run.notes}`;
  return `${run.id} ${run.experiment} ${run.preset} ${run.status} ${run.adapter} ${run.gitCommit} ${run.reason} ${run.question} ${options} ${said}`
    .toLowerCase();
}

/** Options in which runs differ, those with the most values first, and quantities with a last value. */
function offered(of) {
  const values = new Map();
  for (const run of of) {
    for (const [name, value] of Object.entries(run.configuration)) {
      if (TALK.includes(name)) continue;
      if (!values.has(name)) values.set(name, new Set());
      values.get(name).add(value);
    }
  }
  const options = [...values].filter(([, found]) => found.size > 1).toSorted((a, b) => b[1].size - a[1].size)
    .map(([name]) => ({
      key: `option:${name}`,
      title: name,
      of: (run) => numberOr(run.configuration[name]),
      cell: (run) => run.configuration[name] ?? "–",
    }));
  const uses = new Map();
  for (const { id } of of) for (const name of Object.keys(last[id] ?? {})) uses.set(name, (uses.get(name) ?? 0) + 1);
  const quantities = [...uses].toSorted((a, b) => b[1] - a[1]).map(([name]) => ({
    key: `last:${name}`,
    title: `last ${name}`,
    of: (run) => last[run.id]?.[name],
    cell: (run) => short(last[run.id]?.[name]),
  }));
  return { options, quantities };
}

function numberOr(text) {
  return text === undefined || text === "" || Number.isNaN(Number(text)) ? text : Number(text);
}

/** A name that may break after an underscore, and nowhere else. */
function breakable(name) {
  return name.split(/(?<=_)/).flatMap((part, index) => index === 0 ? [part] : [h("wbr", {}), part]);
}

/** Columns shown now, beside the fixed ones. */
function columnsOf({ options, quantities }) {
  if (wanted !== null) return [...options, ...quantities].filter(({ key }) => wanted.has(key));
  return [...options.slice(0, FIRST_OPTIONS), ...quantities.slice(0, FIRST_VALUES)];
}

function rowOf(run, columns, stamp) {
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
  const label = (index) => ({ "data-label": FIXED[index].title });
  const cells = [
    h("td", { class: "tick" }, box),
    h(
      "th",
      { scope: "row" },
      h(
        "a",
        { href: `run?${query}` },
        h("span", { class: "experiment" }, ...breakable(run.experiment)),
        " ",
        h("span", { class: "quiet" }, name === run.experiment ? "" : name),
      ),
      ...(run.archived ? [h("span", { class: "tag" }, "archived")] : []),
      ...run.tags.map((tag) => h("span", { class: "tag" }, tag)),
      run.notes ? h("span", { class: "quiet detail" }, run.notes.split("\n")[0].slice(0, 120)) : null,
    ),
    h(
      "td",
      label(1),
      statusBadge(run.status),
      run.reason ? h("span", { class: "quiet detail" }, run.reason.slice(0, 160)) : null,
    ),
    h("td", label(2), run.preset),
    h("td", { ...label(3), class: "number" }, time(run.start)),
    h("td", { ...label(4), class: "number" }, duration(took)),
    h("td", label(5), verdictCounts(run.verdicts)),
    ...columns.map(({ title, cell }) =>
      h("td", { "data-label": title, class: "extra" }, String(cell(run)).slice(0, 60))
    ),
  ];
  return { element: h("tr", {}, ...cells), box, stamp };
}

/** Missing values last, numbers before text. */
function compareBy(of, direction) {
  const sign = direction === "ascending" ? 1 : -1;
  const kind = (value) => value === undefined || value === null || value === "" ? 2 : typeof value === "number" ? 0 : 1;
  return (a, b) => {
    const [x, y] = [of(a), of(b)];
    const [first, second] = [kind(x), kind(y)];
    if (first !== second) return first - second;
    if (first === 2) return 0;
    return sign * (first === 0 ? x - y : x < y ? -1 : x > y ? 1 : 0);
  };
}

function sortBy(key, direction) {
  sort = [key, direction];
  show();
}

function showHead(columns) {
  const sortable = [...FIXED, ...columns];
  const stamp = JSON.stringify([sortable.map(({ key }) => key), sort]);
  if (head.dataset.stamp === stamp) return;
  head.dataset.stamp = stamp;
  const focused = head.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  head.replaceChildren(
    h("th", { scope: "col" }, h("span", { class: "hidden" }, "compare")),
    ...sortable.map(({ key, title }) => {
      const now = sort[0] === key ? sort[1] : null;
      const next = now === "ascending"
        ? "descending"
        : now === "descending"
        ? "ascending"
        : key === "start"
        ? "descending"
        : "ascending";
      return h(
        "th",
        { scope: "col", "aria-sort": now },
        h(
          "button",
          { type: "button", class: "sort", "data-key": key, onclick: () => sortBy(key, next) },
          title,
          h("span", { "aria-hidden": "true" }, now === null ? "" : now === "ascending" ? " ↑" : " ↓"),
        ),
      );
    }),
  );
  if (focused !== null) head.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  const words = { start: ["oldest first", "newest first"], elapsedMs: ["shortest first", "longest first"] };
  const entries = sortable.toSorted((a, b) => Number(b.key === "start") - Number(a.key === "start")).flatMap(
    ({ key, title }) => {
      const [up, down] = words[key] ?? [`${title} ↑`, `${title} ↓`];
      return [[JSON.stringify([key, "descending"]), down], [JSON.stringify([key, "ascending"]), up]];
    },
  );
  order.replaceChildren(...entries.map(([value, text]) => h("option", { value }, text)));
  order.value = JSON.stringify(sort);
}

function showColumns({ options, quantities }, columns) {
  const box = columnsMenu.querySelector(".options");
  const keys = new Set(columns.map(({ key }) => key));
  const stamp = JSON.stringify([options, quantities].map((all) => all.map(({ key }) => [key, keys.has(key)])));
  if (box.dataset.stamp === stamp) return;
  box.dataset.stamp = stamp;
  columnsMenu.hidden = options.length + quantities.length === 0;
  const focused = box.contains(document.activeElement) ? document.activeElement.id : null;
  box.replaceChildren(...[...options, ...quantities].map(({ key, title }) => {
    const tick = h("input", {
      type: "checkbox",
      id: `column-${key}`,
      onchange: () => {
        wanted ??= keys;
        if (tick.checked) wanted.add(key);
        else wanted.delete(key);
        show();
      },
    });
    tick.checked = keys.has(key);
    return h("div", { class: "field inline" }, tick, h("label", { for: tick.id }, title));
  }));
  if (focused !== null) document.getElementById(focused)?.focus();
}

function show() {
  const words = search.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const filters = Object.entries(choices).filter(([, select]) => select.value !== "");
  const hidden = runs.filter((run) => run.archived).length;
  archived.closest(".field").hidden = hidden === 0;
  // A sweep stands above as one thing; a search finds its runs too.
  const aside = (run) => run.sweep !== "" && sweeps.length > 0 && !ofSweeps.checked && words.length === 0;
  const within = runs.filter(aside).length;
  ofSweeps.closest(".field").hidden = sweeps.length === 0;
  shown = runs.filter((run) =>
    (!run.archived || archived.checked) && !aside(run) &&
    filters.every(([name, select]) => run[name] === select.value) &&
    words.every((word) => (run.text ??= textOf(run)).includes(word))
  );
  const offer = offered(shown.length > 1 ? shown : runs);
  const columns = columnsOf(offer);
  showColumns(offer, columns);
  const sorted = [...FIXED, ...columns].find(({ key }) => key === sort[0]);
  if (sorted === undefined) sort = ["start", "descending"];
  showHead(columns);
  shown.sort(compareBy((sorted ?? FIXED[3]).of, sort[1]));
  const keys = JSON.stringify(columns.map(({ key }) => key));
  end.textContent = shown.length > limit ? `${limit} of ${shown.length} runs; more as you scroll` : "";
  const elements = shown.slice(0, limit).map((run) => {
    const stamp = `${keys}${run.stamp}${
      columns.some(({ key }) => key.startsWith("last:")) ? last[run.id]?.stamp ?? "" : ""
    }`;
    let row = rows.get(run.id);
    if (row?.stamp !== stamp) rows.set(run.id, row = rowOf(run, columns, stamp));
    return row.element;
  });
  // Moving an element takes the focus from it: nothing is moved unless something has changed.
  if (
    elements.length !== body.childElementCount || elements.some((element, index) => body.children[index] !== element)
  ) {
    const focused = document.activeElement;
    body.replaceChildren(...elements);
    if (body.contains(focused)) focused.focus();
  }
  all.hidden = shown.length < 2 || shown.length > MOST_CHOSEN;
  const others = `${hidden > 0 && !archived.checked ? `, ${hidden} archived` : ""}${
    within > 0 ? `, ${within} in sweeps` : ""
  }`;
  count.textContent = runs.length === 0
    ? "No runs here yet: the first appears by itself."
    : `${shown.length} of ${runs.length} runs${others}`;
}

function showSweeps() {
  sweepList.hidden = sweeps.length === 0;
  const heads = ["sweep", "tasks", "over", "cells", "replicas", "submitted (UTC)"];
  const label = (index) => ({ "data-label": heads[index] });
  const rows = (allSweeps ? sweeps : sweeps.slice(0, FIRST_SWEEPS)).map((sweep) =>
    h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        h(
          "a",
          { href: `sweep?${new URLSearchParams({ id: sweep.id })}` },
          h("span", { class: "experiment" }, ...breakable(sweep.name)),
          " ",
          h("span", { class: "quiet" }, sweep.experiment),
        ),
      ),
      h(
        "td",
        label(1),
        ...Object.keys(SHAPES).filter((status) => sweep.counts[status] > 0).map((status) =>
          h("span", { class: "standing" }, `${short(sweep.counts[status])} `, statusBadge(status))
        ),
      ),
      h("td", label(2), sweep.swept.join(", ") || "seeds"),
      h("td", { ...label(3), class: "number" }, short(sweep.cells)),
      h("td", { ...label(4), class: "number" }, short(sweep.replicas)),
      h("td", { ...label(5), class: "number" }, time(sweep.created)),
    )
  );
  const left = sweeps.length - rows.length;
  sweepList.replaceChildren(
    h("h1", { id: "sweeps" }, "Sweeps"),
    h(
      "div",
      { class: "wide-table" },
      h(
        "table",
        { class: "sweeps cards" },
        h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
        h("tbody", {}, ...rows),
      ),
    ),
    left === 0 ? "" : h("button", {
      type: "button",
      class: "small",
      onclick: () => {
        allSweeps = true;
        showSweeps();
      },
    }, `Show ${short(left)} more`),
  );
}

function chooseShown() {
  for (const { id } of shown) {
    chosen.add(id);
    const row = rows.get(id);
    if (row !== undefined) row.box.checked = true;
  }
  showChosen();
}

function showChosen() {
  bar.hidden = chosen.size === 0;
  bar.querySelector("#chosen").textContent = chosen.size === 1
    ? "1 run chosen; one more to compare"
    : chosen.size > MOST_CHOSEN
    ? `${chosen.size} runs chosen; at most ${MOST_CHOSEN} are compared`
    : `${chosen.size} runs chosen`;
  const query = new URLSearchParams([...chosen].map((id) => ["id", id]));
  compare.hidden = chosen.size < 2 || chosen.size > MOST_CHOSEN;
  compare.setAttribute("href", `compare?${query}`);
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

/** Last values are read after the list is there, and in parts. */
async function lookAtLast() {
  for (let more = true; more;) {
    const response = await fetch("api/last");
    if (!response.ok) return;
    const answer = await response.json();
    more = answer.more;
    let changed = false;
    for (const [id, values] of Object.entries(answer.values)) {
      const stamp = JSON.stringify(values);
      if (last[id]?.stamp === stamp) continue;
      last[id] = Object.defineProperty(values, "stamp", { value: stamp });
      changed = true;
    }
    if (changed && !more) show();
  }
}

async function look() {
  try {
    const response = await fetch("api/runs", { cache: "no-cache" });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    const found = JSON.stringify(answer.sweeps);
    if (found !== JSON.stringify(sweeps)) {
      sweeps = answer.sweeps;
      showSweeps();
    }
    const stamp = JSON.stringify(answer.runs);
    if (stamp !== known) {
      known = stamp;
      runs = answer.runs.map((run) => ({ ...run, stamp: JSON.stringify(run) }));
      const there = new Set(runs.map(({ id }) => id));
      for (const id of rows.keys()) if (!there.has(id)) rows.delete(id);
      for (const [name, select] of Object.entries(choices)) fill(select, name);
    }
    show();
  } catch (error) {
    count.textContent = `The server does not answer (${error.message}); trying again.`;
    return;
  }
  await lookAtLast().catch(() => {});
}

async function watch() {
  if (!document.hidden) await look();
  setTimeout(watch, LOOK_EVERY_MS);
}
document.addEventListener("visibilitychange", () => document.hidden || look());
watch();
