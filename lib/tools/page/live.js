/** The page of an experiment that trains in it: controls, figures that move, claims at the end, and the run's log to take away. */

import { claimsTable, duration, h, short } from "../serve/page/dom.js";
import { captionOf, download, drawFigure, printable, saveButtons } from "../serve/page/figure.js";

const data = JSON.parse(document.querySelector("#data").textContent);
const { name, question, method, options, preset, kept, suggestions = [] } = data;
const content = document.querySelector("#content");

/** State of the page; `wanted` says whether the visitor wants training to go on, whatever else holds it up. */
const state = { run: 0, phase: "idle", wanted: false, hidden: false, begun: 0, took: 0, adapter: "" };

const worker = (() => {
  const code = JSON.parse(document.querySelector("#worker").textContent);
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  return new Worker(url, { name: "training" });
})();

// Options: in the fields, in the address, on the command line.

/** Values in the address: `#lr=0.02&context=16`. */
function valuesInAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  return Object.fromEntries(options.map(({ key, text }) => [key, given.get(key) ?? text]));
}

let values = valuesInAddress();

/** Options that differ from the preset's, as a command line has them. */
function changed() {
  return options.filter(({ key, text }) => values[key] !== text).map(({ key }) => `--${key}=${values[key]}`);
}

const quoted = (arg) => /^[\w=.,:/+-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`;
const command = () => ["./lab", "run", name, `--preset=${preset}`, ...changed()].map(quoted).join(" ");

function writeAddress() {
  const given = options.filter(({ key, text }) => values[key] !== text).map(({ key }) => [key, values[key]]);
  const hash = given.length === 0 ? "" : `#${new URLSearchParams(given)}`;
  if (location.hash !== hash) history.replaceState(null, "", hash === "" ? location.href.split("#")[0] : hash);
}

/** A number of two digits, and the place of one on the slider: a factor of two is a tenth of its length. */
const rounded = (value, whole) => whole ? Math.max(1, Math.round(value)) : Number(value.toPrecision(2));
const placeOf = (value, middle) => Math.log2(Number(value) / middle);

const fields = new Map();

function controlOf({ key, text, help, kind, words, expected }) {
  const id = `option-${key}`;
  const attributes = {
    id,
    name: key,
    title: `${help}: ${expected}`,
    "aria-describedby": "problem",
    autocomplete: "off",
  };
  let field;
  if (kind === "choice") {
    field = h("select", attributes, ...words.map((word) => h("option", { value: word }, word)));
  } else {
    field = h("input", {
      ...attributes,
      type: "text",
      inputmode: kind === "list" ? null : "decimal",
      spellcheck: "false",
    });
  }
  field.value = values[key];
  field.addEventListener("change", () => change(key, field.value.trim()));
  const middle = Number(text);
  const slides = ["number", "integer"].includes(kind) && middle > 0 && key !== "seed";
  const slider = slides
    ? h("input", {
      type: "range",
      min: "-5",
      max: "5",
      step: kind === "integer" ? "1" : "0.5",
      "aria-label": `${key}, slider`,
      oninput: () => {
        field.value = String(rounded(middle * 2 ** Number(slider.value), kind === "integer"));
      },
      onchange: () => change(key, field.value),
    })
    : null;
  const show = () => {
    field.value = values[key];
    if (slider !== null) slider.value = String(placeOf(values[key], middle));
  };
  fields.set(key, { field, show });
  if (slider !== null) slider.value = String(placeOf(values[key], middle));
  const tell = () => hint.textContent = `${key}: ${help}.`;
  const listens = { onpointerenter: tell, onfocusin: tell };
  return h("div", { class: "control", ...listens }, h("label", { for: id }, key), field, slider);
}

/** Says of the option at the pointer, or of the one that has the focus, what it stands for. */
const hint = h("p", { class: "quiet hint" }, "Point at an option to read what it is.");

function change(key, value) {
  if (values[key] === value) return;
  values = { ...values, [key]: value };
  fields.get(key).show();
  writeAddress();
  begin(state.wanted || state.phase === "complete");
}

/** Takes other values than the preset's for some options, and the preset's for all others. */
function choose(given) {
  values = { ...Object.fromEntries(options.map(({ key, text }) => [key, text])), ...given };
  for (const { show } of fields.values()) show();
  writeAddress();
  begin(state.wanted || state.phase === "complete");
}

/** Settings to try, a button each; the one that runs is marked. */
const choices = [{ words: "Preset", given: {} }, ...suggestions].map(({ words, given }) => {
  const button = h("button", { type: "button", class: "small", onclick: () => choose(given) }, words);
  const same = () => options.every(({ key, text }) => values[key] === (given[key] ?? text));
  return { button, show: () => button.setAttribute("aria-pressed", String(same())) };
});

