/** A sweep as one thing: how its tasks stand, curves in groups that its options make, last values over them, and claims. */

import { chartCard, chartControls } from "./chart_card.js";
import { heatSpec, quantityOf, scatterSpec, student, titleOf } from "./charts.js";
import { cellClaims, h, SHAPES, short, statusBadge, time } from "./dom.js";
import { drawFigure, saveButtons } from "./figure.js";
import { byValue } from "./groups.js";
import { taskGrid } from "./task_grid.js";

const LOOK_EVERY_MS = 3000;
/** Bands in one figure, as the server allows them. */
const MOST_BANDS = 60;
/** Tasks that are listed with why they stand where they stand. */
const MOST_LISTED = 50;
/** Statuses with a reason. */
const UNWELL = ["diverged", "failed", "crashed", "interrupted"];
const content = document.querySelector("#content");
const id = new URLSearchParams(location.search).get("id") ?? "";

let [sweep, etag, curves, asking] = [null, "", null, 0];
const select = (name, label, changed) => {
  const element = h("select", { id: name, onchange: changed });
  return { element, field: h("div", { class: "field" }, h("label", { for: name }, label), element) };
};
const quantity = select("quantity", "quantity", () => ask());
const label = select("curve", "series and index", () => ask());
const by = select("by", "one band for", () => showFixed() || ask());
/** A choice for every option that makes no bands: one value of it, or all. */
const fixed = new Map();
const fixedBox = h("div", { class: "filters inner", role: "group", "aria-label": "Cells that are shown" });
const controls = chartControls(() => showCurves(), { band: "interval" });
const curvesNote = h("p", { class: "quiet", role: "status" });
const card = chartCard({ height: 340 });
const grid = taskGrid();
const tiles = h("dl", { class: "tiles" });
const unwell = h("details");
const claims = h("section", { "aria-labelledby": "claims" });
const last = {
  x: select("last-x", "across", () => showLast()),
  y: select("last-y", "up", () => showLast()),
  scale: select("last-scale", "colours", () => showLast()),
  card: h("figure", { class: "card" }),
  box: h("div", { class: "drawing" }),
  note: h("span", { class: "quiet" }),
  saves: h("span"),
  heading: h("h2", { id: "last" }),
  part: h("section", { "aria-labelledby": "last" }),
  figure: null,
  stamp: "",
};

function fill({ element, field }, entries, hidden = entries.length < 2) {
  field.hidden = hidden;
  const stamp = JSON.stringify(entries);
  if (stamp === element.dataset.entries) return;
  element.dataset.entries = stamp;
  const value = element.options.length === 0 ? null : element.value;
  element.replaceChildren(...entries.map(([key, text]) => h("option", { value: key }, text)));
  if (entries.some(([key]) => key === value)) element.value = value;
}

const valuesOf = (option) => [...new Set(sweep.cells.map(({ values }) => values[option] ?? "–"))].toSorted(byValue);
const nameOf = ({ values }) =>
  Object.entries(values).map(([key, value]) => `${key}=${value}`).join(", ") || "all seeds";

function showHead() {
  const { tasks, cells } = sweep;
  const counts = new Map();
  for (const { status } of tasks) counts.set(status, (counts.get(status) ?? 0) + 1);
  const tile = (name, ...value) => h("div", {}, h("dt", {}, name), h("dd", {}, ...value));
  const replicas = cells.reduce((sum, { seeds }) => sum + seeds, 0);
  tiles.replaceChildren(
    ...Object.keys(SHAPES).filter((status) => counts.has(status)).map((status) =>
      tile(statusBadge(status), `${short(counts.get(status))} of ${short(tasks.length)}`)
    ),
    tile("cells", short(cells.length)),
    tile("replicas", short(replicas)),
    tile("submitted (UTC)", time(sweep.created)),
    tile("preset", sweep.preset || "–"),
  );
  grid.show(tasks, cells.map(nameOf));
  const listed = tasks.map((task, index) => ({ ...task, index })).filter(({ status }) => UNWELL.includes(status));
  unwell.hidden = listed.length === 0;
  const stamp = JSON.stringify(listed);
  if (stamp === unwell.dataset.stamp) return;
  unwell.dataset.stamp = stamp;
  unwell.replaceChildren(
    h("summary", {}, `${short(listed.length)} ${listed.length === 1 ? "task needs" : "tasks need"} a look`),
    h(
      "ul",
      { class: "chosen" },
      ...listed.slice(0, MOST_LISTED).map(({ index, status, reason, name, runs }) =>
        h(
          "li",
          {},
          runs.length === 0
            ? `task ${index}`
            : h("a", { href: `run?${new URLSearchParams({ id: runs[0] })}` }, `task ${index}`),
          " ",
          statusBadge(status),
          ` ${name.slice(0, 120)} `,
          h("span", { class: "quiet" }, reason),
        )
      ),
    ),
    listed.length > MOST_LISTED ? h("p", { class: "quiet" }, `and ${listed.length - MOST_LISTED} more`) : "",
  );
}

