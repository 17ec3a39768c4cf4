/** Curves of logs as charts: what the server sends becomes curves, curves become rows, and rows a specification. */

import { PALETTE, STROKES } from "./palette.js";

/** The curves of one log, kept up to date by its news. */
export class Curves {
  #curves = [];
  newest = [];
  criteria = [];
  rows = 0;
  passedOver = 0;
  share = 0;

  /** Takes news; of what was sent before, points behind those that changed are replaced. */
  take(news) {
    if (news.reset) this.#curves = [];
    for (const { curve, from, points, merged, name } of news.curves) {
      const known = this.#curves[curve] ??= { name, points: [], merged: 1 };
      known.points.length = Math.min(from, known.points.length);
      known.points.push(...points);
      known.merged = merged;
    }
    Object.assign(this, {
      newest: news.newest,
      criteria: news.criteria,
      rows: news.rows,
      passedOver: news.passedOver,
      share: news.share,
    });
  }

  /** Charts, training first; each holds the curves that belong into one figure, those of theories last. */
  charts() {
    const charts = new Map();
    for (const { name, points, merged } of this.#curves) {
      const { kind, x, xUnit, y, unit, meaning, facets, groups, theory } = name;
      const key = JSON.stringify([kind, y, Object.values(facets)]);
      const chart = charts.get(key) ?? { key, kind, x, xUnit, y, unit, meaning, facets, curves: [], merged: 1 };
      charts.set(key, chart);
      chart.curves.push({ label: labelOf(groups), groups, theory: theory ?? "", points });
      chart.merged = Math.max(chart.merged, merged);
    }
    const all = [...charts.values()];
    for (const chart of all) chart.curves.sort((a, b) => Number(a.theory !== "") - Number(b.theory !== ""));
    return all.sort((a, b) => Number(b.kind === "train") - Number(a.kind === "train"));
  }
}

/** What tells a curve from its neighbours: a text alone, a number with its name. */
export function labelOf(groups) {
  return Object.entries(groups).map(([name, value]) =>
    name === "series" || Number.isNaN(Number(value)) ? value : `${name} ${value}`
  ).join(", ");
}

/** What a chart shows: the quantity where a column names it, else the column. */
export function quantityOf({ y, facets }) {
  return facets.quantity ?? y;
}

/** Title of a chart; rows that are neither training nor measurements say what they are. */
export function titleOf(chart) {
  const { quantity: _quantity, ...others } = chart.facets;
  const kind = ["train", "measure"].includes(chart.kind) ? [] : [chart.kind];
  const of = [...kind, ...Object.values(others).filter((value) => value !== "")].join(", ");
  return of === "" ? quantityOf(chart) : `${quantityOf(chart)} (${of})`;
}

/** How a chart is drawn, unless somebody asks for something else. */
export const SETTINGS = { x: "step", xLog: false, yLog: false, smooth: 0, band: "range" };

/** Where something is on the x axis: value of a curve at a position, between its points on the line through them. */
function valueAt(points, x) {
  if (points.length === 0 || x < points[0][0] || x > points.at(-1)[0]) return null;
  let [low, high] = [0, points.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle][0] <= x) low = middle;
    else high = middle;
  }
  const [a, b] = [points[low], points[high]];
  return a[0] === b[0] || x === a[0] ? a[1] : x === b[0] ? b[1] : a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0]);
}

/**
 * Curves with another quantity of the same run as their position.
 *
 * @param {object[]} curves curves of a chart
 * @param {object[]} charts charts of the run, by which the quantity is found
 * @param {string} quantity its name
 * @returns {object[]} the curves as far as the quantity was measured in their series, or in the run's first
 */
export function againstQuantity(curves, charts, quantity) {
  const measured = charts.filter((chart) => quantityOf(chart) === quantity).flatMap((chart) => chart.curves)
    .filter(({ theory }) => theory === "");
  return curves.map((curve) => {
    const source = measured.find(({ groups }) => groups.series === curve.groups?.series) ?? measured[0];
    const points = curve.points.flatMap(([x, ...rest]) => {
      const at = source === undefined ? null : valueAt(source.points, x);
      return at === null ? [] : [[at, ...rest]];
    });
    return { ...curve, points };
  });
}

