/** One run: how far it is, what it claims, its figures, its log as it grows, and how it was made. */

import { chartCard, chartControls } from "./chart_card.js";
import { againstQuantity, Curves, labelOf, quantityOf } from "./charts.js";
import { claimsTable, duration, facts, h, short, statusBadge, time } from "./dom.js";
import { figureCard } from "./figure.js";

const content = document.querySelector("#content");
const id = new URLSearchParams(location.search).get("id") ?? "";
const address = (path, more = {}) => `${path}?${new URLSearchParams({ id, ...more })}`;
const curves = new Curves();
/** Charts shown at once; the others wait behind a button. */
const SHOWN = 6;

const parts = {
  title: h("h1"),
  badge: h("span"),
  live: h("a", {
    class: "button",
    hidden: true,
    title: "Trains in this browser, on this machine's GPU, with the options of this run",
  }, "Try it live"),
  question: h("p", { class: "question" }),
  problem: h("p", { class: "problem", hidden: true }),
  resume: h("p", { hidden: true }),
  said: h("div", { class: "said" }),
  tiles: h("dl", { class: "tiles" }),
  bar: h("progress", { max: "1", "aria-label": "Steps done" }),
  claims: h("section", { "aria-labelledby": "claims" }),
  figures: h("section", { "aria-labelledby": "figures" }),
  log: h("section", { "aria-labelledby": "log" }),
  made: h("section", { "aria-labelledby": "made" }),
};
const logNote = h("p", { class: "quiet", role: "status" });
const controls = chartControls(() => showCharts());
const grid = h("div", { class: "grid" });
const more = h("button", {
  type: "button",
  hidden: true,
  onclick: () => {
    limit = Infinity;
    showCharts();
  },
});
let [limit, record, stream, before] = [SHOWN, null, null, {}];
const drawn = new Map();
const speed = [];

parts.log.append(
  h(
    "div",
    { class: "heading" },
    h("h2", { id: "log" }, "Log"),
    controls.element,
  ),
  logNote,
  grid,
  more,
);

function section(part, name, title, ...children) {
  part.replaceChildren(h("h2", { id: name }, title), ...children);
  part.hidden = children.length === 0;
}

