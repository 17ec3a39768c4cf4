/** The models: attention-only decoders that differ in depth alone. */
import { type Transformer, transformer } from "../../lib/models/transformer.ts";

/** Sizes of a decoder. */
export interface Decoder {
  /** Blocks, ≥ 1. */
  readonly layers: number;
  /** Heads of each block. */
  readonly heads: number;
  /** Width C. */
  readonly width: number;
  /** Positions T. */
  readonly length: number;
  /** Tokens V. */
  readonly vocabulary: number;
  /** Normalisation before attention and unembedding. */
  readonly norm: "rms" | "layer" | "none";
}

/**
 * An attention-only decoder: softmax attention, learned positions, no perceptrons, no biases, GPT-2 scale at the start.
 *
 * @param sizes Sizes.
 * @returns The model.
 */
export function decoder({ layers, heads, width, length, vocabulary, norm }: Decoder): Transformer {
  return transformer({
    input: { vocabulary },
    outputs: vocabulary,
    length,
    layers,
    heads,
    width,
    norm,
    mlp: 0,
    init: "gpt2",
    biases: { attention: false, unembedding: false },
  });
}