/** 97.5 % quantile of Student's distribution: exact for few degrees of freedom, to 0.1 % beyond. */
export function student(freedom) {
  const exact = [12.7062, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.306, 2.26216, 2.22814];
  if (freedom <= exact.length) return exact[freedom - 1];
  const z = 1.959964;
  return z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2);
}

/**
 * Several runs of one thing as one curve: what a pool of all their replicas would have given. Where positions differ, each
 * curve is read on the line between its points, and positions outside of any of them are left out.
 *
 * @param {number[][][]} all points of each run
 * @returns {number[][]} points of the pool
 */
export function pooled(all) {
  const given = all.filter((points) => points.length > 0);
  if (given.length < 2) return given[0] ?? [];
  const [first] = given;
  const same = given.every((points) => points.length === first.length && points.every(([x], i) => x === first[i][0]));
  const from = Math.max(...given.map((points) => points[0][0]));
  const to = Math.min(...given.map((points) => points.at(-1)[0]));
  const grid = same
    ? first.map(([x]) => x)
    : [...new Set(given.flatMap((points) => points.map(([x]) => x)))].filter((x) => x >= from && x <= to)
      .sort((a, b) => a - b);
  const columns = [1, 2, 3, 4, 5].map((column) =>
    given.map((points) => points.map((point) => [point[0], point[column]]))
  );
  return grid.map((x, i) => {
    const at = (column, run) => same ? given[run][i][column] : valueAt(columns[column - 1][run], x);
    const runs = given.map((_, run) => ({
      mean: at(1, run),
      low: at(2, run),
      high: at(3, run),
      deviation: at(4, run),
      count: same ? given[run][i][5] : given[run].at(-1)[5],
    }));
    const count = runs.reduce((sum, run) => sum + run.count, 0);
    const mean = runs.reduce((sum, run) => sum + run.count * run.mean, 0) / count;
    const squares = runs.reduce(
      (sum, run) => sum + (run.count - 1) * run.deviation ** 2 + run.count * (run.mean - mean) ** 2,
      0,
    );
    return [
      x,
      mean,
      Math.min(...runs.map(({ low }) => low)),
      Math.max(...runs.map(({ high }) => high)),
      count > 1 ? Math.sqrt(squares / (count - 1)) : 0,
      count,
    ];
  });
}

/** At most so many points, neighbours sharing one: mean of means, smallest and largest of all. */
export function thinned(points, most) {
  if (points.length <= most) return points;
  const size = Math.ceil(points.length / most);
  const thin = [];
  for (let from = 0; from < points.length; from += size) {
    const part = points.slice(from, from + size);
    const mean = (column) => part.reduce((sum, point) => sum + point[column], 0) / part.length;
    thin.push([
      (part[0][0] + part.at(-1)[0]) / 2,
      mean(1),
      Math.min(...part.map((point) => point[2])),
      Math.max(...part.map((point) => point[3])),
      mean(4),
      part[0][5],
    ]);
  }
  return thin;
}

/** Exponential moving average that does not start at 0. */
export function smoothed(values, weight) {
  let [sum, weights] = [0, 0];
  return values.map((value) => {
    sum = weight * sum + value;
    weights = weight * weights + 1;
    return sum / weights;
  });
}

/** Points of all curves of a chart at most: more than this, and drawing is felt. */
const MOST_POINTS = 16_000;

/**
 * Rows of a chart as it is asked for.
 *
 * @param {object[]} curves `{ label, theory, points, run? }`
 * @param {object} settings as {@link SETTINGS}
 * @returns {{ rows: object[], dropped: number, replicas: number, thinned: boolean }} rows; values that have no place on a
 *   logarithmic axis; the most replicas that share a point
 */