function tile(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

function showHead() {
  const { status, experiment, start, elapsedMs, adapter, preset, seeds, reason, question } = record;
  document.title = `${experiment} ${status} – icl-lab`;
  parts.title.replaceChildren(
    experiment,
    " ",
    h("span", { class: "quiet" }, id === experiment ? "" : id.split("/").at(-1)),
  );
  parts.badge.replaceChildren(statusBadge(status));
  parts.question.textContent = question;
  parts.problem.hidden = reason === "";
  parts.problem.textContent = reason === "" ? "" : `${status}: ${reason}`;
  showSaid();
  const training = furthest();
  const total = Number(record.configuration.steps);
  // A run without a main series may train some longer than its option says, which is then no total.
  const known = training?.x === "step" && total > 0 && training.at <= total;
  parts.bar.hidden = !known || status !== "running";
  if (known) parts.bar.value = Math.min(1, training.at / total);
  const values = curves.newest.slice(0, 3);
  // What belongs to one series or place says so; what is called main is what the run is about.
  const nameOf = ({ quantity, groups }) => {
    const { series, ...place } = groups;
    const of = labelOf(series === undefined || series === "main" ? place : groups);
    return of === "" ? quantity : `${quantity} (${of})`;
  };
  parts.tiles.replaceChildren(
    ...(training ? [tile(training.x, known ? `${short(training.at)} of ${short(total)}` : short(training.at))] : []),
    ...(status === "running" ? [tile("steps/s", rate())] : []),
    ...values.map((one) => tile(status === "running" ? `${nameOf(one)} now` : `last ${nameOf(one)}`, short(one.value))),
    tile(
      status === "running" ? "running for" : "took",
      duration(elapsedMs ?? (status === "running" ? Date.now() - Date.parse(start) : null)),
    ),
    tile("started (UTC)", time(start)),
    tile("preset", preset || "–"),
    tile("replicas", short(seeds.length)),
    tile("adapter", adapter || "–"),
  );
}

/** How to go on with a run that has stopped, and what people say about it. */
function showSaid() {
  const { resumedBy, notes, tags, archived } = record;
  parts.resume.hidden = resumedBy === "";
  parts.resume.replaceChildren("It goes on from its last checkpoint with ", h("code", { class: "command" }, resumedBy));
  parts.said.replaceChildren(
    ...(archived ? [h("span", { class: "tag" }, "archived")] : []),
    ...tags.map((tag) => h("span", { class: "tag" }, tag)),
    ...(notes === "" ? [] : [h("p", { class: "notes" }, notes)]),
  );
  parts.said.hidden = parts.said.childElementCount === 0;
}

/**
 * The newest value that is furthest along: of training where there is such a kind of row, or else of the series that the
 * run is about, since studies beside it may be longer.
 */
function furthest() {
  const training = curves.newest.filter(({ kind }) => kind === "train");
  const main = curves.newest.filter(({ groups }) => groups.series === "main");
  const counted = [training, main, curves.newest].find((some) => some.length > 0) ?? [];
  return counted.toSorted((a, b) => b.at - a.at)[0];
}

/** Steps per second over the last ten seconds. */
function rate() {
  const training = furthest();
  if (training === undefined) return "–";
  const now = performance.now();
  const last = speed.at(-1);
  if (last !== undefined && training.at < last.at) speed.length = 0;
  if (last === undefined || training.at > last.at) speed.push({ now, at: training.at });
  while (speed.length > 2 && now - speed[0].now > 10_000) speed.shift();
  const first = speed[0];
  return now - first.now < 800
    ? "…"
    : short(Number((1000 * (training.at - first.at) / (now - first.now)).toPrecision(3)));
}

function showRecord() {
  showHead();
  const same = (name, value) => {
    const stamp = JSON.stringify(value);
    if (before[name] === stamp) return true;
    before[name] = stamp;
    return false;
  };
  const specs = record.files.filter(({ path }) => /^figures\/[^/]+\.vl\.json$/.test(path));
  if (!same("figures", specs)) showFigures(specs);
  const { files, configuration, commandLine, gitCommit, versions, seeds, adapter } = record;
  if (!same("made", [files, configuration, commandLine, gitCommit, versions, seeds, adapter])) showMade();
}

function showFigures(specs) {
  const paths = record.files.map(({ path }) => path);
  const cards = specs.map(({ path }) => {
    const name = path.slice("figures/".length, -".vl.json".length);
    const svg = `figures/${name}.svg`;
    return figureCard({
      name,
      image: paths.includes(svg) ? address("file", { path: svg }) : undefined,
      load: async () => {
        const response = await fetch(address("api/figure", { path }));
        const spec = await response.json();
        if (!response.ok) throw new Error(spec.error);
        return spec;
      },
    });
  });
  section(parts.figures, "figures", "Figures", ...(cards.length === 0 ? [] : [h("div", { class: "grid" }, ...cards)]));
}

async function showLive() {
  const response = await fetch(address("api/live"));
  const { link = null } = response.ok ? await response.json() : {};
  parts.live.hidden = link === null;
  if (link !== null) parts.live.setAttribute("href", link);
}

async function showClaims() {
  const response = await fetch(address("api/run"));
  const judged = response.ok ? (await response.json()).claims : [];
  const claims = judged.length > 0 ? judged : curves.criteria;
  const stamp = JSON.stringify(claims);
  if (before.claims === stamp) return;
  before.claims = stamp;
  section(parts.claims, "claims", "Claims", ...(claims.length === 0 ? [] : [claimsTable(claims)]));
}

function showMade() {
  const { configuration, seeds, versions, gitCommit, commandLine, adapter, files } = record;
  const list = files.map(({ path, bytes, description }) =>
    h(
      "li",
      {},
      h("a", { href: address("file", { path }) }, path),
      h("span", { class: "quiet" }, ` ${bytes === null ? "" : `${short(bytes)} bytes. `}${description}`),
    )
  );
  const link = h(
    "li",
    {},
    h(
      "a",
      { href: address("file", { path: record.status === "kept" ? "run.json" : "manifest.json" }) },
      record.status === "kept" ? "run.json" : "manifest.json",
    ),
  );
  section(
    parts.made,
    "made",
    "How it was made",
    h("p", {}, h("code", { class: "command" }, commandLine || "–")),
    h(
      "div",
      { class: "columns" },
      h("div", {}, h("h3", {}, "Configuration"), facts(Object.entries(configuration), "Configuration")),
      h(
        "div",
        {},
        h("h3", {}, "Origin"),
        facts([["commit", gitCommit || "–"], ["adapter", adapter || "–"], [
          "seeds",
          seeds.length > 12 ? `${seeds.slice(0, 12).join(", ")} … (${seeds.length})` : seeds.join(", "),
        ], ...Object.entries(versions)], "Origin"),
        h("details", {}, h("summary", {}, `Files (${files.length + 1})`), h("ul", { class: "files" }, link, ...list)),
      ),
    ),
  );
}

function showCharts() {
  const charts = curves.charts();
  parts.log.hidden = charts.length === 0 && record?.status !== "running";
  logNote.textContent = charts.length === 0
    ? "Nothing logged yet."
    : `${short(curves.rows)} rows${curves.share < 1 ? `, reading ${Math.floor(100 * curves.share)} %` : ""}${
      curves.passedOver > 0
        ? `; ${short(curves.passedOver)} passed over: torn, too long, or of more curves than are shown`
        : ""
    }. Drag over a chart to zoom.`;
  const shown = charts.slice(0, limit);
  more.hidden = charts.length <= limit;
  more.textContent = `Show ${charts.length - shown.length} more`;
  const wanted = new Set(shown.map(({ key }) => key));
  for (const [key, chart] of drawn) {
    if (wanted.has(key)) continue;
    chart.stop();
    drawn.delete(key);
  }
  controls.quantities([...new Set(charts.map(quantityOf))]);
  const settings = controls.settings();
  for (const chart of shown) {
    let known = drawn.get(chart.key);
    if (known === undefined) {
      drawn.set(chart.key, known = chartCard());
      grid.append(known.card);
    }
    known.take(placed(chart, charts, settings), settings);
  }
}

function placed(chart, charts, { x }) {
  if (!x.startsWith("quantity:")) return chart;
  return { ...chart, curves: againstQuantity(chart.curves, charts, x.slice("quantity:".length)) };
}

function listen() {
  stream?.close();
  stream = new EventSource(address("api/events"));
  stream.addEventListener("run", ({ data }) => {
    record = JSON.parse(data);
    arrange();
    showRecord();
    showClaims();
  });
  stream.addEventListener("log", ({ data }) => {
    const news = JSON.parse(data);
    const announced = curves.criteria.length;
    curves.take(news);
    if (record !== null) showHead();
    showCharts();
    if (curves.criteria.length !== announced) showClaims();
  });
  stream.addEventListener("end", () => {
    stream.close();
    stream = null;
    // A run that was interrupted or has crashed may be resumed.
    if (record.status !== "complete" && record.status !== "kept") setTimeout(waitForMore, 5000);
  });
  stream.addEventListener("error", () => logNote.textContent = "The server does not answer; trying again.");
}

/** A browser has few connections to a server: a page that nobody sees gives its own back. */
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    stream?.close();
    stream = null;
  } else if (record !== null && stream === null) listen();
});