// The run.

function begin(running) {
  state.run++;
  state.phase = "running";
  state.wanted = running;
  state.begun = performance.now();
  problem("");
  for (const { field } of fields.values()) field.removeAttribute("aria-invalid");
  claims.replaceChildren();
  dropPaper();
  commandLine.textContent = command();
  worker.postMessage({ kind: "begin", args: [`--preset=${preset}`, ...changed()], running: running && !state.hidden });
  told = { label: "starting", step: 0, total: 0, loss: null };
  shown();
}

/** Tells the worker whether to train, from what the visitor wants and whether anybody can see it. */
function steer() {
  worker.postMessage({ kind: state.wanted && !state.hidden ? "go" : "pause" });
  shown();
}

function toggle() {
  if (state.phase === "playing") return stopPlaying();
  if (state.phase === "kept") return play();
  if (state.phase === "complete" || state.phase === "failed") return begin(true);
  state.wanted = !state.wanted;
  steer();
}

const startSign = h("span", { "aria-hidden": "true" }, "▶");
const startWord = h("span", {}, "Start");
const start = h("button", { type: "button", class: "button", id: "start", onclick: toggle }, startSign, startWord);
const stepOnce = h("button", {
  type: "button",
  id: "step",
  onclick: () => {
    state.wanted = false;
    worker.postMessage({ kind: "step" });
    shown();
  },
}, "One step");
const reset = h("button", { type: "button", id: "reset", onclick: () => begin(false) }, "Reset");
const status = h("output", { id: "status", for: "start step reset" });
const bar = h("progress", { max: "1", value: "0", "aria-label": "Steps made" });
const trouble = h("p", { class: "problem", id: "problem", role: "alert" });
const adapter = h("p", { class: "quiet", id: "adapter" }, "looking for a GPU …");
const claims = h("div", { id: "claims" });
/** The first figure stands beside the options, above everything else; the others follow below. */
const first = h("div", { class: "first" }, h("p", { class: "waiting quiet" }, "Theory is computed; then it trains."));
const figures = h("div", { class: "live", id: "figures" });
const commandLine = h("pre", { class: "command", id: "command", tabindex: "0" }, command());
let told = { label: "", step: 0, total: 0, loss: null };

function problem(text) {
  trouble.textContent = text;
}

/** Writes down where the run is. */
function shown() {
  const { label, step, total, loss } = told;
  const running = state.phase === "running" && state.wanted;
  const words = {
    idle: "Not started.",
    failed: "Stopped.",
    kept: "A kept run; nothing trains here.",
    playing: "A kept run plays; nothing trains here.",
    complete: `Complete in ${duration(state.took)}.`,
  };
  const counted = total > 0 ? `${label}: ${short(step)} of ${short(total)}` : label;
  const lossWords = loss === null ? "" : `, loss ${short(loss)}`;
  const held = state.hidden && state.wanted ? " – waits: the page is in the background" : "";
  const paused = state.phase === "running" && !state.wanted && label !== "starting" ? " – paused" : "";
  status.textContent = words[state.phase] ?? `${counted}${lossWords}${held || paused}`;
  startSign.textContent = running || state.phase === "playing" ? "❚❚" : "▶";
  startWord.textContent = running || state.phase === "playing"
    ? "Pause"
    : state.phase === "complete"
    ? "Run again"
    : state.phase === "kept"
    ? "Play"
    : "Start";
  const live = !["kept", "playing"].includes(state.phase);
  for (const button of [stepOnce, reset, ...choices.map(({ button }) => button)]) button.disabled = !live;
  for (const { show } of choices) show();
  stepOnce.disabled = !live || state.phase !== "running";
  bar.value = total > 0 ? step / total : 0;
  document.body.dataset.phase = state.phase;
  document.body.dataset.step = String(step);
}

// Figures: drawn once, then given new rows; drawn anew where more than rows has changed.

const cards = new Map();

/** All of a specification but its rows. */
function frameOf(spec) {
  const { datasets: _datasets, ...rest } = spec;
  return JSON.stringify([rest, Object.keys(spec.datasets ?? {})]);
}

