/**
 * Weights as matrices: which side of a stored weight is its input, and what convolutions and stacks are taken as.
 *
 * Which side is the input is a matter of the framework. PyTorch's Linear stores (out, in); Conv1D of GPT-2, TransformerLens,
 * Flax and this project (in, out).
 *
 * @module
 */
import type { TensorEntry } from "../../checkpoint/header.ts";

/** Which axis of a stored matrix is its input. */
export type Stored = "in-out" | "out-in";

/** A weight as one matrix or several. */
export interface Weight {
  /** Name of the tensor. */
  readonly name: string;
  /** Matrices along its first axis, such as experts; 1 for a matrix. */
  readonly count: number;
  /** Rows and columns of each, as they are stored. */
  readonly rows: number;
  /** See `rows`. */
  readonly columns: number;
  /** Which side is the input. */
  readonly stored: Stored;
  /** Why: for a plan. */
  readonly because: string;
  /** Its form: a plain matrix, a convolution, or a stack of matrices. */
  readonly form: "matrix" | "convolution" | "stack";
  /** Whether nothing settles which side is the input, so that `stored` is a guess. */
  readonly open: boolean;
}

/** Facts on the model around a weight. */
export interface Surroundings {
  /** Kind of model, as its configuration calls it. */
  readonly modelType: string | undefined;
  /** How GPT-2's names are stored here. */
  readonly gpt2: Stored | undefined;
  /** Width of the residual stream, where attention tells it. */
  readonly width: number | undefined;
  /** Whether it is a checkpoint of this project. */
  readonly own: boolean;
  /** Storage order stated by the user. */
  readonly given: Stored | undefined;
}

/** Biases of heads or experts have two axes, and are no matrices. */
const BIAS = /(?:^|[._])(?:bias|b_(?:Q|K|V|O|U|in|out))$/;
const GPT2 = /(?:^|\.)(?:c_attn|q_attn|c_fc|c_proj)\.weight$/;
const EXPANDS = /gate|up|w1|w3|fc1|fc_in|wi|in_proj|intermediate/i;
const CONTRACTS = /down|w2|fc2|fc_out|wo|out_proj|output/i;
/** Models that are made of GPT-2's Conv1D. */
const CONV1D = ["gpt2", "imagegpt", "decision_transformer", "openai-gpt"];
/** Models whose stacked experts are multiplied from the right. */
const IN_OUT_EXPERTS = ["gpt_oss", "llama4", "llama4_text"];

/**
 * Takes a parameter as a matrix, or several.
 *
 * @param name Its name.
 * @param shape Its shape, without an axis of replicas.
 * @param about What is known of the model.
 * @returns The weight; null for what is no matrix, such as a bias.
 */
export function asWeight(name: string, shape: readonly number[], about: Surroundings): Weight | null {
  let axes = [...shape];
  while (axes.length > 2 && axes[0] === 1) axes = axes.slice(1);
  if (axes.length < 2 || BIAS.test(name)) return null;
  if (axes.length > 3 || axes.length === 3 && /conv|patch_embed/i.test(name)) {
    const [rows, ...rest] = axes;
    const columns = rest.reduce((product, extent) => product * extent, 1);
    if (Math.min(rows, columns) < 2) return null;
    return {
      name,
      count: 1,
      rows,
      columns,
      stored: "out-in",
      because: "convolutions, (out, in · window)",
      form: "convolution",
      open: false,
    };
  }
  const [rows, columns] = axes.slice(-2);
  if (Math.min(rows, columns) < 2) return null;
  const stack = axes.length === 3;
  return {
    name,
    count: stack ? axes[0] : 1,
    rows,
    columns,
    form: stack ? "stack" : "matrix",
    ...side(name, rows, columns, stack, about),
  };
}

function side(
  name: string,
  rows: number,
  columns: number,
  stack: boolean,
  { modelType, gpt2, width, own, given }: Surroundings,
): Pick<Weight, "stored" | "because" | "open"> {
  const is = (stored: Stored, because: string, open = false) => ({ stored, because, open });
  if (given !== undefined) return is(given, "as --axes says");
  if (own) return is("in-out", "of this project");
  if (/(?:^|[._])W_(?:in|out|gate|Q|K|V|O|E|U|pos)$/.test(name)) return is("in-out", "of TransformerLens");
  if (/(?:^|[./])kernel$/.test(name)) return is("in-out", "of Flax");
  if (GPT2.test(name)) {
    return is(gpt2 ?? "in-out", gpt2 === "out-in" ? "of nn.Linear" : "Conv1D of GPT-2", gpt2 === undefined);
  }
  if (stack) {
    if (modelType !== undefined && IN_OUT_EXPERTS.includes(modelType)) return is("in-out", `stacks of ${modelType}`);
    const word = name.split(".").slice(-2).join(".");
    const [expands, contracts] = [EXPANDS.test(word), CONTRACTS.test(word)];
    if (width !== undefined && expands !== contracts && (rows === width) !== (columns === width)) {
      return is((columns === width) === expands ? "out-in" : "in-out", "stacks, by the width of the stream");
    }
    return is(
      "out-in",
      "stacks",
      modelType === undefined && rows !== columns || rows === columns && modelType === undefined,
    );
  }
  return is("out-in", name.endsWith("weight") ? "of nn.Linear" : "by the convention of PyTorch");
}

/**
 * How weights are stored that GPT-2 calls c_attn, c_fc and c_proj: by its Conv1D, or as others do who use the same names.
 *
 * @param parameters Parameters with their shapes.
 * @param modelType Kind of model, where it is known.
 * @param replicated Whether shapes begin with replicas.
 * @returns The side of the input; undefined where shapes and kind do not tell, or contradict each other.
 */
export function gpt2Storage(
  parameters: ReadonlyMap<string, Pick<TensorEntry, "shape">>,
  modelType: string | undefined,
  replicated = false,
): Stored | undefined {
  const votes = new Set<Stored>();
  for (const [name, { shape: whole }] of parameters) {
    const [rows, columns, ...rest] = replicated ? whole.slice(1) : whole;
    if (rest.length > 0 || columns === undefined || rows === columns || /cross/.test(name)) continue;
    if (/(?:^|\.)(?:c_attn|c_fc)\.weight$/.test(name)) votes.add(columns > rows ? "in-out" : "out-in");
    else if (/(?:^|\.)mlp\.c_proj\.weight$/.test(name)) votes.add(rows > columns ? "in-out" : "out-in");
  }
  if (votes.size === 1) return [...votes][0];
  if (modelType === undefined || votes.size > 1) return undefined;
  return CONV1D.includes(modelType) ? "in-out" : "out-in";
}
