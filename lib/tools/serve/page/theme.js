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

/** Light below which a colour is lost on a dark page. */
const LOST = 0.1;

/**
 * A colour on a dark page. Theory is a dark shade of its group's colour, so that it shows inside that colour's line: there it becomes a
 * light shade.
 */
function inTheDarkOf(text) {
  const known = IN_THE_DARK[text.toLowerCase()];
  const channels = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(text)?.slice(1).map((two) => parseInt(two, 16));
  if (known !== undefined || channels === undefined) return known ?? text;
  const [red, green, blue] = channels.map((value) => (value / 255) ** 2.2);
  const most = Math.max(...channels);
  if (0.2126 * red + 0.7152 * green + 0.0722 * blue > LOST || most === 0) return text;
  const light = channels.map((value) => Math.round(127 + 128 * value / most).toString(16).padStart(2, "0"));
  return `#${light.join("")}`;
}

export const dark = globalThis.matchMedia("(prefers-color-scheme: dark)");

/** A copy of a specification in the colours of the page, or of paper; rows are left as they are. */
export function themed(spec, inTheDark = dark.matches) {
  const walk = (node, key) => {
    if (typeof node === "string") return inTheDark ? inTheDarkOf(node) : node;
    if (Array.isArray(node)) return key === "values" ? node : node.map((item) => walk(item));
    if (typeof node !== "object" || node === null || key === "datasets") return node;
    return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, walk(value, name)]));
  };
  const copy = walk(spec);
  return { ...copy, background: null, config: { ...copy.config, background: null } };
}
