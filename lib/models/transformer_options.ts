/** Sizes and switches of a transformer, and the parameters that they give it. */
import { ShapeError } from "../gpu/errors.ts";
import type { DType, Tensor } from "../gpu/tensor.ts";
import { biasSpec } from "./layers.ts";
import type { ParameterSpec, ParameterSpecs, Weights } from "./parameters.ts";

/** Scale of the initial weights. */
export type InitialScale =
  /** Every matrix N(0, 1/fan-in), embeddings N(0, 1/C). */
  | "fan-in"
  /** N(0, 0.02²), matrices that write into the residual stream divided by √(2 · layers) (Radford et al. 2019). */
  | "gpt2"
  /** Every matrix N(0, 1/C), the unembedding N(0, 1/outputs) (Nanda et al. 2301.05217). */
  | "grokking";

/** Sizes and switches of a transformer. */
export interface TransformerOptions {
  /** Tokens of a vocabulary, or vectors of a dimension, which a linear map reads in. */
  readonly input: { readonly vocabulary: number } | { readonly dimension: number };
  /** Width of the output: number of logits, or of predicted values. */
  readonly outputs: number;
  /** Longest sequence T. */
  readonly length: number;
  /** Number of blocks, ≥ 0. */
  readonly layers: number;
  /** Heads of each block; their width is `width / heads` unless `headWidth` says otherwise. */
  readonly heads: number;
  /** Width C of the residual stream. */
  readonly width: number;
  /** Width E of a head. */
  readonly headWidth?: number;
  /** Hidden width of the perceptrons, 0 for attention only; 4 C by default. */
  readonly mlp?: number;
  /** Nonlinearity of the perceptrons: `gelu` is the exact form, `gelu-tanh` its approximation; by default `gelu`. */
  readonly activation?: "relu" | "gelu" | "gelu-tanh";
  /** Normalisation before attention, perceptron and unembedding; by default `layer`. */
  readonly norm?: "none" | "layer" | "rms";
  /** Positions in the input; by default `learned`. */
  readonly positions?: "none" | "learned" | "sinusoidal";
  /** Attention: of softmax, rectified scores over the number of keys, or plain scores over it; by default `softmax`. */
  readonly attention?: "softmax" | "relu" | "linear";
  /** Whether a position sees only itself and earlier ones (a decoder) or all (an encoder); true by default. */
  readonly causal?: boolean;
  /** Maps with biases; by default all. */
  readonly biases?: { readonly attention?: boolean; readonly mlp?: boolean; readonly unembedding?: boolean };
  /** Whether logits are scalar products with the token embeddings; false by default. */
  readonly tied?: boolean;
  /** Whether every position is predicted or the last one only; by default `every`. */
  readonly predict?: "every" | "last";
  /** Scale of the initial weights; by default `fan-in`. */
  readonly init?: InitialScale;
}

/** A transformer as plain data. */
export interface Transformer {
  /** Parameters of one replica. */
  readonly parameters: ParameterSpecs;
  /**
   * Runs the model.
   *
   * @param weights Parameters (R, …) by name.
   * @param input Tokens (R, B, T), or vectors (R, B, T, D).
   * @returns Logits or predictions (R, B, T, outputs), or (R, B, outputs) where the last position only is predicted.
   */
  apply(weights: Weights, input: Tensor<DType>): Tensor;
  /** As `apply`, but returns the residual stream (R, B, T or 1, C) before the last norm and the unembedding. */
  stream(weights: Weights, input: Tensor<DType>): Tensor;
  /**
   * Runs the model and keeps what passes through it, for probes, attention scores and pasting. What a recording does not use
   * of it costs nothing. Patterns have no gradient: a loss that depends on them is refused.
   *
   * @param weights Parameters (R, …) by name.
   * @param input Tokens (R, B, T), or vectors (R, B, T, D).
   * @returns Residual stream, attention and output.
   */
  trace(weights: Weights, input: Tensor<DType>): TransformerTrace;
  /**
   * Runs the blocks from one on, and the unembedding, on a residual stream: one of `trace` that was changed, or another model's.
   *
   * @param weights Parameters (R, …) by name; those of earlier blocks are not read.
   * @param residual Stream (R, B, T, C) before block `layer`, as `trace(…).residual[layer]`.
   * @param layer First block to run, 0 … L; L unembeds only.
   * @returns As `apply`; of the model's own stream the same bits.
   */
  applyFrom(weights: Weights, residual: Tensor, layer: number): Tensor;
}

/** Intermediate activations of a transformer of L layers. */
export interface TransformerTrace {
  /** Residual stream (R, B, T, C): the embedding, then what it is after each block (L + 1); of one position where that is all. */
  readonly residual: readonly Tensor[];
  /** Inputs of each block's attention (L): the normalised stream before it (R, B, T, C). */
  readonly normed: readonly Tensor[];
  /** Attention of each block (L): (R, B, H, T, T), or (R, B, H, 1, T) where the last position alone is computed. */
  readonly patterns: readonly Tensor[];
  /** Output, the same bits as those of `apply`. */
  readonly output: Tensor;
}

/** Options with everything that follows from the defaults. */
export interface TransformerSizes extends Required<Omit<TransformerOptions, "biases">> {
  readonly biases: { readonly attention: boolean; readonly mlp: boolean; readonly unembedding: boolean };
}

/**
 * Fills in defaults and refuses what does not fit.
 *
 * @param options Sizes and switches.
 * @returns All of them.
 * @throws {ShapeError} If a size is no positive integer, heads do not divide the width, or tied embeddings do not fit.
 */
