/** Several runs in one figure, in groups that their options make, where they differ, and how their claims came out. */

import { chartCard, chartControls } from "./chart_card.js";
import {
  againstQuantity,
  Curves,
  MOST_AXES,
  parallelSpec,
  pooled,
  quantityOf,
  scatterSpec,
  student,
  titleOf,
} from "./charts.js";
import { duration, h, notesOf, statusBadge, time, verdictClass } from "./dom.js";
import { drawFigure, saveButtons } from "./figure.js";
import { byValue, differing, groupsOf, shapingOf } from "./groups.js";

const MAX_RUNS = 100;
/** Runs that one answer brings. */
const AT_ONCE = 10;
/** Runs that are listed without being asked for. */
const LISTED = 12;
const LOOK_EVERY_MS = 3000;
const content = document.querySelector("#content");
const asked = [...new Set(new URLSearchParams(location.search).getAll("id"))].slice(0, MAX_RUNS);

const select = (id, label, changed) => {
  const element = h("select", { id, onchange: changed });
  return { element, field: h("div", { class: "field" }, h("label", { for: id }, label), element) };
};
const quantities = h("details", { class: "menu" }, h("summary", {}, "Quantities"), h("div", { class: "options" }));
const curve = select("curve", "series", () => draw());
const group = select("group", "one band for", () => draw());
const colour = select("colour", "colour by", () => draw());
const controls = chartControls(() => draw());
const grid = h("div", { class: "grid wide" });
/** Value of the menu that stands for all options at once; no option has such a name. */
const PARALLEL = " ";
const scatter = {
  option: select("scatter-option", "option", () => drawScatter()),
  quantity: select("scatter-quantity", "last value of", () => drawScatter()),
  x: select("scatter-x", "option’s axis", () => drawScatter()),
  y: select("scatter-y", "value’s axis", () => drawScatter()),
  box: h("div", { class: "drawing" }),
  saves: h("span"),
  note: h("span", { class: "quiet" }),
  part: h("section", { "aria-labelledby": "scatter" }),
  figure: null,
  stamp: "",
};
const all = h("input", { type: "checkbox", id: "all", onchange: () => showOptions() });
const options = h("div");
const claims = h("section", { "aria-labelledby": "claims-title" });
const list = h("div");
const progress = h("p", { class: "quiet", role: "status" });
let runs = [];
/** Keys of the charts that somebody has chosen; until then the first. */
let wanted = null;
const drawn = new Map();

async function overlay(ids) {
  const response = await fetch(`api/overlay?${new URLSearchParams(ids.map((id) => ["id", id]))}`);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer.runs.map(({ log, ...record }) => {
    const curves = new Curves();
    if (log !== null) curves.take(log);
    return { id: record.id, record, curves, charts: curves.charts() };
  });
}

/** Names as short as tells the runs apart. */
function named(found) {
  const names = found.map(({ id }) => id.split("/").at(-1));
  return found.map((run, index) => ({
    ...run,
    label: names.filter((name) => name === names[index]).length > 1 ? run.id : names[index],
  }));
}

function fill({ element, field }, entries, hidden = entries.length < 2) {
  field.hidden = hidden;
  const stamp = JSON.stringify(entries);
  if (stamp === element.dataset.entries) return;
  element.dataset.entries = stamp;
  const value = element.options.length === 0 ? null : element.value;
  element.replaceChildren(...entries.map(([key, text]) => h("option", { value: key }, text)));
  if (entries.some(([key]) => key === value)) element.value = value;
}

/** Charts that two or more runs have, by key. */
function common() {
  const uses = new Map();
  for (const { charts } of runs) {
    for (const chart of charts) {
      const known = uses.get(chart.key) ?? { chart, count: 0 };
      known.count++;
      uses.set(chart.key, known);
    }
  }
  return [...uses].filter(([, { count }]) => count > 1).map(([key, { chart }]) => [key, chart]);
}