function showClaims() {
  const stamp = JSON.stringify(sweep.claims);
  if (claims.dataset.stamp === stamp) return;
  claims.dataset.stamp = stamp;
  const heading = h("h2", { id: "claims" }, "Claims of every cell");
  if (sweep.claims.length === 0) {
    claims.replaceChildren(
      heading,
      h(
        "p",
        {},
        "Judged over all seeds of each cell by ",
        h("code", { class: "command" }, `./lab sweep --gather ${sweep.name}`),
      ),
    );
    return;
  }
  claims.replaceChildren(heading, ...cellClaims(sweep.claims));
}

/** What may make bands: an option, every cell, or nothing. */
function fillBy() {
  const options = sweep.swept.filter((option) => valuesOf(option).length <= MOST_BANDS);
  fill(by, [
    ...options.map((option) => [option, `each ${option}`]),
    ...(sweep.cells.length <= MOST_BANDS && sweep.swept.length > 1 ? [["", "each cell"]] : []),
    ["*", "all cells together"],
  ]);
}

function showFixed() {
  for (const option of sweep.swept) {
    if (!fixed.has(option)) fixed.set(option, select(`fix-${fixed.size}`, option, () => ask()));
    const choice = fixed.get(option);
    fill(choice, [["*", "all"], ...valuesOf(option).map((value) => [`=${value}`, value])], false);
    choice.field.hidden = by.element.value === option || by.element.value === "";
  }
  fixedBox.replaceChildren(...[...fixed.values()].map(({ field }) => field));
  fixedBox.hidden = [...fixed.values()].every(({ field }) => field.hidden);
}

/** Values that cells must have to be in a curve. */
const held = () =>
  [...fixed].flatMap(([option, { element, field }]) =>
    field.hidden || element.value === "*" ? [] : [[option, element.value.slice(1)]]
  );

/** Asks for curves until the server has read all logs; a later question ends an earlier one. */
async function ask() {
  const turn = ++asking;
  for (let more = true; more;) {
    const query = new URLSearchParams([
      ["id", id],
      ["by", by.element.value],
      ...held().map(([option, value]) => [`fix:${option}`, value]),
      ...(quantity.element.value === "" ? [] : [["quantity", quantity.element.value]]),
      ...(label.element.options.length === 0 ? [] : [["label", label.element.value]]),
    ]);
    const response = await fetch(`api/sweep-curves?${query}`);
    const answer = await response.json();
    if (turn !== asking) return;
    if (!response.ok) {
      curvesNote.textContent = answer.error;
      return;
    }
    more = answer.read < answer.of;
    curves = answer;
    fillQuantities();
    showCurves();
    showLast();
  }
}

function fillQuantities() {
  const { quantities } = curves;
  fill(quantity, quantities.map(({ key, name }) => [key, titleOf(name)]));
  quantity.element.value = curves.quantity;
  const labels = quantities.find(({ key }) => key === curves.quantity)?.labels ?? [];
  fill(label, labels.toSorted(byValue).map((text) => [text, text === "" ? "–" : text]));
  label.element.value = curves.label;
}

const nameOfCurves = () => curves.quantities.find(({ key }) => key === curves.quantity)?.name;