export function rowsOf(curves, settings) {
  const { x: axis, xLog, yLog, smooth, band } = { ...SETTINGS, ...settings };
  const most = Math.max(100, Math.floor(MOST_POINTS / Math.max(1, curves.length)));
  let [dropped, replicas, thin] = [0, 1, false];
  const rows = curves.flatMap(({ label, run, theory = "", points: given }) => {
    const points = thinned(given, most);
    thin ||= points.length < given.length;
    const length = points.at(-1)?.[0] || 1;
    const raw = points.map((point) => point[1]);
    const line = smooth > 0 && theory === "" ? smoothed(raw, smooth) : raw;
    return points.flatMap(([at, mean, lowest, highest, deviation = 0, count = 1], i) => {
      replicas = Math.max(replicas, count);
      const half = count > 1 ? student(count - 1) * deviation / Math.sqrt(count) : 0;
      const [low, high] = band === "interval"
        ? [mean - half, mean + half]
        : band === "none"
        ? [mean, mean]
        : [lowest, highest];
      const x = axis === "relative" ? at / length : at;
      if (xLog && x <= 0 || yLog && line[i] <= 0) {
        dropped++;
        return [];
      }
      const row = { x, mean: line[i], low, high, count, curve: label, run: run ?? "", theory };
      if (smooth > 0 && theory === "" && !(yLog && mean <= 0)) row.raw = mean;
      return [row];
    });
  });
  if (yLog) {
    // A band that reaches 0 is cut at the lowest line, below which a logarithmic axis would have no end.
    const floor = rows.reduce((least, { mean, raw = mean }) => Math.min(least, mean, raw), Infinity);
    for (const row of rows) if (row.low <= 0) row.low = Math.min(floor, row.high);
  }
  return { rows, dropped, replicas, thinned: thin };
}

/** What lines and bands are, and what is not shown, in sentences. */
export function statement({ merged }, settings, { dropped, replicas, thinned: thin }) {
  const { band, smooth, x, yLog, xLog } = { ...SETTINGS, ...settings };
  const over = replicas === 1 ? "one replica" : `${replicas} replicas`;
  const bands = {
    range: "band: smallest to largest",
    interval: replicas > 1 ? "band: 95 % interval of the mean (Student)" : "no interval of a single replica",
    none: "",
  };
  const said = [
    [replicas === 1 ? `Line: ${over}` : `Line: mean over ${over}`, bands[band]].filter((each) => each).join("; "),
  ];
  if (smooth > 0) said.push(`Smoothed (moving average of weight ${smooth}); faint: as logged`);
  if (merged > 1) said.push(`Each point stands for up to ${merged} logged positions, the range covers them all`);
  if (thin) said.push("Neighbouring points are drawn as one");
  if (x === "relative") said.push("x: share of the run's length");
  if (dropped > 0) {
    const axes = [xLog ? "x" : "", yLog ? "y" : ""].filter((each) => each).join(" or ");
    said.push(
      `${dropped} ${dropped === 1 ? "point has" : "points have"} no place on the logarithmic ${axes} axis: 0 or less`,
    );
  }
  return `${said.join(". ")}.`;
}

const CONFIG = {
  font: "Inter, system-ui, sans-serif",
  view: { stroke: null },
  axis: {
    labelFontSize: 11,
    labelColor: "#444444",
    titleFontSize: 12,
    titleFontWeight: 400,
    titleColor: "#222222",
    domainColor: "#888888",
    tickColor: "#888888",
    tickSize: 4,
    gridColor: "#ebebeb",
    labelFlush: false,
  },
  legend: {
    orient: "bottom",
    direction: "horizontal",
    columns: 4,
    labelFontSize: 11,
    labelColor: "#444444",
    titleColor: "#222222",
    titleFontSize: 11,
    symbolStrokeWidth: 3,
    labelLimit: 300,
    layout: { bottom: { direction: "vertical", anchor: "start" } },
  },
};