function fillQuantities(charts) {
  const box = quantities.querySelector(".options");
  const keys = new Set(charts.map(([key]) => key));
  const chosen = new Set([...(wanted ?? [charts[0]?.[0]])].filter((key) => keys.has(key)));
  quantities.querySelector("summary").textContent = `Quantities (${chosen.size} of ${charts.length})`;
  const stamp = JSON.stringify([...keys]);
  if (box.dataset.stamp !== stamp) {
    box.dataset.stamp = stamp;
    box.replaceChildren(...charts.map(([key, chart], index) => {
      const tick = h("input", {
        type: "checkbox",
        id: `quantity-${index}`,
        onchange: () => {
          wanted ??= new Set([charts[0][0]]);
          if (tick.checked) wanted.add(key);
          else wanted.delete(key);
          draw();
        },
      });
      tick.checked = chosen.has(key);
      return h("div", { class: "field inline" }, tick, h("label", { for: tick.id }, titleOf(chart)));
    }));
  }
  return chosen;
}

function draw() {
  const charts = common();
  if (charts.length === 0) {
    for (const card of drawn.values()) card.stop();
    drawn.clear();
    grid.replaceChildren(h("p", { class: "quiet" }, "These runs have logged nothing of the same kind."));
    return;
  }
  const chosen = fillQuantities(charts);
  const differ = differing(runs);
  fill(group, [
    ["seeds", "runs that differ in the seed alone"],
    ["run", "each run"],
    ...differ.filter((name) => name !== "seed").map((name) => [`option:${name}`, `each ${name}`]),
  ]);
  fill(colour, [["", "band"], ...differ.filter((name) => name !== "seed").map((name) => [name, name])]);
  const labels = [...new Set(charts.flatMap(([, { curves }]) => curves.map(({ label }) => label)))];
  const first = labels.includes("main") ? [["=main", "main"], ["", "all of them"]] : [["", "all of them"]];
  fill(
    curve,
    [...first, ...labels.filter((label) => label !== "main").map((label) => [`=${label}`, label])],
    labels.length < 2,
  );
  controls.quantities([...new Set(charts.map(([, chart]) => quantityOf(chart)))]);
  const settings = controls.settings();
  const [by, option] = group.element.value.startsWith("option:")
    ? ["option", group.element.value.slice(7)]
    : [group.element.value];
  const groups = groupsOf(runs, by, option);
  const names = namesOf(groups);
  for (const [key, card] of drawn) {
    if (chosen.has(key)) continue;
    card.stop();
    drawn.delete(key);
  }
  for (const [key, chart] of charts) {
    if (!chosen.has(key)) continue;
    let card = drawn.get(key);
    if (card === undefined) {
      if (drawn.size === 0) grid.replaceChildren();
      drawn.set(key, card = chartCard({ height: 320 }));
      grid.append(card.card);
    }
    const only = curve.element.value === "" || curve.field.hidden ? null : curve.element.value.slice(1);
    const curves = groups.flatMap((each) => curvesOf(each, key, only, settings, names));
    card.take({ ...chart, curves, merged: Math.max(...runs.map((run) => chartIn(run, key)?.merged ?? 1)) }, settings, {
      names: [...new Set(groups.map((each) => names.get(each)))],
      title: colour.element.value || null,
    });
  }
  drawScatter();
}

/** What a group is called in the legend: its name, or its value of the option that colours it. */
function namesOf(groups) {
  const option = colour.element.value;
  return new Map(groups.map((each) => {
    const values = new Set(each.runs.map((run) => String(shapingOf(run)[option] ?? "–")));
    return [each, option === "" ? each.name : [...values].toSorted(byValue).join(" and ")];
  }));
}

const chartIn = ({ charts }, key) => charts.find((chart) => chart.key === key);

/** Curves of a group: those of its runs that have the same label, pooled. */
function curvesOf(each, key, only, { x }, names) {
  const found = each.runs.flatMap((run) => {
    const chart = chartIn(run, key);
    if (chart === undefined) return [];
    return x.startsWith("quantity:") ? againstQuantity(chart.curves, run.charts, x.slice(9)) : chart.curves;
  }).filter(({ label }) => only === null || label === only);
  const same = Map.groupBy(found, ({ label, theory }) => JSON.stringify([label, theory]));
  const option = colour.element.value;
  return [...same.values()].map((curves) => ({
    ...curves[0],
    // Bands of one colour stay apart by their names.
    label: option === "" ? curves[0].label : `${curves[0].label}`,
    band: each.name,
    run: names.get(each),
    points: curves[0].theory === "" ? pooled(curves.map(({ points }) => points)) : curves[0].points,
  }));
}