function showCurves() {
  if (curves === null) return;
  const name = nameOfCurves();
  const { read, of, groups, left } = curves;
  const reading = read < of ? `${short(read)} of ${short(of)} logs read … ` : "";
  if (name === undefined) {
    curvesNote.textContent = reading || (of === 0 ? "No task has started." : "Nothing logged yet.");
    card.card.hidden = true;
    return;
  }
  card.card.hidden = false;
  const option = by.element.value;
  const titled = (group) => ["", "*"].includes(option) ? group : `${option} ${group}`;
  const drawn = groups.filter(({ points }) => points.length > 0).toSorted((a, b) => byValue(a.name, b.name));
  const missing = Object.entries(read < of ? {} : left).map(([status, count]) => `${short(count)} ${status}`);
  const running = drawn.filter((group) => group.running).length;
  const open = sweep.swept.filter((name) =>
    option !== "" && name !== option && !held().some(([other]) => other === name)
  );
  const replicas = drawn.reduce((sum, group) => sum + group.replicas, 0);
  curvesNote.textContent = [
    `${reading}${short(replicas)} of ${short(groups.reduce((sum, { planned }) => sum + planned, 0))} replicas${
      missing.length === 0 ? "" : `, without ${missing.join(", ")}`
    }`,
    running === 0
      ? ""
      : `${running} ${running === 1 ? "band is" : "bands are"} of tasks that still run, the others of complete ones`,
    open.length === 0 ? "" : `a band is over seeds and over all values of ${open.join(" and ")}`,
  ].filter((text) => text !== "").join("; ") + ".";
  const chart = {
    ...name,
    key: curves.quantity,
    merged: 1,
    curves: drawn.flatMap(({ name, points, theories }) => [
      { label: curves.label, groups: {}, theory: "", run: titled(name), points },
      ...theories.map(({ theory, points }) => ({ label: curves.label, groups: {}, theory, run: titled(name), points })),
    ]),
  };
  card.take(chart, controls.settings(), {
    names: drawn.map((group) => titled(group.name)),
    title: null,
  });
}

/** Several cells as one: what their replicas together have. */
function together(cells) {
  const count = cells.reduce((sum, cell) => sum + cell.count, 0);
  const mean = cells.reduce((sum, cell) => sum + cell.count * cell.mean, 0) / count;
  const squares = cells.reduce(
    (sum, cell) => sum + (cell.count - 1) * cell.deviation ** 2 + cell.count * (cell.mean - mean) ** 2,
    0,
  );
  const half = count > 1 ? student(count - 1) * Math.sqrt(squares / (count - 1) / count) : 0;
  return { mean, low: mean - half, high: mean + half, count };
}