/** Colours of names: those of the house as far as they go, then a scale. */
export function coloursOf(domain) {
  return domain.length <= PALETTE.length
    ? { domain, range: PALETTE.slice(0, domain.length) }
    : { domain, scheme: domain.length <= 20 ? "tableau20" : "viridis" };
}

/**
 * Specification of a chart over the dataset `rows`.
 *
 * @param {object} chart as from {@link Curves.charts}
 * @param {object} settings as {@link SETTINGS}, with `zoom: { x: [from, to] | null, y }`
 * @param {object} [by] names that colours tell apart, where these are not the curves: `{ names, title }`
 */
export function chartSpec(chart, settings, by) {
  const { x: axis, xLog, yLog, smooth, band, zoom = {} } = { ...SETTINGS, ...settings };
  const labels = [...new Set(chart.curves.map(({ label }) => label))];
  const theories = [...new Set(chart.curves.map(({ theory }) => theory).filter((theory) => theory))];
  const field = by ? "run" : "curve";
  const domain = by ? by.names : labels;
  const legend = { symbolType: "stroke", symbolStrokeWidth: 3, symbolOpacity: 1 };
  // Names of runs are long, and tell runs apart at their ends.
  const long = by ? { columns: domain.length > 8 ? 3 : 1, labelLimit: 0 } : {};
  const colour = domain.length > 1
    ? {
      field,
      type: "nominal",
      title: by?.title ?? null,
      scale: coloursOf(domain),
      legend: domain.length > 30 ? null : { ...legend, ...long },
    }
    : { value: PALETTE[0] };
  const dashed = by && labels.length > 1
    ? {
      strokeDash: {
        field: "curve",
        type: "nominal",
        title: null,
        scale: {
          domain: labels,
          range: labels.map((_, index) => index === 0 ? [1, 0] : STROKES[(index - 1) % STROKES.length]),
        },
        legend: { ...legend, symbolStrokeWidth: 2 },
      },
    }
    : {};
  const named = axis.startsWith("quantity:");
  const title = axis === "relative" ? "share of the run" : named ? axis.slice(9) : titled(chart.x, chart.xUnit);
  const scaled = (log, window) => ({
    ...(log ? { type: "log", nice: false } : { zero: false, ...(window ? { nice: false } : {}) }),
    ...(window ? { domain: window } : {}),
  });
  const x = {
    field: "x",
    type: "quantitative",
    title,
    scale: { nice: false, ...scaled(xLog, zoom.x) },
    axis: { grid: false, tickCount: 6 },
  };
  const y = (name) => ({
    field: name,
    type: "quantitative",
    title: titled(quantityOf(chart), chart.unit),
    scale: scaled(yLog, zoom.y),
    axis: { tickCount: 5 },
  });
  const detail = [{ field: "run" }, { field: "curve" }, { field: "theory" }];
  // Against a quantity that may go back, points are joined in the order of the steps.
  const order = named ? { order: { value: null } } : {};
  const measured = { filter: "datum.theory === ''" };
  const layers = [];
  if (band !== "none") {
    layers.push({
      transform: [measured],
      mark: { type: "area", opacity: 0.2, clip: true },
      encoding: { x, y: y("low"), y2: { field: "high" }, color: colour, detail, ...order },
    });
  }
  if (smooth > 0) {
    layers.push({
      transform: [measured, { filter: "isValid(datum.raw)" }],
      mark: { type: "line", strokeWidth: 1, opacity: 0.3, clip: true, strokeJoin: "round" },
      encoding: { x, y: y("raw"), color: colour, detail, ...order },
    });
  }
  layers.push({
    transform: [measured],
    mark: { type: "line", strokeWidth: 1.8, clip: true, strokeJoin: "round" },
    encoding: { x, y: y("mean"), color: colour, detail, ...dashed, ...order },
  });
  if (theories.length > 0) {
    layers.push({
      transform: [{ filter: "datum.theory !== ''" }],
      mark: { type: "line", strokeWidth: 1.6, clip: true, strokeJoin: "round" },
      encoding: {
        x,
        y: y("mean"),
        color: colour,
        detail,
        ...order,
        strokeDash: {
          field: "theory",
          type: "nominal",
          title: "theory",
          scale: { domain: theories, range: theories.map((_, index) => STROKES[index % STROKES.length]) },
          legend: { ...legend, symbolStrokeWidth: 2, symbolSize: 300 },
        },
      },
    });
  }
  return {
    description: `${titleOf(chart)} against ${title}`,
    height: 240,
    data: { name: "rows" },
    datasets: { rows: [] },
    config: CONFIG,
    resolve: { scale: { strokeDash: "independent" } },
    layer: layers,
  };
}

