/** Options of the experiment, its presets, and the columns of its log. */
import { column, type Configuration, option, type Presets, UserError } from "../../lib/run/mod.ts";
import type { Decoder } from "./decoder.ts";

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  task: option.choice(["repeated", "markov", "text"], {
    help: "random tokens that repeat, Markov chains with a new matrix each, or bytes of --text",
  }),
  text: option.text("none", { help: "file whose bytes --task=text predicts" }),
  depths: option.numbers([1, 2, 3, 4], { min: 1, max: 16, help: "numbers of layers, one ensemble each" }),
  replicas: option.integer(4, { min: 2, max: 256, help: "seeds of each ensemble: seed, seed + 1, …" }),
  width: option.integer(32, { min: 4, help: "width C of the residual stream" }),
  heads: option.integer(2, { min: 1, help: "heads of each layer" }),
  length: option.integer(32, { min: 8, help: "positions T" }),
  vocabulary: option.integer(64, {
    min: 4,
    help: "tokens V of --task=repeated and markov; of a text, its different bytes",
  }),
  norm: option.choice(["rms", "layer", "none"], { help: "normalisation before attention and unembedding" }),
  "block-from": option.integer(3, { min: 1, help: "shortest block that --task=repeated repeats" }),
  "block-to": option.integer(16, { min: 1, help: "longest one" }),
  concentration: option.number(0.1, { above: 0, help: "Dirichlet concentration of --task=markov" }),
  batch: option.integer(32, { min: 1, help: "sequences a step and replica" }),
  lr: option.number(1.5e-3, { above: 0, help: "learning rate of AdamW" }),
  "weight-decay": option.number(0.01, { min: 0, help: "weight decay of AdamW" }),
  steps: option.integer(1500, { min: 16, help: "steps of each ensemble" }),
  every: option.integer(25, { min: 2, help: "steps between reports" }),
  "evaluation-batch": option.integer(64, { min: 1, help: "held-out sequences a report and replica" }),
  "top-k": option.integer(4, { min: 1, help: "dimension of the subspace that interventions act on" }),
  interventions: option.choice(["yes", "no"], { help: "whether to intervene before the window of two layers" }),
  "intervene-at": option.numbers([0.5, 1], {
    above: 0,
    max: 1,
    help: "when, as fractions of the last step before the earliest window",
  }),
  control: option.choice(["yes", "no"], { help: "whether to train two layers on shuffled sequences too" }),
};

/** Partial overrides by name. */
export const presets: Presets<typeof options> = {
  smoke: {
    depths: [1, 2],
    replicas: 2,
    width: 16,
    length: 16,
    vocabulary: 16,
    "block-to": 8,
    batch: 8,
    lr: 0.01,
    steps: 120,
    every: 10,
    "evaluation-batch": 16,
    "top-k": 2,
  },
  cpu: {},
  "cpu-markov": {
    task: "markov",
    length: 64,
    vocabulary: 16,
    steps: 1500,
    every: 30,
    "evaluation-batch": 128,
    interventions: "no",
  },
  // With --text=FILE.
  "cpu-text": {
    task: "text",
    depths: [1, 2],
    width: 64,
    length: 64,
    steps: 1200,
    every: 40,
    "evaluation-batch": 256,
    interventions: "no",
  },
  paper: {
    replicas: 16,
    width: 128,
    heads: 4,
    length: 128,
    vocabulary: 512,
    "block-to": 64,
    batch: 64,
    lr: 1e-3,
    steps: 6000,
    every: 50,
    "evaluation-batch": 256,
    "top-k": 8,
  },
};

/** Values of the options. */
export type Setting = Configuration<typeof options>;

/** Leading singular values that the marginalised effective rank leaves out in the claims. */
export const MARGINAL = 1;

/** Most of them that are logged. */
export const MOST_MARGINAL = 3;

function isReadable(path: string): boolean {
  try {
    using file = Deno.openSync(path);
    return file.statSync().isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
}

/** Refuses what no run can do, before anything is written. */
export function check(setting: Setting): void {
  const { task, text, width, heads, length, depths, steps, every } = setting;
  const refuse = (expected: string, found: unknown) => {
    throw new UserError(`expected ${expected}, found ${found}`);
  };
  if (task === "text" && text === "none") refuse("--text=FILE with --task=text", "none");
  if (task === "text" && setting.control === "no") {
    refuse("--control=yes with --task=text, whose windows are held against it", "no");
  }
  if (task === "text" && !isReadable(text)) refuse("--text to name a readable file", text);
  if (task !== "text" && text !== "none") refuse("--task=text with --text", `--task=${task}`);
  if (width % heads !== 0) refuse(`--width divisible by ${heads} heads`, width);
  const fraction = depths.find((depth) => !Number.isInteger(depth));
  if (fraction !== undefined) refuse("--depths to be integers", fraction);
  if (new Set(depths).size < depths.length) refuse("distinct --depths", depths.join(","));
  const places = setting["intervene-at"];
  if (new Set(places).size < places.length) refuse("distinct --intervene-at", places.join(","));
  if (setting["block-to"] < setting["block-from"]) refuse("--block-to of at least --block-from", setting["block-to"]);
  if (task === "repeated" && 2 * setting["block-to"] > length + 1) {
    refuse(`--block-to of at most half of --length ${length}`, setting["block-to"]);
  }
  const dimension = width / heads;
  if (dimension <= MOST_MARGINAL) refuse(`heads of more than ${MOST_MARGINAL} dimensions`, dimension);
  if (2 * setting["top-k"] > dimension) {
    refuse(`--top-k of at most half a head's ${dimension} dimensions`, setting["top-k"]);
  }
  if (steps % every !== 0 || steps / every < 8) refuse("--steps to be at least eight times --every, a multiple", steps);
}

/** Sizes of a decoder with some layers. */
export function sizesOf({ heads, width, length, norm }: Setting, vocabulary: number, layers: number): Decoder {
  return { layers, heads, width, length, vocabulary, norm };
}

/** Kinds of row in the log. */
export const columns = {
  train: {
    ensemble: column.text("depth-N, control, or an intervention"),
    step: column.int("steps", "optimiser steps taken"),
    replica: column.int("", "index of the seed"),
    loss: column.float("nats", "mean loss of the last batch, before its update"),
  },
  measure: {
    ensemble: column.text("depth-N, control, or an intervention"),
    step: column.int("steps", "optimiser steps taken"),
    replica: column.int("", "index of the seed"),
    head: column.int("", "layer · heads + head, from 0; −1 where a quantity has none"),
    quantity: column.text(
      "score, early loss, late loss, parameter norm; of a head: prefix matching, previous token, and of QK and OV: norm, effective rank without k values, distance and principal angles (rad) to the last row space; curvatures",
    ),
    value: column.float("", "the value"),
  },
  window: {
    ensemble: column.text("depth-N or control"),
    replica: column.int("", "index of the seed"),
    start: column.float("steps", "change point at which the score begins to fall; −1 where there is no transition"),
    end: column.float("steps", "change point at which it has fallen"),
    drop: column.float("nats", "how far it falls"),
    explained: column.float("", "share of the score's variance that the fit explains"),
  },
  baseline: {
    name: column.text("exact predictor"),
    position: column.int("", "position in the context"),
    loss: column.float("nats", "its loss"),
  },
};