function cardOf(key) {
  const found = cards.get(key);
  if (found) return found;
  const heading = h("h3", {}, key);
  const subtitle = h("p", { class: "quiet subtitle" });
  const box = h("div", { class: "drawing", tabindex: "0", role: "group", "aria-label": `Figure ${key}` });
  const below = h("div", { class: "below" }, h("span"));
  const card = h("figure", { class: "card", "data-figure": key }, h("figcaption", {}, heading, subtitle), box, below);
  const made = { card, heading, subtitle, box, below, drawing: null, spec: null, frame: "", next: null, busy: false };
  cards.set(key, made);
  if (key === data.figures[0]) {
    first.replaceChildren(card);
    return made;
  }
  // In the order in which the experiment names them, whichever comes first.
  const after = data.figures.slice(data.figures.indexOf(key) + 1).map((name) => cards.get(name)?.card).find(Boolean);
  figures.insertBefore(card, after ?? null);
  return made;
}

/** Takes a figure; one that comes while the one before is being drawn waits, and of several that wait the last is drawn. */
async function take(key, spec) {
  const card = cardOf(key);
  card.next = spec;
  if (card.busy) return;
  card.busy = true;
  while (card.next !== null) {
    const next = card.next;
    card.next = null;
    try {
      await drawInto(card, key, next);
    } catch (error) {
      card.box.replaceChildren(h("p", { class: "problem" }, `Not drawn here: ${error.message ?? error}`));
      card.drawing?.stop();
      card.drawing = null;
      card.frame = "";
    }
    card.card.dataset.drawn = String(Number(card.card.dataset.drawn ?? 0) + 1);
  }
  card.busy = false;
}

/** Gives every figure a picture for paper, in the colours of paper; they are those of a run that has ended. */
function preparePaper() {
  for (const { box, spec, next } of cards.values()) printable(box, next ?? spec);
}

function dropPaper() {
  for (const { card, box } of cards.values()) {
    box.classList.remove("screen");
    for (const image of card.querySelectorAll(".paper")) {
      URL.revokeObjectURL(image.src);
      image.remove();
    }
  }
}

async function drawInto(card, key, spec) {
  const frame = frameOf(spec);
  const before = card.spec;
  card.spec = spec;
  if (card.drawing !== null && card.frame === frame) {
    for (const [name, rows] of Object.entries(spec.datasets ?? {})) {
      if (JSON.stringify(rows) !== JSON.stringify(before.datasets[name])) await card.drawing.update(name, rows);
    }
    return;
  }
  card.frame = frame;
  const { title, subtitle, description } = captionOf(spec);
  card.heading.textContent = title || key;
  card.subtitle.textContent = subtitle;
  const whole = { ...spec, description: description || key };
  if (card.drawing === null) {
    card.drawing = drawFigure(card.box, whole);
    await card.drawing.ready;
    card.below.append(saveButtons(() => `${name}-${key}`, () => card.spec, () => allRows(card.spec)));
  } else await card.drawing.change(whole);
}

function allRows(spec) {
  return Object.entries(spec.datasets ?? {}).flatMap(([dataset, rows]) => rows.map((row) => ({ dataset, ...row })));
}

// The kept run, for those whose browser cannot train.

let playing = null;

/** Frames of a kept run: rows that were measured appear in the order of their steps, theories stand from the start. */
const FRAMES = 80;

function keptSpec(spec, frame) {
  const measured = Object.entries(spec.datasets ?? {}).filter(([dataset]) => dataset !== "theory");
  const steps = [...new Set(measured.flatMap(([, rows]) => rows.map(({ x }) => x)))].sort((a, b) => a - b);
  const last = steps[Math.min(steps.length - 1, Math.floor(steps.length * frame / FRAMES))];
  const datasets = Object.fromEntries(
    Object.entries(spec.datasets ?? {}).map((
      [dataset, rows],
    ) => [dataset, dataset === "theory" ? rows : rows.filter(({ x }) => !(x > last))]),
  );
  return { spec: { ...spec, datasets }, step: last };
}

function play() {
  let frame = told.step >= FRAMES ? 0 : told.step;
  state.phase = "playing";
  told = { label: "frame", step: frame, total: FRAMES, loss: null };
  playing = setInterval(() => {
    if (document.hidden) return;
    frame++;
    for (const [key, spec] of Object.entries(kept.figures)) take(key, keptSpec(spec, frame).spec);
    told = { label: "frame", step: frame, total: FRAMES, loss: null };
    if (frame >= FRAMES) stopPlaying();
    shown();
  }, 150);
  shown();
}

function stopPlaying() {
  clearInterval(playing);
  state.phase = "kept";
  shown();
}

