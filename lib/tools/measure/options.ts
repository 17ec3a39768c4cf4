/**
 * Options of the tool.
 *
 * @module
 */
import { closestString } from "@std/text/closest-string";
import { Mismatch, type Option } from "../../run/option.ts";
import { flag, integer } from "../../run/options.ts";
import { type Layout, LAYOUTS, type WeightAxes } from "./layouts.ts";
import { DEFAULT_MEASURES, type MeasureName, MEASURES } from "./measures.ts";

/** Which circuits are measured: those of known layouts, none, or of a layout given by patterns. */
export interface CircuitChoice {
  /** As it was written. */
  readonly text: string;
  /** Layouts to try in order. */
  readonly layouts: readonly Layout[];
  /** What a manifest keeps: the same with patterns as text, of which JSON would leave `{}`. */
  toJSON?(): unknown;
}

/** A pattern that a manifest keeps as text. */
class Pattern extends RegExp {
  toJSON(): string {
    return this.source;
  }
}

const measures: Option<readonly MeasureName[]> = {
  fallback: DEFAULT_MEASURES,
  expected: `a comma-separated list of ${Object.keys(MEASURES).join("|")}`,
  help: "what is measured",
  flag: false,
  parse: (text) =>
    text.split(",").map((word) => {
      const name = word.trim();
      if (isMeasure(name)) return name;
      throw new Mismatch(`${JSON.stringify(name)} (nearest: ${closestString(name, Object.keys(MEASURES))})`);
    }),
  show: (value) => value.join(","),
};

function isMeasure(name: string): name is MeasureName {
  return Object.hasOwn(MEASURES, name);
}

const circuits: Option<CircuitChoice> = {
  fallback: choiceOf("auto"),
  expected: `auto, none, one of ${LAYOUTS.map(({ id }) => id).join("|")}, or ` +
    '"q=REGEX k=REGEX v=REGEX o=REGEX axes=in-out|out-in|heads" ("qkv=REGEX" for a fused weight), where what stands ' +
    "before a match names the layer",
  help: "where QK and OV circuits of attention heads are found",
  flag: false,
  parse: choiceOf,
  show: ({ text }) => text,
};

function choiceOf(text: string): CircuitChoice {
  const layouts = layoutsOf(text);
  const written = (layout: Layout) =>
    Object.fromEntries(
      Object.entries(layout).map(([key, value]) => [key, value instanceof RegExp ? value.source : value]),
    );
  return { text, layouts, toJSON: () => ({ text, layouts: layouts.map(written) }) };
}

function layoutsOf(text: string): readonly Layout[] {
  if (text === "auto") return LAYOUTS;
  if (text === "none") return [];
  const known = LAYOUTS.filter(({ id }) => id === text);
  if (known.length > 0) return known;
  const parts = new Map(
    text.trim().split(/\s+/).map((word) => {
      const at = word.indexOf("=");
      if (at < 0) throw new Mismatch(JSON.stringify(text));
      return [word.slice(0, at), word.slice(at + 1)] as const;
    }),
  );
  const axes = parts.get("axes") ?? "out-in";
  if (!isAxes(axes)) throw new Mismatch(`axes=${JSON.stringify(axes)}`);
  parts.delete("axes");
  const patterns = new Map([...parts].map(([key, source]) => [key, regexOf(source)]));
  const [q, k, v, o, qkv] = ["q", "k", "v", "o", "qkv"].map((key) => patterns.get(key));
  const of = "patterns of the command line";
  if (q && k && v && o && patterns.size === 4) {
    return [{ id: "given", of, query: q, key: k, value: v, output: o, axes }];
  }
  if (qkv && o && patterns.size === 2) return [{ id: "given", of, fused: qkv, order: "parts", output: o, axes }];
  throw new Mismatch(`patterns for ${[...patterns.keys()].join(", ")}`);
}

function isAxes(text: string): text is WeightAxes {
  return text === "in-out" || text === "out-in" || text === "heads";
}

function regexOf(text: string): RegExp {
  try {
    return new Pattern(text);
  } catch {
    throw new Mismatch(`${JSON.stringify(text)}, which is no regular expression`);
  }
}

/** A regular expression, or one of some words. */
function pattern<W extends string>(fallback: W, words: readonly W[], help: string): Option<RegExp | W> {
  const isWord = (text: string): text is W => words.some((word) => word === text);
  return {
    fallback,
    expected: `${words.join(", ")} or a regular expression`,
    help,
    flag: false,
    parse: (text) => isWord(text) ? text : regexOf(text),
    show: (value) => value instanceof RegExp ? value.source : value,
  };
}

/** What the tool can be told. */
export const measureOptions: {
  readonly measures: Option<readonly MeasureName[]>;
  readonly matrices: Option<RegExp | "auto" | "none">;
  readonly circuits: Option<CircuitChoice>;
  readonly heads: Option<number>;
  readonly marginal: Option<number>;
  readonly "step-pattern": Option<RegExp | "auto">;
  readonly "allow-nan": Option<boolean>;
} = {
  measures,
  matrices: pattern("auto", ["auto", "none"], "names of matrices to measure; auto: all but embeddings and attention"),
  circuits,
  heads: integer(0, { min: 0, help: "attention heads of a layer where neither shapes nor metadata tell; 0: unknown" }),
  marginal: integer(3, { min: 0, max: 64, help: "leading singular values left out at most by marginal-rank" }),
  "step-pattern": pattern("auto", ["auto"], "where a file or folder name has its step, as the first group"),
  "allow-nan": flag("end well even if weights that are not finite were skipped"),
};