async function waitForMore() {
  try {
    const { status } = await (await fetch(address("api/run"))).json();
    if (status === record.status) setTimeout(waitForMore, 5000);
    else listen();
  } catch {
    setTimeout(waitForMore, 5000);
  }
}

/** A run that has not come to its end is looked at for its log; a complete one is read. */
function arrange() {
  const order = !["complete", "kept"].includes(record.status)
    ? [parts.log, parts.figures, parts.claims, parts.made]
    : [parts.figures, parts.claims, parts.log, parts.made];
  if (order.some((part, index) => content.children[index + 1] !== part)) {
    const head = h(
      "div",
      { class: "head" },
      h("div", { class: "heading" }, parts.title, parts.badge, parts.live),
      parts.question,
      parts.problem,
      parts.resume,
      parts.said,
      parts.bar,
      parts.tiles,
    );
    content.replaceChildren(head, ...order);
  }
}

for (const part of [parts.claims, parts.figures]) part.hidden = true;
const first = await fetch(address("api/run"));
const answer = await first.json();
if (first.ok) {
  const { claims: _claims, ...rest } = answer;
  record = rest;
  arrange();
  showRecord();
  await showClaims();
  listen();
  showLive();
  setInterval(() => record.status === "running" && showHead(), 1000);
} else {content.replaceChildren(
    h("h1", {}, "No such run"),
    h("p", { class: "problem" }, answer.error),
    h("p", {}, h("a", { href: "./" }, "All runs")),
  );}
