/** The bytes of a text as a task: windows to train on, and held-out ones in which each byte is late once and early once. */
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { uniforms } from "../random/random.ts";
import type { TaskSampler } from "./sampler.ts";
import { textPart, textWindows } from "./text_windows.ts";
import { type NextTokens, type TokenBatch, withTargets } from "./token_sequences.ts";

/** Draws sequences with the token after each. */
export type NextTokenTask = TaskSampler<TokenBatch & NextTokens>;

/** Tasks of predicting the next token. */
export interface NextTokenTasks {
  /** Sequences to train on, by size of the batch. */
  readonly train: (batch: number) => NextTokenTask;
  /** Sequences to evaluate on, at most as many as asked for. */
  readonly held: (batch: number) => NextTokenTask;
  /** Number of tokens V. */
  readonly vocabulary: number;
}

/** Windows of a text. */
export interface TextPredictionOptions {
  /** Bytes S of a window: one more than a model that predicts the next byte sees. */
  readonly length: number;
  /** Share of the text that is trained on, in (0, 1); 0.9 by default. */
  readonly split?: number;
  /**
   * Whether bytes come one by one from all over the text, as a control: nothing can be learned in context, as it could be
   * from how often a window holds a byte. Held-out windows are then those of the text in a random order.
   */
  readonly scattered?: boolean;
}

/**
 * Prediction of the next byte of a text. Its different bytes are the tokens: one that never occurs is nothing to predict.
 *
 * Windows to train on lie anywhere in the first part. Held-out ones lie in the rest, one quarter of a window after the other
 * and the same for every seed: every byte is in the last quarter of one window and in the first of another, so that the loss
 * late in a window and early in one compare the same bytes after much and after little context.
 *
 * @param text Its bytes.
 * @param options Windows, and whether they keep the text's order.
 * @returns Samplers, the number of different bytes, and the tokens that are trained on.
 * @throws {RangeError} If the part to train on, or the rest, is shorter than a window.
 *
 * @example
 * ```ts
 * import { textPrediction } from "./text_prediction.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = new TextEncoder().encode("abracadabra ".repeat(20));
 * const { vocabulary, text } = textPrediction(bytes, { length: 9 });
 * assertEquals([vocabulary, [...text.subarray(0, 4)]], [6, [1, 2, 5, 1]]);
 * ```
 */
export function textPrediction(
  text: Uint8Array,
  { length, split = 0.9, scattered = false }: TextPredictionOptions,
): NextTokenTasks & { readonly text: Uint8Array } {
  const { bytes, vocabulary } = numbered(text);
  const { end } = textPart(bytes.length, "train", split);
  const rest = (scattered ? inRandomOrder(bytes) : bytes).subarray(end);
  if (rest.length < length) {
    throw new RangeError(`text_prediction: expected at least ${length} held-out bytes, found ${rest.length}`);
  }
  const drawn = (batch: number) =>
    scattered
      ? joined(textWindows({ bytes, length: 1, batch: batch * length, part: "train", split }), length)
      : textWindows({ bytes, length, batch, part: "train", split });
  return {
    train: (batch) => withTargets(drawn(batch)),
    held: (most) => withTargets(fixed(overlapping(rest, length, most))),
    vocabulary,
    text: bytes.subarray(0, end),
  };
}

/** A text with its different bytes numbered in their order. */
function numbered(text: Uint8Array): { readonly bytes: Uint8Array; readonly vocabulary: number } {
  const different = [...new Set(text)].sort((a, b) => a - b);
  const numbers = new Uint8Array(256);
  different.forEach((byte, index) => numbers[byte] = index);
  return { bytes: text.map((byte) => numbers[byte]), vocabulary: different.length };
}

/** The bytes in a random order, the same at every call. */
function inRandomOrder(bytes: Uint8Array): Uint8Array {
  const places = uniforms({ seed: 0, key: "order of a text", step: 0 }, bytes.length);
  const order = places.map((_, index) => index).sort((a, b) => places[a] - places[b]);
  return Uint8Array.from(order, (place) => bytes[place]);
}

/** Windows of a text, each a quarter of its inputs after the one before. */
function overlapping(bytes: Uint8Array, length: number, most: number): Uint8Array[] {
  const stride = Math.floor((length - 1) / 4);
  const count = Math.min(most, Math.floor((bytes.length - length) / stride) + 1);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * stride, index * stride + length));
}

/** The same sequences in every batch. */
function fixed(rows: readonly Uint8Array[]): TaskSampler<TokenBatch> {
  return ({ seeds }) => {
    const [R, B, S] = [seeds.shape[0], rows.length, rows[0].length];
    const tokens = new Uint32Array(R * B * S);
    for (let row = 0; row < R * B; row++) tokens.set(rows[row % B], row * S);
    return { tokens: own(Tensor.from(tokens, [R, B, S], "held-out windows")) };
  };
}

/** Sequences of tokens that were drawn one by one. */
function joined(sampler: TaskSampler<TokenBatch>, length: number): TaskSampler<TokenBatch> {
  return (draw) => {
    const { tokens } = sampler(draw);
    return { tokens: tokens.reshape([tokens.shape[0], tokens.shape[1] / length, length]) };
  };
}
