/** Draws specifications with Vega: fitted to the page, with values at the pointer, and without any way out of the page. */

import { csvOf } from "./charts.js";
import { h } from "./dom.js";
import { dark, themed } from "./theme.js";

/** Whatever a specification asks to load, this refuses. */
const refusing = {
  load: () => Promise.reject(new Error("a figure may load nothing")),
  sanitize: () => Promise.reject(new Error("a figure may link to nothing")),
  http: () => Promise.reject(new Error("a figure may load nothing")),
  file: () => Promise.reject(new Error("a figure may load nothing")),
};

const bubble = h("div", { class: "bubble", role: "tooltip", hidden: true });

/** Shows the values at the pointer, as text. */
function tooltip(_handler, event, _item, value) {
  if (value === null || value === undefined || value === "") {
    bubble.hidden = true;
    return;
  }
  const lines = typeof value === "object" ? Object.entries(value) : [["", value]];
  bubble.replaceChildren(
    ...lines.slice(0, 12).map(([name, text]) =>
      h("div", {}, name === "" ? null : h("span", { class: "quiet" }, `${name} `), String(text).slice(0, 200))
    ),
  );
  if (!bubble.isConnected) document.body.append(bubble);
  bubble.hidden = false;
  const { width, height } = bubble.getBoundingClientRect();
  bubble.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 8))}px`;
  bubble.style.top = `${
    event.clientY + 18 + height > innerHeight ? event.clientY - height - 10 : event.clientY + 18
  }px`;
}

/** Title, subtitle and description, which stand in the page as text that wraps. */
export function captionOf(spec) {
  const lines = (value, between = " ") => [value ?? []].flat().filter((line) => typeof line === "string").join(between);
  const title = spec.title;
  const plain = typeof title === "string" || Array.isArray(title);
  return {
    title: lines(plain ? title : title?.text),
    subtitle: lines(plain ? "" : title?.subtitle, "; "),
    description: lines(spec.description),
  };
}

/** The specification for a page of this width: legends below where it is narrow, as many panels in a row as fit. */
function fitted(spec, width) {
  const narrow = width < 560;
  const { title: _title, ...rest } = spec;
  const below = narrow || Array.isArray(spec.concat) && width < 760;
  const config = {
    ...rest.config,
    padding: 4,
    legend: {
      ...rest.config?.legend,
      ...(below
        ? {
          orient: "bottom",
          direction: "horizontal",
          columns: narrow ? 2 : 4,
          offset: 8,
          layout: { bottom: { direction: "vertical", anchor: "start", margin: 6 } },
        }
        : {}),
      ...(narrow ? { labelLimit: Math.round(width / 2 - 50) } : {}),
    },
  };
  if (Array.isArray(spec.concat)) {
    const columns = Math.max(1, Math.min(Number(spec.columns) || spec.concat.length, Math.floor(width / 280)));
    const panel = Math.max(
      150,
      Math.min(360, Math.floor((width - 104 - (below ? 0 : 200) - (columns - 1) * 84) / columns)),
    );
    const concat = spec.concat.map((view) => typeof view?.width === "number" ? { ...view, width: panel } : view);
    return { ...rest, config, columns, concat };
  }
  if (!("layer" in spec || "mark" in spec)) return { ...rest, config };
  return { ...rest, config, width: Math.min(width, 1200), autosize: { type: "fit-x", contains: "padding" } };
}

/** Values at the pointer, and where there is a mouse, dragging and zooming. */
function interactive(spec) {
  if (spec.usermeta?.plain) return spec;
  const fine = globalThis.matchMedia("(pointer: fine)").matches;
  let panel = 0;
  const view = (node, first) => {
    if (Array.isArray(node.concat)) return { ...node, concat: node.concat.map((each) => view(each, true)) };
    if (Array.isArray(node.layer)) {
      return { ...node, layer: node.layer.map((each, index) => view(each, first && index === 0)) };
    }
    if (!("mark" in node)) return node;
    const mark = typeof node.mark === "string" ? { type: node.mark } : node.mark;
    // What sticks out of its panel may do so: titles are text, and a mark may say so itself.
    const told = { tooltip: true, ...(mark.type === "text" ? {} : { clip: true }), ...mark };
    // A line has no place of its own: invisible points along it carry the values.
    if (mark.type === "line" && mark.point === undefined) told.point = { opacity: 0, size: 60, filled: true };
    if (mark.type === "area" || mark.type === "rule") told.tooltip = null;
    const scales = fine && first && node.encoding?.x?.type === "quantitative" &&
      node.encoding?.y?.type === "quantitative";
    const zoom = {
      name: `window_${panel++}`,
      bind: "scales",
      select: { type: "interval", zoom: "wheel![event.shiftKey]" },
    };
    return { ...node, mark: told, ...(scales ? { params: [...node.params ?? [], zoom] } : {}) };
  };
  return view(spec, true);
}

/** Options of every drawing: no way out of the page, no code of a figure's own. */
const OPTIONS = {
  mode: "vega-lite",
  ast: true,
  actions: false,
  defaultStyle: false,
  loader: refusing,
  tooltip,
  hover: false,
  logLevel: 0,
};

/**
 * A figure as a file, in the colours of paper and with its title, whatever the page looks like.
 *
 * @param {object} spec a specification
 * @param {"svg" | "png"} format of the file
 * @param {number} [width] pixels, of figures that have no width of their own
 * @returns {Promise<Blob>}
 */
export async function exported(spec, format, width = 640) {
  const paper = themed("width" in spec || "concat" in spec ? spec : { width, ...spec }, false);
  const prepared = { ...paper, background: "white", padding: 8, config: { ...paper.config, background: "white" } };
  delete prepared.usermeta;
  const drawn = await globalThis.vegaEmbed(h("div"), prepared, { ...OPTIONS, renderer: "svg" });
  try {
    if (format === "svg") return new Blob([await drawn.view.toSVG()], { type: "image/svg+xml" });
    const canvas = await drawn.view.toCanvas(2);
    return await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  } finally {
    drawn.finalize();
  }
}

/** Hands a file to whoever looks at the page. */
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/**
 * Buttons that save a figure as SVG, PNG and CSV.
 *
 * @param {() => string} name of the files
 * @param {() => object} spec gives the specification as it is now
 * @param {() => object[]} rows gives its data
 */
export function saveButtons(name, spec, rows) {
  const kinds = {
    SVG: async () => await exported(spec(), "svg"),
    PNG: async () => await exported(spec(), "png"),
    CSV: () => new Blob([csvOf(rows())], { type: "text/csv" }),
  };
  return h(
    "span",
    { class: "saves" },
    ...Object.entries(kinds).map(([kind, make]) =>
      h("button", {
        type: "button",
        class: "small",
        "aria-label": `Save ${kind} of ${name()}`,
        onclick: async () => download(await make(), `${fileName(name())}.${kind.toLowerCase()}`),
      }, kind)
    ),
  );
}

function fileName(title) {
  return title.replaceAll(/[^\w.-]+/g, "-").replaceAll(/^-+|-+$/g, "").slice(0, 80) || "figure";
}

/** All rows of a specification; of several datasets with the name of each. */
function rowsIn(spec) {
  const found = [];
  const walk = (node) => {
    if (Array.isArray(node)) return node.forEach(walk);
    if (typeof node !== "object" || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === "datasets") found.push(...Object.entries(value ?? {}));
      else if (key === "data" && Array.isArray(value?.values)) found.push(["", value.values]);
      else if (key !== "values") walk(value);
    }
  };
  walk(spec);
  const rows = found.filter(([, values]) =>
    Array.isArray(values) && values.some((row) => Object.keys(row ?? {}).length > 0)
  );
  return rows.flatMap(([dataset, values]) => rows.length > 1 ? values.map((row) => ({ dataset, ...row })) : values);
}

/**
 * Draws a figure and keeps it fitted to its box and to the colours of the page.
 *
 * @param {HTMLElement} box an element of its own for the figure
 * @param {object} spec a specification
 * @returns {{ ready: Promise<void>, update(name: string, rows: object[]): Promise<void>, change(spec: object): Promise<void>,
 *   view(): object | null, again(): Promise<void>, stop(): void }} resolves once drawn; rejects where it cannot be
 */
export function drawFigure(box, spec) {
  let [result, width, turn, stopped] = [null, 0, Promise.resolve(), false];
  const rows = new Map();
  const embed = async (prepared) => {
    const target = h("div");
    const drawn = await globalThis.vegaEmbed(target, prepared, { ...OPTIONS, renderer: "canvas" });
    return { drawn, target };
  };
  const draw = async () => {
    width = Math.max(240, box.clientWidth);
    const base = themed(fitted(spec, width));
    const filled = rows.size === 0 ? base : { ...base, datasets: { ...base.datasets, ...Object.fromEntries(rows) } };
    const plain = ({ usermeta: _usermeta, ...rest }) => rest;
    let next;
    try {
      next = await embed(plain(interactive(filled)));
    } catch {
      next = await embed(plain(filled)); // Where what we add does not fit in, the figure as it is.
    }
    if (stopped) return next.drawn.finalize();
    result?.finalize();
    result = next.drawn;
    box.replaceChildren(next.target);
  };
  const inTurn = (job) => turn = turn.then(job, job);
  const ready = inTurn(draw);
  const redraw = () => inTurn(draw).catch(() => {});
  const sizes = new ResizeObserver(() => {
    // Paper is no narrower window: what is printed is drawn for it.
    if (globalThis.matchMedia("print").matches) return;
    if (Math.abs(Math.max(240, box.clientWidth) - width) > 8 && result !== null) redraw();
  });
  sizes.observe(box);
  drawings.set(box, () => result?.view ?? null);
  dark.addEventListener("change", redraw);
  return {
    ready,
    update: (name, values) => {
      rows.set(name, values);
      return inTurn(() => result?.view.data(name, values).resize().runAsync());
    },
    change: (next) => {
      spec = next;
      rows.clear();
      return inTurn(draw);
    },
    view: () => result?.view ?? null,
    again: () => inTurn(draw),
    stop: () => {
      stopped = true;
      sizes.disconnect();
      dark.removeEventListener("change", redraw);
      result?.finalize();
    },
  };
}

/** Texts of a drawing that are cut at the edge of their panel. */
export function clipped(box) {
  const view = drawings.get(box)?.();
  const texts = [];
  const walk = (mark, cut) => {
    const within = cut || mark.clip === true || typeof mark.clip === "object" && mark.clip !== null;
    for (const item of mark.items ?? []) {
      if (mark.marktype === "text" && within) texts.push(String(item.text));
      if (mark.marktype === "group") { for (const child of item.items ?? []) walk(child, within); }
    }
  };
  if (view) walk(view.scenegraph().root, false);
  return texts;
}

/** Views by their box. */
const drawings = new WeakMap();

/** Pictures for paper are made one after the other, so that the page stays quick; the page says when all are there. */
let printing = Promise.resolve();

/** Resolves once every figure that was asked for has its picture for paper. */
export async function printed() {
  for (let before = null; before !== printing;) await (before = printing);
}

/**
 * Puts a picture beside a drawing that is shown on paper in its place.
 *
 * @param {HTMLElement} box the drawing
 * @param {object | Promise<object>} spec its specification
 */
export function printable(box, spec) {
  printing = printing.then(async () => {
    try {
      const given = await spec;
      const svg = await exported(given, "svg", 620);
      const image = h("img", { class: "paper", alt: captionOf(given).title, src: URL.createObjectURL(svg) });
      await image.decode();
      box.after(image);
      box.classList.add("screen");
    } catch {
      // A figure that cannot be drawn has said so in its box.
    }
  });
}

/**
 * A figure with its caption, drawn once it comes into view.
 *
 * @param {object} options
 * @param {string} options.name its name, for the file that is saved
 * @param {() => Promise<object>} options.load gives the specification
 * @param {string} [options.image] address of a picture to show where it cannot be drawn
 * @param {string} [options.note] a line below
 * @param {boolean} [options.paper] whether a picture for paper is made at once
 * @returns {HTMLElement}
 */
export function figureCard({ name, load, image, note, paper }) {
  const box = h("div", { class: "drawing" });
  const heading = h("h3", {}, name);
  const subtitle = h("p", { class: "quiet subtitle" });
  const buttons = h("span", { class: "saves" });
  const card = h(
    "figure",
    { class: "card" },
    h("figcaption", {}, heading, subtitle),
    box,
    h("div", { class: "below" }, note ? h("span", { class: "quiet" }, note) : h("span"), buttons),
  );
  let loaded = null;
  const specification = () =>
    loaded ??= load().then((spec) => ({ ...spec, description: captionOf(spec).description || name }));
  if (paper) printable(box, specification());
  else if (image) {
    box.after(h("img", { class: "paper", src: image, alt: name }));
    box.classList.add("screen");
  }
  const start = async () => {
    try {
      const spec = await specification();
      const { title, subtitle: conditions } = captionOf(spec);
      if (title !== "") heading.textContent = title;
      subtitle.textContent = conditions;
      const figure = drawFigure(box, spec);
      await figure.ready;
      buttons.replaceChildren(
        h(
          "button",
          { type: "button", class: "small", "aria-label": `Reset ${name}`, onclick: () => figure.again() },
          "Reset",
        ),
        saveButtons(() => name, () => spec, () => rowsIn(spec)),
      );
    } catch (error) {
      const reason = h("p", { class: "problem" }, `Not drawn here: ${error instanceof Error ? error.message : error}`);
      box.replaceChildren(reason, ...(image ? [h("img", { src: image, alt: name, loading: "lazy" })] : []));
    }
    card.dataset.drawn = "true";
  };
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    seen.disconnect();
    start();
  }, { rootMargin: "300px" });
  seen.observe(card);
  return card;
}