function showLast() {
  const name = curves === null ? undefined : nameOfCurves();
  last.part.hidden = sweep.swept.length === 0 || name === undefined || curves.last.length === 0;
  if (last.part.hidden) return;
  const two = sweep.swept.length > 1;
  fill(last.x, sweep.swept.map((option) => [option, option]), !two);
  const x = last.x.element.value;
  const others = sweep.swept.filter((option) => option !== x);
  fill(last.y, [...others.map((option) => [option, option]), ["*", "the value itself"]], !two);
  const y = two ? last.y.element.value : "*";
  fill(last.scale, [["linear", "linear"], ["log", "logarithmic"]], false);
  last.scale.field.querySelector("label").textContent = y === "*" ? "axis" : "colours";
  const what = quantityOf(name);
  last.heading.textContent = `Last ${what} by ${y === "*" ? x : `${x} and ${y}`}`;
  const log = last.scale.element.value === "log";
  const cells = curves.last.map((each) => ({ ...each, values: sweep.cells[each.cell].values }));
  const groups = [...Map.groupBy(cells, ({ values }) => JSON.stringify([values[x], y === "*" ? "" : values[y]]))]
    .map(([key, own]) => ({ key: JSON.parse(key), ...together(own), cells: own.length }));
  const shown = groups.filter(({ mean }) => !log || mean > 0);
  const dropped = groups.length - shown.length;
  const pooled = others.filter((option) => option !== y);
  last.note.textContent = [
    "Mean over the replicas of complete tasks",
    pooled.length === 0 ? "" : `over all values of ${pooled.join(" and ")} too`,
    y === "*" ? "bar: 95 % interval of the mean (Student)" : "",
    dropped === 0 ? "" : `${dropped} left out: 0 or less has no place on a logarithmic scale`,
  ].filter((text) => text !== "").join("; ") + ".";
  let [spec, rows] = [null, []];
  if (y === "*") {
    const numeric = valuesOf(x).every((value) => value !== "" && !Number.isNaN(Number(value)));
    rows = shown.map(({ key: [value], mean, low, high, count }) => ({
      x: numeric ? Number(value) : value,
      mean,
      low: log && low <= 0 ? mean : low,
      high,
      group: "",
      replicas: count,
    }));
    const xs = valuesOf(x).map(Number);
    const spread = numeric && Math.min(...xs) > 0 && Math.max(...xs) / Math.min(...xs) >= 10;
    spec = scatterSpec({ rows, option: x, quantity: what, colour: "", names: [""], xLog: spread, yLog: log });
  } else {
    rows = shown.map(({ key, mean, low, high, count }) => ({
      x: key[0],
      y: key[1],
      value: mean,
      low,
      high,
      replicas: count,
    }));
    spec = heatSpec({ rows, x: [x, valuesOf(x)], y: [y, valuesOf(y)], quantity: what, log });
  }
  const stamp = JSON.stringify(spec);
  if (stamp === last.stamp) return;
  last.stamp = stamp;
  last.saves.replaceChildren(saveButtons(() => `last ${what}`, () => spec, () => rows));
  const drawn = () => last.card.dataset.drawn = "true";
  if (last.figure === null) {
    last.figure = drawFigure(last.box, spec);
    last.figure.ready.then(drawn, () => {});
  } else last.figure.change(spec).then(drawn, () => {});
}

/** Looks at the tasks; whether anything has changed. */
async function look() {
  const response = await fetch(`api/sweep?${new URLSearchParams({ id })}`, { cache: "no-cache" });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  const now = response.headers.get("etag") ?? JSON.stringify(answer);
  const changed = now !== etag;
  [sweep, etag] = [answer, now];
  return changed;
}

async function watch() {
  if (!document.hidden) {
    const changed = await look().catch(() => null);
    if (changed) {
      showHead();
      showClaims();
    }
    const running = sweep.tasks.some(({ status }) => status === "running");
    if (changed || running) await ask().catch(() => {});
  }
  setTimeout(watch, LOOK_EVERY_MS);
}

try {
  await look();
  document.title = `${sweep.name} – icl-lab`;
  fillBy();
  showFixed();
  last.card.append(last.box, h("div", { class: "below" }, last.note, last.saves));
  last.part.append(
    last.heading,
    h("div", { class: "filters" }, last.x.field, last.y.field, last.scale.field),
    last.card,
  );
  last.part.hidden = true;
  content.replaceChildren(
    h("h1", {}, sweep.name, " ", h("span", { class: "quiet" }, `sweep of ${sweep.experiment}`)),
    h("p", {}, h("code", { class: "command" }, sweep.commandLine || "–")),
    tiles,
    h("section", { "aria-labelledby": "tasks" }, h("h2", { id: "tasks" }, "Tasks"), grid.element, unwell),
    h(
      "section",
      { "aria-labelledby": "curves" },
      h("h2", { id: "curves" }, "Curves"),
      h("div", { class: "filters" }, quantity.field, label.field, by.field, fixedBox),
      controls.element,
      curvesNote,
      h("div", { class: "grid whole" }, card.card),
    ),
    last.part,
    claims,
  );
  showHead();
  showClaims();
  await ask();
  setTimeout(watch, LOOK_EVERY_MS);
} catch (error) {
  content.replaceChildren(
    h("h1", {}, "No such sweep"),
    h("p", { class: "problem" }, error.message),
    h("p", {}, h("a", { href: "./" }, "All runs")),
  );
}