function withoutGpu() {
  const browsers = "Chrome and Edge from 113 on, Safari from 26 on, and Firefox from 141 on (Windows) have it";
  problem(
    `This browser offers no WebGPU, with which the experiment would train here: ${browsers}.` +
      (kept === null ? "" : " What plays instead is a kept run."),
  );
  adapter.textContent = kept === null ? "No GPU." : `Kept run: ${kept.about}`;
  state.phase = kept === null ? "failed" : "kept";
  for (const { field } of fields.values()) field.disabled = true;
  document.querySelectorAll(".controls input").forEach((input) => input.disabled = true);
  if (kept !== null) {
    claims.replaceChildren(claimsTable(kept.claims));
    told = { label: "frame", step: 0, total: FRAMES, loss: null };
    for (const [key, spec] of Object.entries(kept.figures)) take(key, keptSpec(spec, 0).spec);
    if (!still()) play();
  }
  shown();
}

const still = () => globalThis.matchMedia("(prefers-reduced-motion: reduce)").matches;

// News of the worker.

const takes = {
  adapter: ({ name: words, software }) => {
    state.adapter = words;
    adapter.textContent = `Trains on ${words}${
      software ? ": a driver on the processor, many times slower than a GPU" : ""
    }.`;
  },
  progress: (news) => {
    told = news;
  },
  figures: ({ figures: all }) => {
    for (const [key, spec] of Object.entries(all)) take(key, spec);
  },
  claims: ({ claims: all }) => {
    claims.replaceChildren(all.length === 0 ? h("p", { class: "quiet" }, "It claims nothing.") : claimsTable(all));
  },
  end: () => {
    state.phase = "complete";
    state.wanted = false;
    state.took = performance.now() - state.begun;
    preparePaper();
  },
  failed: ({ why, text }) => {
    if (why === "adapter") return withoutGpu();
    state.phase = "failed";
    state.wanted = false;
    const key = why === "refused" ? /--([\w-]+)/.exec(text)?.[1] : undefined;
    fields.get(key)?.field.setAttribute("aria-invalid", "true");
    problem(why === "lost" ? `The GPU was lost: ${text}. Start begins anew.` : `Stopped: ${text}`);
  },
  log: ({ text }) => download(new Blob([text], { type: "application/x-ndjson" }), `${name}.ndjson`),
};

worker.onmessage = ({ data: news }) => {
  if (news.run !== state.run) return;
  takes[news.kind](news);
  shown();
};
worker.onerror = (event) => {
  state.phase = "failed";
  problem(`Stopped: the worker ended with ${event.message || "an error"}`);
  shown();
};

document.addEventListener("visibilitychange", () => {
  state.hidden = document.visibilityState === "hidden";
  if (state.phase === "running") steer();
});
globalThis.addEventListener("hashchange", () => {
  const next = valuesInAddress();
  if (JSON.stringify(next) === JSON.stringify(values)) return;
  values = next;
  for (const { show } of fields.values()) show();
  begin(state.wanted);
});

// The page.

const copy = h("button", {
  type: "button",
  class: "small",
  onclick: async () => {
    try {
      await navigator.clipboard.writeText(command());
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(commandLine);
      copy.textContent = "Selected";
    }
    setTimeout(() => copy.textContent = "Copy", 1500);
  },
}, "Copy");

content.replaceChildren(
  h("h1", {}, name.replaceAll("_", " ")),
  h("p", { class: "lead" }, question),
  h(
    "div",
    { class: "panel" },
    h("div", { class: "buttons" }, start, stepOnce, reset, status),
    bar,
  ),
  trouble,
  h(
    "div",
    { class: "try", role: "group", "aria-label": "Settings to try" },
    h("span", { class: "quiet", "aria-hidden": "true" }, "Try"),
    ...choices.map(({ button }) => button),
  ),
  h("h2", { class: "hidden" }, "Figures"),
  h(
    "div",
    { class: "stage" },
    first,
    h(
      "form",
      { class: "controls", "aria-label": "Options", onsubmit: (event) => event.preventDefault() },
      ...options.map(controlOf),
      hint,
    ),
  ),
  adapter,
  figures,
  h("h2", {}, "Claims"),
  h("p", { class: "quiet" }, "Criteria stand before the run; verdicts come when it has ended."),
  claims,
  h("h2", {}, "Take it away"),
  h(
    "p",
    {},
    h("button", { type: "button", id: "log", onclick: () => worker.postMessage({ kind: "log" }) }, "Log (NDJSON)"),
    " Figures have their own buttons. The same run in a terminal:",
  ),
  h("div", { class: "command-line" }, commandLine, copy),
  h("h2", {}, "Method"),
  h("pre", { tabindex: "0" }, method),
);
for (const { key, help } of options) fields.get(key).field.setAttribute("title", help);

writeAddress();
if (!("gpu" in navigator)) withoutGpu();
else begin(!still());
