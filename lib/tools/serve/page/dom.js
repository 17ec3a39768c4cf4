/** Elements and numbers as text. Text of a run only ever becomes a text node. */

/**
 * An element.
 *
 * @param {string} tag its name
 * @param {Record<string, unknown>} attributes `on…` listens, `class` and the rest are attributes; null leaves one out
 * @param {...(Node | string | null | undefined | false)} children text or elements; empty ones are left out
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A number with four digits: 0.01234, 12 340, 1.2e-7. */
export function short(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (Number.isSafeInteger(value) && size < 1e9) return value.toLocaleString("en").replaceAll(",", "\u202f");
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

/** A duration: 0.4 s, 12 s, 3 min 20 s, 2 h 5 min. */
export function duration(ms) {
  if (typeof ms !== "number" || !Number.isFinite(ms) || ms < 0) return "–";
  const seconds = ms / 1000;
  if (seconds < 10) return `${Number(seconds.toPrecision(2))} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A time in UTC, as runs are named: 2026-11-22 07:15. */
export function time(iso) {
  return iso === "" ? "–" : iso.slice(0, 16).replace("T", " ");
}

/** Signs of statuses, which can be told without colour, in the order in which tasks of a sweep are counted. */
export const SHAPES = {
  complete: "●",
  running: "▶",
  waiting: "○",
  interrupted: "■",
  crashed: "▲",
  diverged: "✕",
  failed: "▲",
  kept: "★",
  unreadable: "?",
};

/** Status in words, with its sign. */
export function statusBadge(status) {
  return h(
    "span",
    { class: `status ${Object.hasOwn(SHAPES, status) ? status : "unreadable"}` },
    h("span", { "aria-hidden": "true" }, SHAPES[status] ?? "?"),
    ` ${status}`,
  );
}

/** Claims by verdict: ✓ 12  ✗ 1  ~ 2; those of a trial are not judged. */
export function verdictCounts(verdicts) {
  const kinds = [["reproduced", "✓"], ["not reproduced", "✗"], ["inconclusive", "~"], ["trial", "trial:"]];
  const present = kinds.filter(([name]) => verdicts[name] > 0);
  if (present.length === 0) return h("span", { class: "quiet" }, "–");
  const words = (name) =>
    name === "trial" ? `${verdicts[name]} not judged, as in every trial` : `${verdicts[name]} ${name}`;
  return h(
    "span",
    { class: "counts" },
    ...present.map(([name, sign]) =>
      h(
        "span",
        { class: `verdict ${verdictClass(name)}`, title: words(name) },
        h("span", { "aria-hidden": "true" }, `${sign} ${verdicts[name]}`),
        h("span", { class: "hidden" }, words(name)),
      )
    ),
  );
}

const VERDICTS = ["reproduced", "not reproduced", "inconclusive", "trial"];

/** Class of a verdict; of a word that is none, as one that is not there yet. */
export function verdictClass(verdict) {
  return VERDICTS.includes(verdict) ? verdict.replace(" ", "-") : "pending";
}

/** Sentences beside the numbers of a claim. */
export function notesOf({ verdict, words }) {
  return [...(verdict === "trial" ? ["a trial judges nothing"] : []), ...(words?.notes ?? [])];
}

/** Table of claims; each with its numbers, or with its criterion alone while the run has not judged it. */
export function claimsTable(claims) {
  const heads = ["claim", "verdict", "predicted", "measured [interval]", "criterion, fixed before the run"];
  const rows = claims.map((claim) => {
    const { id, statement, source, criterion, verdict, words } = claim;
    const judged = typeof verdict === "string" && verdict !== "";
    return h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        h("span", { class: "id" }, String(id)),
        h("span", { class: "statement" }, String(statement)),
        h("span", { class: "quiet" }, String(source)),
      ),
      h(
        "td",
        { "data-label": heads[1] },
        h("span", { class: `verdict ${verdictClass(verdict)}` }, judged ? verdict : "not judged"),
        ...(judged ? notesOf(claim).map((note) => h("span", { class: "quiet detail" }, note)) : []),
      ),
      h("td", { class: "number", "data-label": heads[2] }, words?.predicted ?? "–"),
      h("td", { class: "number", "data-label": heads[3] }, words?.measured ?? "–"),
      h("td", { class: "criterion", "data-label": heads.at(-1) }, String(criterion)),
    );
  });
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": "Claims" },
    h(
      "table",
      { class: "claims cards" },
      h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, ...rows),
    ),
  );
}

/** Names and values as a table of two columns. */
export function facts(entries, label) {
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": label },
    h(
      "table",
      { class: "facts" },
      h(
        "tbody",
        {},
        ...entries.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value))),
      ),
    ),
  );
}

/** Claims over the cells of a sweep: how many cells meet each, and behind it the cells one by one. */
export function cellClaims(claims) {
  const verdictOf = (verdict, text = verdict) => h("span", { class: `verdict ${verdictClass(verdict)}` }, text);
  const heads = ["cell", "verdict", "measured [interval]", "seeds"];
  return claims.map(({ id, statement, verdicts, cells }) =>
    h(
      "details",
      {},
      h(
        "summary",
        {},
        h("b", {}, id),
        ` ${statement} `,
        ...Object.entries(verdicts).flatMap(([verdict, count]) => [
          verdictOf(verdict, `${verdict} in ${short(count)} ${count === 1 ? "cell" : "cells"}`),
          " ",
        ]),
      ),
      h(
        "div",
        { class: "scroll", tabindex: "0", role: "group", "aria-label": `Cells of ${id}` },
        h(
          "table",
          {},
          h("thead", {}, h("tr", {}, ...heads.map((head) => h("th", { scope: "col" }, head)))),
          h(
            "tbody",
            {},
            ...cells.map(({ cell, verdict, measured, seeds, missing }) =>
              h(
                "tr",
                {},
                h("th", { scope: "row" }, cell),
                h("td", {}, verdictOf(verdict)),
                h("td", {}, measured),
                h("td", {}, missing === 0 ? short(seeds) : `${short(seeds)}, ${short(missing)} missing`),
              )
            ),
          ),
        ),
      ),
    )
  );
}
