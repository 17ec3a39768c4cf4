/** Figures in the colours of the page: the same specification, its house colours exchanged in the dark. */

/** Colours for groups and runs: Okabe & Ito's set, as in lib/figures/theme.ts. */
export const PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C8C8C"];

/** What the house colours of figures become on a dark page. Other colours stay. */
const IN_THE_DARK = {
  "#222222": "#e8e8e6",
  "#444444": "#c9c9c5",
  "#555555": "#b4b4af",
  "#888888": "#7d7d79",
  "#ebebeb": "#34363a",
  "#0072b2": "#4aa8e0",
  "#d55e00": "#f08a3c",
  "#009e73": "#2fc79a",
  "#cc79a7": "#e29cc4",
  "#8c8c8c": "#a3a3a3",
};

export const dark = globalThis.matchMedia("(prefers-color-scheme: dark)");

/** A copy of a specification in the colours of the page; rows are left as they are. */
export function themed(spec) {
  const walk = (node, key) => {
    if (typeof node === "string") return dark.matches ? IN_THE_DARK[node.toLowerCase()] ?? node : node;
    if (Array.isArray(node)) return key === "values" ? node : node.map((item) => walk(item));
    if (typeof node !== "object" || node === null || key === "datasets") return node;
    return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, walk(value, name)]));
  };
  const copy = walk(spec);
  return { ...copy, background: null, config: { ...copy.config, background: null } };
}