/** Options of one kind of run against their last values. */
export function scatterSpec({ rows, option, quantity, colour, names, xLog, yLog }) {
  const number = rows.every(({ x }) => typeof x === "number");
  const x = {
    field: "x",
    type: number ? "quantitative" : "nominal",
    title: option,
    ...(number ? { scale: { zero: false, padding: 12, ...(xLog ? { type: "log" } : {}) } } : {}),
    axis: { grid: false, ...(number ? { tickCount: 6 } : {}) },
  };
  const y = (field) => ({
    field,
    type: "quantitative",
    title: quantity,
    scale: { zero: false, ...(yLog ? { type: "log" } : {}) },
  });
  const shade = names.length > 1
    ? {
      field: "group",
      type: "nominal",
      title: colour,
      scale: coloursOf(names),
      legend: names.length > 30 ? null : { columns: 2, labelLimit: 0 },
    }
    : { value: PALETTE[0] };
  return {
    description: `Last ${quantity} against ${option}`,
    height: 300,
    data: { name: "rows" },
    datasets: { rows },
    config: CONFIG,
    layer: [
      {
        mark: { type: "rule", strokeWidth: 2, opacity: 0.7 },
        encoding: { x, y: y("low"), y2: { field: "high" }, color: shade },
      },
      {
        mark: { type: "point", filled: true, size: 60, opacity: 0.9, tooltip: { content: "data" } },
        encoding: { x, y: y("mean"), color: shade },
      },
    ],
  };
}

/** Cells up to which a heat map writes its numbers. */
const WRITTEN = 120;

/**
 * Last values over two options as colours.
 *
 * @param {object} options `rows: { x, y, value, low, high, replicas }`, names and values of both options in their order, and
 *   whether colours are logarithmic
 */
export function heatSpec({ rows, x: [xName, xs], y: [yName, ys], quantity, log }) {
  const channel = (field, title, sort, more) => ({
    field,
    type: "nominal",
    title,
    sort,
    scale: { domain: sort },
    ...more,
  });
  const encoding = {
    x: channel("x", xName, xs, { axis: { labelAngle: 0, labelOverlap: true, grid: false } }),
    y: channel("y", yName, ys.toReversed(), { axis: { grid: false } }),
  };
  const values = rows.map(({ value }) => log ? Math.log(value) : value);
  const middle = (Math.min(...values) + Math.max(...values)) / 2;
  const bright = log ? `log(datum.value) > ${middle}` : `datum.value > ${middle}`;
  return {
    description: `Last ${quantity} by ${xName} and ${yName}`,
    height: Math.max(200, Math.min(560, 30 * ys.length)),
    data: { name: "rows" },
    datasets: { rows },
    config: CONFIG,
    layer: [
      {
        mark: { type: "rect", tooltip: { content: "data" } },
        encoding: {
          ...encoding,
          color: {
            field: "value",
            type: "quantitative",
            title: quantity,
            scale: { scheme: "viridis", ...(log ? { type: "log" } : {}) },
            legend: { orient: "right", direction: "vertical", gradientLength: 120 },
          },
        },
      },
      ...(rows.length > WRITTEN ? [] : [{
        mark: { type: "text", fontSize: 11 },
        encoding: {
          ...encoding,
          text: { field: "value", type: "quantitative", format: ".3~g" },
          // The bright end of the scale takes dark letters; these colours are the map's, not the page's.
          color: { condition: { test: bright, value: "#111111" }, value: "#fefefe" },
        },
      }]),
    ],
  };
}

