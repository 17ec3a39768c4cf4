/**
 * Options of the tool.
 *
 * @module
 */
import { closestString } from "@std/text/closest-string";
import { Mismatch, type Option } from "../../run/option.ts";
import { choice, flag, integer } from "../../run/options.ts";
import { UserError } from "../../io/errors.ts";
import { type FusedOrder, type Layout, LAYOUTS, type WeightAxes } from "./layouts.ts";
import type { ModuleName } from "./names.ts";
import { numberAt } from "./steps.ts";
import { DEFAULT_MEASURES, type MeasureName, MEASURES } from "./measures.ts";

/** Which circuits are measured: those of known layouts, none, or of a layout given by patterns. */
export interface CircuitChoice {
  /** As it was written. */
  readonly text: string;
  /** Layouts to try in order. */
  readonly layouts: readonly Layout[];
  /** Form kept in a manifest: the same with patterns as text, of which JSON would leave `{}`. */
  toJSON?(): unknown;
}

/** Which checkpoints are measured. */
export interface StepChoice {
  /** As it was written. */
  readonly text: string;
  /** Each of how many. */
  readonly every?: number;
  /** Steps. */
  readonly list?: readonly number[];
}

/** Numbers of heads, for all towers or tower by tower. */
export interface HeadsChoice {
  /** As it was written. */
  readonly text: string;
  /** Heads of a module, undefined where they are not given. */
  of(module: Pick<ModuleName, "tower" | "path">): { readonly value: number; readonly from: string } | undefined;
  /**
   * Checks that every tower that is named is there.
   *
   * @throws {UserError} If one is not.
   */
  check(path: string, modules: readonly Pick<ModuleName, "tower" | "path">[]): void;
  /** Form kept in a manifest. */
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
    '"q=REGEX k=REGEX v=REGEX o=REGEX axes=in-out|out-in|heads" ("qkv=REGEX:parts", ":interleaved" or ":grouped" for a ' +
    'fused weight, "kv=REGEX" for one of keys and values), where what stands before a match names the layer',
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
  // The order stands behind the pattern of a fused weight.
  const [, source, order] = /^(.*?)(?::(parts|interleaved|grouped))?$/.exec(parts.get("qkv") ?? "")!;
  if (parts.has("qkv")) parts.set("qkv", source);
  const patterns = new Map([...parts].map(([key, source]) => [key, regexOf(source)]));
  const [q, k, v, o, qkv, kv] = ["q", "k", "v", "o", "qkv", "kv"].map((key) => patterns.get(key));
  const given = { id: "given", of: "patterns of the command line", axes } as const;
  if (q && k && v && o && patterns.size === 4) return [{ ...given, query: q, key: k, value: v, output: o }];
  if (q && kv && o && patterns.size === 3) return [{ ...given, query: q, keyValue: kv, output: o }];
  if (qkv && o && patterns.size === 2) {
    return [{ ...given, fused: qkv, ...(order !== undefined && { order: order as FusedOrder }), output: o }];
  }
  throw new Mismatch(`patterns for ${[...patterns.keys()].join(", ")}`);
}

const heads: Option<HeadsChoice> = {
  fallback: headsOf("0"),
  expected: 'an integer, or "encoder=8 decoder=4" tower by tower',
  help: "attention heads of a layer where neither shapes, metadata nor config.json tell; 0: unknown",
  flag: false,
  parse: headsOf,
  show: ({ text }) => text,
};