function drawScatter() {
  const differ = differing(runs);
  const charts = common();
  scatter.part.hidden = differ.length === 0 || charts.length === 0;
  if (scatter.part.hidden) return;
  fill(
    scatter.option,
    [...differ.map((name) => [name, name]), [PARALLEL, "all of them, as parallel coordinates"]],
    false,
  );
  fill(scatter.quantity, charts.map(([key, chart]) => [key, titleOf(chart)]), false);
  const scales = [["linear", "linear"], ["log", "logarithmic"]];
  fill(scatter.x, scales);
  fill(scatter.y, scales);
  const [option, key] = [scatter.option.element.value, scatter.quantity.element.value];
  const [xLog, yLog] = [scatter.x.element.value === "log", scatter.y.element.value === "log"];
  const only = curve.element.value === "" || curve.field.hidden ? null : curve.element.value.slice(1);
  const colours = colour.element.value;
  const found = runs.flatMap((run) => {
    const curves = chartIn(run, key)?.curves.filter(({ theory, label, points }) =>
      theory === "" && points.length > 0 && (only === null || label === only)
    ) ?? [];
    const shaping = shapingOf(run);
    const value = option === PARALLEL ? "" : shaping[option];
    return value === undefined ? [] : curves.map(({ label, points }) => {
      const [at, mean, low, high, deviation, count] = points.at(-1);
      const half = count > 1 ? student(count - 1) * deviation / Math.sqrt(count) : 0;
      const interval = controls.settings().band === "interval";
      const group = colours === "" ? label : String(shapingOf(run)[colours] ?? "–");
      return {
        x: value,
        ...(option === PARALLEL && { shaping }),
        mean,
        low: interval ? mean - half : low,
        high: interval ? mean + half : high,
        group,
        run: run.label,
        step: at,
        replicas: count,
      };
    });
  });
  if (option === PARALLEL) {
    return drawParallel(
      differ,
      found,
      xLog,
      yLog,
      quantityOf(charts.find(([each]) => each === key)[1]),
    );
  }
  const numeric = found.every(({ x }) => x !== "" && !Number.isNaN(Number(x)));
  scatter.x.field.hidden = !numeric;
  const placed = found.map((row) => numeric ? { ...row, x: Number(row.x) } : row);
  const rows = placed.filter((row) => !(numeric && xLog && row.x <= 0) && !(yLog && row.mean <= 0))
    .map((row) => yLog && row.low <= 0 ? { ...row, low: row.mean } : row);
  const names = [...new Set(rows.map(({ group }) => group))].toSorted(byValue);
  const dropped = placed.length - rows.length;
  scatter.note.textContent = `A dot a run${
    names.length > 1 && colours === "" ? " and series" : ""
  }: mean over replicas; bar as the band above.${
    dropped > 0 ? ` ${dropped} have no place on a logarithmic axis: 0 or less.` : ""
  }`;
  const spec = scatterSpec({
    rows,
    option,
    quantity: quantityOf(charts.find(([each]) => each === key)[1]),
    colour: colours === "" ? "series" : colours,
    names,
    xLog: numeric && xLog,
    yLog,
  });
  showScatter(spec, `${option}-last`, rows);
}

/** All options that differ, and a last value, an axis each. */
function drawParallel(differ, found, xLog, yLog, quantity) {
  scatter.x.field.hidden = false;
  const last = `last ${quantity}`;
  const axes = [...differ.slice(0, MOST_AXES), last];
  const lines = found.map(({ shaping, mean, group, run }) => ({
    values: { ...Object.fromEntries(differ.map((name) => [name, shaping[name] ?? "–"])), [last]: mean },
    run: `${run} ${group}`,
    group,
  }));
  const names = [...new Set(found.map(({ group }) => group))].toSorted(byValue);
  const colours = colour.element.value;
  const left = differ.length - MOST_AXES;
  scatter.note.textContent = `A line a run${
    names.length > 1 && colours === "" ? " and series" : ""
  }, mean over replicas.${left > 0 ? ` ${left} further options are left out.` : ""}`;
  const logs = new Set([...(xLog ? differ : []), ...(yLog ? [last] : [])]);
  const spec = parallelSpec({ lines, axes, logs, quantity, colour: colours === "" ? null : colours, names });
  showScatter(spec, "options-last", lines.map(({ values, run }) => ({ run, ...values })));
}

