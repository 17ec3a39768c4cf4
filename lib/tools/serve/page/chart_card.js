/** A chart of curves: drawn once it is seen, with a crosshair, a zoom that shows, and its data to take away. */

import { chartSpec, rowsOf, statement, titleOf } from "./charts.js";
import { h, short } from "./dom.js";
import { drawFigure, printable, saveButtons } from "./figure.js";

/** Curves that the crosshair tells. */
const TOLD = 16;
/** Pixels below which a drag is a click. */
const CLICK = 6;

/**
 * A card with a chart.
 *
 * @param {object} [options]
 * @param {number} [options.height] pixels of the plot
 * @param {boolean} [options.paper] whether a picture for paper is made at once
 * @returns {{ card: HTMLElement, take(chart: object, settings: object, by?: object): void, stop(): void }} `take` shows a
 *   chart as {@link Curves.charts} gives it; curves of several runs have `run`, and `by` names what colours tell apart
 */
export function chartCard({ height = 240, paper = false } = {}) {
  const box = h("div", { class: "drawing" });
  const line = h("div", { class: "crosshair", hidden: true });
  const selection = h("div", { class: "selection", hidden: true });
  const told = h("div", { class: "bubble values", hidden: true });
  const plot = h("div", { class: "plot" }, box, line, selection, told);
  const heading = h("h3");
  const subtitle = h("p", { class: "quiet subtitle" });
  const note = h("span", { class: "quiet" });
  const reset = h("button", { type: "button", class: "small", hidden: true, onclick: () => zoomTo({}) }, "Reset zoom");
  const closer = h("button", {
    type: "button",
    class: "small",
    title: "Drag over the chart to choose a part of it",
    onclick: () => zoomBy(0.5),
  }, "Zoom in");
  const saves = h("span");
  const card = h(
    "figure",
    { class: "card" },
    h("figcaption", {}, heading, subtitle),
    plot,
    h("div", { class: "below" }, note, h("span", { class: "saves" }, reset, closer, saves)),
  );
  let [shown, figure, visible, printed, stamp, shape, zoom, rows] = [null, null, false, false, "", "", {}, []];

  function take(chart, settings, by) {
    shown = { chart, settings, by };
    const title = titleOf(chart);
    if (heading.textContent !== title) {
      heading.textContent = title;
      reset.setAttribute("aria-label", `Reset zoom of ${title}`);
      closer.setAttribute("aria-label", `Zoom in on ${title}`);
      saves.replaceChildren(saveButtons(() => title, () => specification(), () => rows));
    }
    subtitle.textContent = chart.facets.quantity === undefined ? chart.meaning : "";
    if (visible || paper) draw();
  }

  function specification() {
    const { chart, settings, by } = shown;
    return {
      ...chartSpec(chart, { ...settings, zoom }, by),
      title: titleOf(chart),
      height,
      datasets: { rows },
      usermeta: { plain: true },
    };
  }

  function draw() {
    const { chart, settings, by } = shown;
    const last = chart.curves.map(({ points, label, run }) => [label, run, points.length, points.at(-1)]);
    const next = JSON.stringify([chart.key, last, chart.merged, settings, by, zoom]);
    if (next === stamp) return;
    stamp = next;
    const made = rowsOf(chart.curves, settings);
    rows = made.rows;
    note.textContent = statement(chart, settings, made);
    reset.hidden = !zoom.x && !zoom.y;
    if (rows.length === 0) {
      figure?.stop();
      [figure, shape] = [null, ""];
      box.replaceChildren(h("p", { class: "quiet" }, "Nothing to draw on these axes."));
      card.dataset.drawn = "true";
      return;
    }
    const nextShape = JSON.stringify([
      chart.key,
      chart.curves.map(({ label, run, theory }) => [label, run, theory]),
      settings,
      by,
      zoom,
    ]);
    const failed = (error) => {
      box.replaceChildren(h("p", { class: "problem" }, `Not drawn here: ${error.message}`));
      card.dataset.drawn = "true";
    };
    const done = () => {
      card.dataset.drawn = "true";
      card.dataset.points = String(rows.length);
      card.dataset.changes = String(Number(card.dataset.changes ?? 0) + 1);
    };
    if (paper && !printed) printable(plot, specification());
    printed = true;
    if (!visible) return;
    if (figure === null) {
      figure = drawFigure(box, specification());
      figure.ready.then(done, failed);
    } else if (nextShape !== shape) figure.change(specification()).then(done, failed);
    else figure.update("rows", rows).then(done, () => {});
    shape = nextShape;
  }

  function zoomTo(next) {
    zoom = next;
    hide();
    draw();
  }

  /** Where the axes are on the screen, and what they say. */
  function frame() {
    const view = figure?.view();
    const canvas = box.querySelector("canvas");
    if (!view || canvas === null) return null;
    try {
      const [left, top] = view.origin();
      const place = canvas.getBoundingClientRect();
      const base = plot.getBoundingClientRect();
      return {
        x: view.scale("x"),
        y: view.scale("y"),
        left: place.left - base.left + left,
        top: place.top - base.top + top,
        width: view.signal("width"),
        height: view.signal("height"),
      };
    } catch {
      return null; // Drawn anew at this moment.
    }
  }

  /** Position of the pointer inside of the axes, in pixels; null outside. */
  function at(event, axes, clamped = false) {
    const base = plot.getBoundingClientRect();
    const x = event.clientX - base.left - axes.left;
    const y = event.clientY - base.top - axes.top;
    const inside = (value, end) => Math.max(0, Math.min(end, value));
    if (clamped) return [inside(x, axes.width), inside(y, axes.height)];
    return x < 0 || y < 0 || x > axes.width || y > axes.height ? null : [x, y];
  }

  function zoomBy(share) {
    const axes = frame();
    if (axes === null) return;
    const [from, to] = [axes.width * share / 2, axes.width * (1 - share / 2)];
    zoomTo({ ...zoom, x: [axes.x.invert(from), axes.x.invert(to)] });
  }

  let start = null;
  plot.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button !== 0) return;
    const axes = frame();
    start = axes && at(event, axes);
    if (start) plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener("pointermove", (event) => {
    const axes = frame();
    if (axes === null) return;
    if (start === null) return tell(event, axes);
    hide();
    const end = at(event, axes, true);
    const [wide, tall] = [Math.abs(end[0] - start[0]), Math.abs(end[1] - start[1])];
    selection.hidden = wide < CLICK;
    // A flat drag chooses a stretch of x alone.
    const flat = tall < 24;
    const style = selection.style;
    style.left = `${axes.left + Math.min(start[0], end[0])}px`;
    style.width = `${wide}px`;
    style.top = `${axes.top + (flat ? 0 : Math.min(start[1], end[1]))}px`;
    style.height = `${flat ? axes.height : tall}px`;
  });
  plot.addEventListener("pointerup", (event) => {
    const axes = frame();
    const from = start;
    start = null;
    selection.hidden = true;
    if (from === null || axes === null) return;
    const to = at(event, axes, true);
    const [wide, tall] = [Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1])];
    if (wide < CLICK) return;
    const range = (scale, a, b) =>
      [scale.invert(Math.min(a, b)), scale.invert(Math.max(a, b))].sort((one, other) => one - other);
    zoomTo({ x: range(axes.x, from[0], to[0]), y: tall < 24 ? zoom.y : range(axes.y, from[1], to[1]) });
  });
  plot.addEventListener("pointerleave", () => start === null && hide());
  plot.addEventListener("pointercancel", () => {
    start = null;
    selection.hidden = true;
    hide();
  });
  plot.addEventListener("dblclick", () => zoomTo({}));

  function hide() {
    line.hidden = true;
    told.hidden = true;
  }

  /** The values of all curves at the x that is nearest to the pointer. */
  function tell(event, axes) {
    const place = at(event, axes);
    if (place === null) return hide();
    const wanted = axes.x.invert(place[0]);
    const curves = Map.groupBy(rows, ({ run, curve, theory }) => JSON.stringify([run, curve, theory]));
    const distance = (row) => Math.abs(axes.x(row.x) - place[0]);
    const nearest = [...curves.values()].map((all) =>
      all.reduce((best, row) => distance(row) < distance(best) ? row : best)
    );
    const best = nearest.reduce((a, b) => distance(b) < distance(a) ? b : a, nearest[0]);
    if (best === undefined || !Number.isFinite(wanted)) return hide();
    const found = nearest.filter((row) => Math.abs(axes.x(row.x) - axes.x(best.x)) < 24).sort((a, b) =>
      b.mean - a.mean
    );
    const view = figure.view();
    const colour = (row) => {
      try {
        return view.scale("color")(shown.by ? row.run : row.curve);
      } catch {
        return "currentColor"; // One curve has no scale of colours.
      }
    };
    const swatch = (row) => {
      const mark = h("span", { class: row.theory === "" ? "swatch" : "swatch dashed" });
      mark.style.color = colour(row);
      return mark;
    };
    const name = (row) => [row.run, row.curve, row.theory].filter((part) => part !== "").join(", ") || "value";
    const spread = ({ low, high, count, theory }) =>
      theory === "" && count > 1 ? ` [${short(low)}, ${short(high)}]` : "";
    told.replaceChildren(
      h("div", { class: "quiet" }, `${shown.settings.x === "step" ? shown.chart.x : "x"} ${short(best.x)}`),
      ...found.slice(0, TOLD).map((row) =>
        h(
          "div",
          {},
          swatch(row),
          `${name(row).slice(0, 60)} `,
          h("b", {}, short(row.mean)),
          h("span", { class: "quiet" }, spread(row)),
        )
      ),
      found.length > TOLD ? h("div", { class: "quiet" }, `and ${found.length - TOLD} more`) : "",
    );
    line.hidden = false;
    line.style.left = `${axes.left + axes.x(best.x)}px`;
    line.style.top = `${axes.top}px`;
    line.style.height = `${axes.height}px`;
    told.hidden = false;
    const { width, height: tall } = told.getBoundingClientRect();
    told.style.left = `${Math.max(4, Math.min(event.clientX + 16, innerWidth - width - 8))}px`;
    told.style.top = `${
      Math.max(4, event.clientY + 18 + tall > innerHeight ? event.clientY - tall - 12 : event.clientY + 18)
    }px`;
  }

  const seen = new IntersectionObserver((entries) => {
    visible = entries.at(-1).isIntersecting;
    if (visible && shown !== null) {
      if (figure === null) stamp = "";
      draw();
    }
  }, { rootMargin: "200px" });
  seen.observe(card);
  return {
    card,
    take,
    stop: () => {
      seen.disconnect();
      figure?.stop();
      card.remove();
    },
  };
}