function headsOf(text: string): HeadsChoice {
  const count = (digits: string) => {
    if (!/^\d{1,6}$/.test(digits)) throw new Mismatch(JSON.stringify(text));
    return Number(digits);
  };
  const words = text.trim().split(/[\s,]+/);
  const towers = new Map<string, number>();
  let all = 0;
  for (const word of words) {
    const at = word.lastIndexOf("=");
    if (at < 0 && words.length === 1) all = count(word);
    else if (at <= 0) throw new Mismatch(JSON.stringify(text));
    else towers.set(word.slice(0, at), count(word.slice(at + 1)));
  }
  const isIn = ({ tower, path }: Pick<ModuleName, "tower" | "path">, name: string) =>
    tower === name || tower === "" && path.split(".").includes(name);
  return {
    text,
    of(module) {
      const own = [...towers].find(([name]) => isIn(module, name));
      const value = own?.[1] ?? all;
      return value > 0 ? { value, from: "--heads" } : undefined;
    },
    check(path, modules) {
      const stray = [...towers.keys()].find((name) => !modules.some((module) => isIn(module, name)));
      if (stray === undefined) return;
      const found = [...new Set(modules.map(({ tower }) => tower))].filter((tower) => tower !== "");
      throw new UserError(
        `${path}: expected --heads to name towers (${found.join(", ") || "there is one alone: --heads=N"}), found ${
          JSON.stringify(stray)
        }`,
      );
    },
    toJSON: () => text,
  };
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

const steps: Option<StepChoice> = {
  fallback: { text: "all" },
  expected: "all, every:N, or steps such as 0,512,143000",
  help: "which checkpoints are measured; every:N keeps each Nth and the last",
  flag: false,
  parse(text) {
    if (text === "all") return { text };
    const every = /^every:([1-9]\d{0,8})$/.exec(text);
    if (every !== null) return { text, every: Number(every[1]) };
    const list = text.split(",").map((word) =>
      /^[\d.]+(?:e\d+)?[kmb]?$/i.test(word.trim()) ? numberAt(word.trim()) : null
    );
    if (list.includes(null)) throw new Mismatch(JSON.stringify(text));
    return { text, list: list as number[] };
  },
  show: ({ text }) => text,
};

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

/** A file or folder, or none. */
function file(help: string, placeholder = "FILE"): Option<string | undefined> {
  return {
    fallback: undefined,
    expected: "a path",
    placeholder,
    help,
    flag: false,
    parse: (text) => text === "" ? undefined : text,
    show: (value) => value ?? "",
  };
}

/** Options of the tool. */
export const measureOptions: {
  readonly measures: Option<readonly MeasureName[]>;
  readonly matrices: Option<RegExp | "auto" | "none">;
  readonly circuits: Option<CircuitChoice>;
  readonly heads: Option<HeadsChoice>;
  readonly fused: Option<"auto" | "parts" | "interleaved" | "grouped">;
  readonly axes: Option<"auto" | "in-out" | "out-in">;
  readonly marginal: Option<number>;
  readonly "step-pattern": Option<RegExp | "auto">;
  readonly steps: Option<StepChoice>;
  readonly "allow-nan": Option<boolean>;
  readonly delta: Option<boolean>;
  readonly null: Option<boolean>;
  readonly plan: Option<boolean>;
  readonly audit: Option<boolean>;
  readonly compare: Option<boolean>;
  readonly plugin: Option<string | undefined>;
  readonly activations: Option<string | undefined>;
} = {
  measures,
  matrices: pattern("auto", ["auto", "none"], "names of matrices to measure; auto: all but embeddings and attention"),
  circuits,
  heads,
  fused: choice(["auto", "parts", "interleaved", "grouped"], {
    help: "order of query, key and value in one weight: [Q K V], [q k v] by head, [q … q k v] by key head",
  }),
  axes: choice(["auto", "in-out", "out-in"], { help: "how plain weights are stored, where their names do not tell" }),
  marginal: integer(3, { min: 0, max: 64, help: "leading singular values left out at most by marginal-rank" }),
  steps,
  "step-pattern": pattern("auto", ["auto"], "where a file or folder name has its step, as the first group"),
  "allow-nan": flag("end well even if weights that are not finite were skipped"),
  delta: flag("measure changes, M(t) − M(first step), in place of weights"),
  null: flag("curves of the same entries in random places, against which changes are tested", true),
  plan: flag("say what would be measured, and how, and end"),
  audit: flag("check a whole folder: equal weights, coinciding replicas, missing rank, degenerate cuts; no curves"),
  compare: flag("set folders beside each other, of different models too, in place of taking them for replicas"),
  activations: file(
    "folder of activations of a fixed batch at some steps; of several folders, as many with commas between",
    "DIR",
  ),
  plugin: file("measures of your own: export const measures = { NAME: { ofSpectrum: (s) => … } }, or ofMatrix"),
};