/** Most options that are drawn beside each other as axes. */
export const MOST_AXES = 8;

/**
 * Options and the last value of each run as parallel coordinates: an axis each, a line a run.
 *
 * Numbers stand at their place between the smallest and the largest, on a logarithmic axis where `logs` has its name and all
 * are positive; other values stand at equal distances.
 */
export function parallelSpec({ lines, axes, logs, quantity, colour, names }) {
  const scales = axes.map((axis) => {
    const values = [...new Set(lines.map(({ values }) => values[axis]))];
    const numbers = values.map(Number);
    const numeric = values.every((value, i) => value !== "" && value !== null && Number.isFinite(numbers[i]));
    const log = numeric && logs.has(axis) && numbers.every((value) => value > 0);
    const of = (value) => log ? Math.log(Number(value)) : Number(value);
    const [low, high] = numeric ? [Math.min(...numbers), Math.max(...numbers)] : [0, 0];
    const order = values.map(String).toSorted();
    const at = numeric
      ? (value) => high > low ? (of(value) - of(low)) / (of(high) - of(low)) : 0.5
      : (value) => order.length > 1 ? order.indexOf(String(value)) / (order.length - 1) : 0.5;
    const shown = numeric ? [...new Set([low, high])] : order.length <= 12 ? order : [order[0], order.at(-1)];
    const title = log ? `${axis} (log)` : axis;
    return { axis, title, at, labels: shown.map((value) => ({ axis: title, at: at(value), text: shortText(value) })) };
  });
  const rows = lines.flatMap(({ values, run, group }) =>
    scales.map(({ axis, title, at }) => ({
      axis: title,
      at: at(values[axis]),
      value: values[axis],
      run,
      group,
      last: Number(values[axes.at(-1)]),
    }))
  );
  const x = {
    field: "axis",
    type: "nominal",
    title: null,
    sort: scales.map(({ title }) => title),
    scale: { type: "point", padding: 0.4 },
    axis: { orient: "top", domain: false, ticks: false, labelAngle: 0, labelLimit: 130, labelPadding: 14 },
  };
  const y = { field: "at", type: "quantitative", axis: null, scale: { domain: [0, 1] } };
  const shade = colour === null
    ? { field: "last", type: "quantitative", title: quantity, scale: { scheme: "viridis" } }
    : {
      field: "group",
      type: "nominal",
      title: colour,
      scale: coloursOf(names),
      legend: { columns: 2, labelLimit: 0 },
    };
  return {
    description: `Options and last ${quantity} of ${lines.length} runs, a line a run`,
    height: 300,
    data: { name: "rows" },
    datasets: { rows, labels: scales.flatMap(({ labels }) => labels) },
    config: CONFIG,
    layer: [
      {
        data: { name: "labels" },
        mark: { type: "rule", color: "#8c8c8c" },
        encoding: { x, y: { value: 0 }, y2: { value: "height" } },
      },
      {
        mark: { type: "line", opacity: 0.65, strokeWidth: 1.5, tooltip: { content: "data" } },
        encoding: { x, y, detail: { field: "run" }, color: shade },
      },
      {
        data: { name: "labels" },
        mark: { type: "text", align: "left", dx: 6, dy: -7, fontSize: 11, color: "#777777" },
        encoding: { x, y, text: { field: "text" } },
      },
    ],
  };
}

function shortText(value) {
  return typeof value === "number" ? String(Number(value.toPrecision(4))) : String(value);
}

/** Rows as CSV (RFC 4180). */
export function csvOf(rows) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const field = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows.map((row) => columns.map((name) => row[name]))].map((cells) => cells.map(field).join(","))
    .join("\n") +
    "\n";
}

function titled(name, unit) {
  return unit === "" || unit === `${name}s` ? name : `${name} (${unit})`;
}