/**
 * Controls of how charts are drawn.
 *
 * @param {(settings: object) => void} changed told of every change
 * @param {object} [first] what is chosen at first, where it is not the first of its kind: `{ band }`
 * @returns {{ element: HTMLElement, settings(): object, quantities(names: string[]): void }} `quantities` says which may be
 *   an x axis
 */
export function chartControls(changed, first = {}) {
  const told = () => changed(settings());
  const select = (name, options) =>
    h(
      "select",
      { id: `chart-${name}`, onchange: told },
      ...options.map(([value, text]) => h("option", { value }, text)),
    );
  const x = select("x", [["step", "step"], ["relative", "share of the run"]]);
  const scales = [["linear", "linear"], ["log", "logarithmic"]];
  const xScale = select("x-scale", scales);
  const yScale = select("y-scale", scales);
  const band = select("band", [["range", "smallest to largest"], ["interval", "95 % interval"], ["none", "none"]]);
  band.value = first.band ?? band.value;
  const smooth = h("input", {
    type: "range",
    id: "chart-smooth",
    min: "0",
    max: "0.99",
    step: "0.01",
    value: "0",
    oninput: told,
  });
  const field = (label, element) => h("div", { class: "field" }, h("label", { for: element.id }, label), element);
  function settings() {
    return {
      x: x.value,
      xLog: xScale.value === "log",
      yLog: yScale.value === "log",
      band: band.value,
      smooth: Number(smooth.value),
    };
  }
  return {
    element: h(
      "div",
      { class: "filters", role: "group", "aria-label": "How charts are drawn" },
      field("x", x),
      field("x axis", xScale),
      field("y axis", yScale),
      field("band", band),
      field("smoothing", smooth),
    ),
    settings,
    quantities: (names) => {
      const wanted = ["step", "relative", ...names.map((name) => `quantity:${name}`)];
      if (JSON.stringify(wanted) === JSON.stringify([...x.options].map(({ value }) => value))) return;
      const { value } = x;
      x.replaceChildren(
        ...wanted.map((each) =>
          h(
            "option",
            { value: each },
            { step: "step", relative: "share of the run" }[each] ?? each.slice("quantity:".length),
          )
        ),
      );
      if (wanted.includes(value)) x.value = value;
    },
  };
}