function showScatter(spec, name, rows) {
  const stamp = JSON.stringify(spec);
  if (stamp === scatter.stamp) return;
  scatter.stamp = stamp;
  scatter.saves.replaceChildren(saveButtons(() => name, () => spec, () => rows));
  if (scatter.figure === null) {
    scatter.figure = drawFigure(scatter.box, spec);
    scatter.figure.ready.then(() => scatter.box.dataset.drawn = "true", () => {});
  } else scatter.figure.change(spec).catch(() => {});
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
  const names = [...new Set(runs.flatMap((run) => Object.keys(shapingOf(run))))].filter((name) =>
    name !== "experiment"
  );
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
          h("span", { class: `verdict ${verdictClass(claim.verdict)}` }, claim.verdict || "not judged"),
          h(
            "span",
            { class: "quiet detail" },
            claim.words.measured + (claim.predicted === null ? "" : `, predicted ${claim.words.predicted}`),
          ),
          ...notesOf(claim).map((note) => h("span", { class: "quiet detail" }, note)),
        )
      ),
      verdicts.size > 1,
    ];
  });
  claims.replaceChildren(h("h2", { id: "claims-title" }, "Claims"), table("Claims", "claim", rows));
}

function showList() {
  const items = runs.map(({ id, label, record }) => {
    const others = new URLSearchParams(runs.filter((run) => run.id !== id).map((run) => ["id", run.id]));
    return h(
      "li",
      {},
      h("a", { href: `run?${new URLSearchParams({ id })}` }, label),
      " ",
      statusBadge(record.status),
      h("span", { class: "quiet" }, ` ${record.experiment}, ${time(record.start)}, ${duration(record.elapsedMs)} `),
      runs.length > 2
        ? h("a", { class: "quiet", href: `compare?${others}`, "aria-label": `Leave out ${label}` }, "leave out")
        : null,
    );
  });
  const open = list.querySelector("details")?.open ?? false;
  list.replaceChildren(
    runs.length <= LISTED
      ? h("ul", { class: "chosen" }, ...items)
      : h("details", { open }, h("summary", {}, `${runs.length} runs`), h("ul", { class: "chosen" }, ...items)),
  );
}

async function look() {
  // What has ended stays as it is.
  const open = asked.filter((id) => (runs.find((run) => run.id === id)?.record.status ?? "running") === "running");
  const found = new Map(runs.map((run) => [run.id, run]));
  for (let from = 0; from < open.length; from += AT_ONCE) {
    for (const run of await overlay(open.slice(from, from + AT_ONCE))) found.set(run.id, run);
    progress.textContent = open.length > AT_ONCE
      ? `${Math.min(open.length, from + AT_ONCE)} of ${open.length} logs read …`
      : "";
  }
  progress.textContent = "";
  runs = named(asked.map((id) => found.get(id)).filter((run) => run !== undefined));
  showList();
  showOptions();
  showClaims();
  draw();
}

async function watch() {
  if (!document.hidden) await look().catch(() => {});
  if (runs.some(({ record }) => record.status === "running")) setTimeout(watch, LOOK_EVERY_MS);
}

content.replaceChildren(h("h1", {}, "Comparison"), h("p", { class: "quiet" }, "Reading the logs …"), progress);
try {
  if (asked.length < 2) throw new Error("expected two or more runs, chosen in the list");
  scatter.part.append(
    h("h2", { id: "scatter" }, "Option against last value"),
    h("div", { class: "filters" }, scatter.option.field, scatter.quantity.field, scatter.x.field, scatter.y.field),
    h("figure", { class: "card" }, scatter.box, h("div", { class: "below" }, scatter.note, scatter.saves)),
  );
  await look();
  content.replaceChildren(
    h("h1", {}, "Comparison"),
    list,
    h(
      "section",
      { "aria-labelledby": "overlay" },
      h("h2", { id: "overlay" }, "Overlay"),
      h("div", { class: "filters" }, quantities, curve.field, group.field, colour.field),
      controls.element,
      grid,
    ),
    scatter.part,
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
    h("p", {}, h("a", { href: "./" }, "All runs")),
  );
}
