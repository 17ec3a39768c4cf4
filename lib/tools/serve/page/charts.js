/** Curves of logs as charts: what the server sends becomes rows, and rows become a specification. */

import { PALETTE } from "./theme.js";

/** The curves of one log, kept up to date by its news. */
export class Curves {
  #curves = [];
  newest = {};
  criteria = [];
  rows = 0;
  passedOver = 0;
  share = 0;

  /** Takes news; returns the numbers of the curves that changed. */
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

  /** Charts by key, training first; each holds the curves that belong into one figure. */
  charts() {
    const charts = new Map();
    for (const { name, points, merged } of this.#curves) {
      const { kind, x, xUnit, y, unit, meaning, facets, groups } = name;
      const key = JSON.stringify([kind, y, Object.values(facets)]);
      const chart = charts.get(key) ?? { key, kind, x, xUnit, y, unit, meaning, facets, curves: [], merged: 1 };
      charts.set(key, chart);
      chart.curves.push({ label: labelOf(groups), points });
      chart.merged = Math.max(chart.merged, merged);
    }
    return [...charts.values()].sort((a, b) => Number(b.kind === "train") - Number(a.kind === "train"));
  }
}

/** What tells a curve from its neighbours: a text alone, a number with its name. */
function labelOf(groups) {
  return Object.entries(groups).map(([name, value]) => Number.isNaN(Number(value)) ? value : `${name} ${value}`).join(
    ", ",
  );
}

/** Title of a chart: the quantity where a column names it, else the column. */
export function titleOf({ kind, y, facets }) {
  const { quantity, ...others } = facets;
  const of = Object.values(others).filter((value) => value !== "").join(", ");
  const about = [kind === "measure" ? "" : kind, of].filter((part) => part !== "").join(": ");
  return about === "" ? `${quantity ?? y}` : `${quantity ?? y} (${about})`;
}

/** Rows of curves, `series` telling them apart. */
export function rowsOf(curves) {
  return curves.flatMap(({ label, run, points }) =>
    points.map(([x, mean, low, high]) => ({ x, mean, low, high, curve: label, run: run ?? "" }))
  );
}

/** Whether all values can stand on a logarithmic axis. */
export function positive(curves) {
  return curves.every(({ points }) => points.every(([, , low]) => low > 0));
}

/** What the points and the band are, in a sentence. */
export function statement({ merged }) {
  return `Line: mean over replicas; band: smallest to largest${
    merged > 1 ? `. Each point stands for up to ${merged} logged positions, the band covers them all` : ""
  }.`;
}

/**
 * Specification of a chart over the dataset `rows`.
 *
 * @param {object} chart as from {@link Curves.charts}
 * @param {{ log: boolean, runs?: string[] }} options scale of the y axis; names of runs where several are compared
 */
export function chartSpec(chart, { log, runs }) {
  const labels = [...new Set(chart.curves.map(({ label }) => label))];
  const field = runs ? "run" : "curve";
  const several = runs ? true : labels.length > 1;
  const domain = runs ?? labels;
  const range = domain.length <= PALETTE.length ? { range: PALETTE.slice(0, domain.length) } : { scheme: "viridis" };
  const hues = runs || labels.length > PALETTE.length ? { domain, ...range } : { range: PALETTE };
  const legend = {
    symbolType: "stroke",
    symbolStrokeWidth: 3,
    symbolOpacity: 1,
    // Names of runs are long, and tell runs apart at their ends.
    ...(runs ? { columns: 1, labelLimit: 0 } : {}),
  };
  const colour = several
    ? { field, type: "nominal", title: runs ? "run" : null, scale: hues, legend }
    : { value: PALETTE[0] };
  const dash = runs && labels.length > 1 ? { strokeDash: { field: "curve", type: "nominal", title: null } } : {};
  const x = {
    field: "x",
    type: "quantitative",
    title: axis(chart.x, chart.xUnit),
    scale: { zero: false, nice: false },
    axis: { grid: false, tickCount: 6 },
  };
  const scale = log ? { type: "log", nice: false } : { zero: false };
  const y = (name) => ({
    field: name,
    type: "quantitative",
    title: axis(chart.facets.quantity ?? chart.y, chart.unit),
    scale,
    axis: { tickCount: 5 },
  });
  const detail = [{ field: "run" }, { field: "curve" }];
  return {
    description: `${titleOf(chart)} against ${chart.x}`,
    height: 240,
    data: { name: "rows" },
    datasets: { rows: rowsOf(chart.curves) },
    config: {
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
    },
    layer: [
      {
        mark: { type: "area", opacity: 0.2, clip: true },
        encoding: { x, y: y("low"), y2: { field: "high" }, color: colour, detail },
      },
      {
        mark: { type: "line", strokeWidth: 1.8, clip: true, strokeJoin: "round" },
        encoding: { x, y: y("mean"), color: colour, detail, ...dash },
      },
    ],
  };
}

function axis(name, unit) {
  return unit === "" || unit === `${name}s` ? name : `${name} (${unit})`;
}