export function completeOptions(options: TransformerOptions): TransformerSizes {
  const { input, outputs, length, layers, heads, width, tied = false, biases = {} } = options;
  const { attention = true, mlp = true, unembedding = !tied } = biases;
  const sizes: TransformerSizes = {
    input,
    outputs,
    length,
    layers,
    heads,
    width,
    headWidth: options.headWidth ?? width / heads,
    mlp: options.mlp ?? 4 * width,
    activation: options.activation ?? "gelu",
    norm: options.norm ?? "layer",
    positions: options.positions ?? "learned",
    attention: options.attention ?? "softmax",
    causal: options.causal ?? true,
    biases: { attention, mlp, unembedding },
    tied,
    predict: options.predict ?? "every",
    init: options.init ?? "fan-in",
  };
  const refuse = (expected: string, found: unknown): never => {
    throw new ShapeError(`transformer: expected ${expected}, found ${found}`);
  };
  const extent = "vocabulary" in input ? { vocabulary: input.vocabulary } : { dimension: input.dimension };
  const positive = { outputs, length, heads, width, ...extent };
  for (const [name, value] of Object.entries(positive)) {
    if (!Number.isInteger(value) || value < 1) refuse(`a positive integer for ${name}`, value);
  }
  const { headWidth } = sizes;
  if (options.headWidth === undefined && width % heads !== 0) {
    refuse(`heads that divide the width of ${width}, or headWidth`, heads);
  }
  if (!Number.isInteger(headWidth) || headWidth < 1) refuse("a positive integer for headWidth", headWidth);
  for (const name of ["layers", "mlp"] as const) {
    if (!Number.isInteger(sizes[name]) || sizes[name] < 0) refuse(`an integer ≥ 0 for ${name}`, sizes[name]);
  }
  if (tied && !("vocabulary" in input && input.vocabulary === outputs)) {
    refuse("as many outputs as tokens where embeddings are tied", outputs);
  }
  if (tied && sizes.biases.unembedding) refuse("no bias of a tied unembedding", "one");
  return sizes;
}

/**
 * Parameters of a transformer, in the order in which it uses them. Query, key and value are parts of one matrix
 * `attention.qkv`; where only the last position is predicted, key and value of the last block are of `attention.key_value`.
 *
 * @param sizes Sizes and switches.
 * @returns Parameters of one replica.
 */
export function transformerParameters(sizes: TransformerSizes): ParameterSpecs {
  const { input, outputs, length, layers, heads, headWidth, width, mlp, norm, positions, biases, tied, predict } =
    sizes;
  const inner = heads * headWidth;
  const specs: Record<string, ParameterSpec> = {};
  const matrix = (fanIn: number, fanOut: number, residual = false): ParameterSpec => ({
    shape: [fanIn, fanOut],
    init: { law: "normal", deviation: deviationOf(sizes, fanIn, residual) },
  });
  const parts = (names: readonly string[], suffix = "") =>
    Object.fromEntries(names.map((name) => [name + suffix, inner]));
  const gains = (name: string) => {
    if (norm === "none") return;
    specs[`${name}.gain`] = { shape: [width], init: { law: "constant", value: 1 } };
    if (norm === "layer") specs[`${name}.bias`] = biasSpec(width);
  };

  if ("vocabulary" in input) specs["embedding.token"] = { ...matrix(width, width), shape: [input.vocabulary, width] };
  else {
    specs["embedding.input"] = matrix(input.dimension, width);
    specs["embedding.input_bias"] = biasSpec(width);
  }
  if (positions === "learned") specs["embedding.position"] = { ...matrix(width, width), shape: [length, width] };
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `blocks.${layer}`;
    gains(`${prefix}.norm1`);
    const apart = predict === "last" && layer === layers - 1;
    const groups: [string, string[]][] = apart
      ? [["query", ["query"]], ["key_value", ["key", "value"]]]
      : [["qkv", ["query", "key", "value"]]];
    for (const [name, members] of groups) {
      const several = members.length > 1;
      const columns = members.length * inner;
      specs[`${prefix}.attention.${name}`] = {
        ...matrix(width, columns),
        heads,
        ...(several ? { parts: parts(members) } : {}),
      };
      if (biases.attention) {
        specs[`${prefix}.attention.${name}_bias`] = {
          ...biasSpec(columns),
          ...(several ? { parts: parts(members, "_bias") } : {}),
        };
      }
    }
    specs[`${prefix}.attention.output`] = matrix(inner, width, true);
    if (biases.attention) specs[`${prefix}.attention.output_bias`] = biasSpec(width);
    if (mlp === 0) continue;
    gains(`${prefix}.norm2`);
    specs[`${prefix}.mlp.in`] = matrix(width, mlp);
    if (biases.mlp) specs[`${prefix}.mlp.in_bias`] = biasSpec(mlp);
    specs[`${prefix}.mlp.out`] = matrix(mlp, width, true);
    if (biases.mlp) specs[`${prefix}.mlp.out_bias`] = biasSpec(width);
  }
  gains("norm");
  if (!tied) {
    const deviation = sizes.init === "grokking" ? 1 / Math.sqrt(outputs) : deviationOf(sizes, width, false);
    specs.unembedding = { shape: [width, outputs], init: { law: "normal", deviation } };
    if (biases.unembedding) specs.unembedding_bias = biasSpec(outputs);
  }
  return specs;
}

function deviationOf({ init, width, layers }: TransformerSizes, fanIn: number, residual: boolean): number {
  if (init === "gpt2") return residual ? 0.02 / Math.sqrt(2 * layers) : 0.02;
  return 1 / Math.sqrt(init === "grokking" ? width : fanIn);
}
