/** Figures in the colours of the page: the same specification, its house colours exchanged in the dark. */

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

/** A copy of a specification in the colours of the page, or of paper; rows are left as they are. */
export function themed(spec, inTheDark = dark.matches) {
  const walk = (node, key) => {
    if (typeof node === "string") return inTheDark ? IN_THE_DARK[node.toLowerCase()] ?? node : node;
    if (Array.isArray(node)) return key === "values" ? node : node.map((item) => walk(item));
    if (typeof node !== "object" || node === null || key === "datasets") return node;
    return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, walk(value, name)]));
  };
  const copy = walk(spec);
  return { ...copy, background: null, config: { ...copy.config, background: null } };
}
