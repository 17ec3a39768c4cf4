/** Options of the experiment and its presets. */
import * as lab from "../../mod.ts";

const { option } = lab;

/** Command line; the defaults are the `cpu` preset's. */
export const options = {
  task: option.choice(["repeated", "markov", "text"], {
    help: "random tokens that repeat, Markov chains, or bytes of --text",
  }),
  text: option.text("none", { help: "file whose bytes --task=text predicts" }),
  depths: option.integers([1, 2, 3, 4], { min: 1, max: 16, distinct: true, help: "layers of each ensemble" }),
  replicas: option.integer(4, { min: 2, max: 256, help: "seeds of each ensemble: seed, seed + 1, …" }),
  width: option.integer(32, { min: 4, help: "width C of the residual stream" }),
  heads: option.integer(2, { min: 1, help: "heads of each layer" }),
  length: option.integer(32, { min: 8, help: "positions T" }),
  vocabulary: option.integer(64, { min: 4, help: "tokens V, except of a text, whose different bytes count" }),
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
  interventions: option.flag("interventions before the window of two layers", true),
  "intervene-at": option.numbers([0.5, 1], {
    above: 0,
    max: 1,
    help: "when, as shares of the last step before the window",
  }),
  control: option.flag("two layers on shuffled sequences", true),
};

const TINY = { depths: [1, 2], replicas: 2, width: 16, length: 16, vocabulary: 16, "block-to": 8, "top-k": 2 };
const WIDE = { replicas: 16, width: 128, heads: 4, length: 128, vocabulary: 512, "block-to": 64, "top-k": 8 };
const LONGER = { length: 64, interventions: false };

/** Partial overrides by name; `cpu-text` with --text=FILE. */
export const presets: lab.Presets<typeof options> = {
  smoke: { ...TINY, batch: 8, lr: 0.01, steps: 120, every: 10, "evaluation-batch": 16 },
  cpu: {},
  "cpu-markov": { ...LONGER, task: "markov", vocabulary: 16, every: 30, "evaluation-batch": 128 },
  "cpu-text": { ...LONGER, task: "text", depths: [1, 2], width: 64, steps: 1200, every: 40, "evaluation-batch": 256 },
  paper: { ...WIDE, batch: 64, lr: 1e-3, steps: 6000, every: 50, "evaluation-batch": 256 },
};

/** Values of the options. */
export type Setting = lab.Configuration<typeof options>;

/** Leading singular values that effective ranks leave out at most. */
export const MOST_MARGINAL = 3;

/** Refuses what no run can do, before anything is written. */
export function check(setting: Setting): void {
  const { task, text, width, heads, length, steps, every, "intervene-at": fractions, "block-to": block } = setting;
  const expect = (holds: boolean, expected: string, found: unknown) => {
    if (!holds) throw new lab.UserError(`expected ${expected}, found ${found}`);
  };
  expect(task === "text" || text === "none", "--task=text with --text", `--task=${task}`);
  if (task === "text") {
    expect(text !== "none", "--text=FILE with --task=text", text);
    expect(setting.control, "--control with --task=text, whose windows are held against it", "--no-control");
    expect(lab.isReadable(text), "--text to name a readable file", text);
  }
  expect(width % heads === 0, `--width divisible by ${heads} heads`, width);
  expect(new Set(fractions).size === fractions.length, "distinct --intervene-at", fractions.join(","));
  expect(block >= setting["block-from"], "--block-to of at least --block-from", block);
  expect(task !== "repeated" || 2 * block <= length + 1, `--block-to of at most half of --length ${length}`, block);
  const E = width / heads;
  expect(E > MOST_MARGINAL, `heads of more than ${MOST_MARGINAL} dimensions`, E);
  expect(2 * setting["top-k"] <= E, `--top-k of at most half a head's ${E} dimensions`, setting["top-k"]);
  expect(steps % every === 0 && steps / every >= 8, "--steps to be at least eight times --every, a multiple", steps);
}
