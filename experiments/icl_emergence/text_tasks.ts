/** The bytes of a text as a task: what is trained on, and held-out windows in which each byte is early once and late once. */
import { own } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { uniforms } from "../../lib/random/random.ts";
import {
  type NextTokens,
  readText,
  type TaskSampler,
  textPart,
  textWindows,
  type TokenBatch,
  withTargets,
} from "../../lib/tasks/mod.ts";

/** Draws sequences with the token after each. */
export type NextTokenTask = TaskSampler<TokenBatch & NextTokens>;

/** The tasks of a run. */
export interface Tasks {
  /** Sequences to train on, by size of the batch. */
  readonly train: (batch: number) => NextTokenTask;
  /** Sequences to evaluate on: other draws, and the validation part of a text. */
  readonly held: (batch: number) => NextTokenTask;
  /** Number of tokens V: of a text, of its different bytes. */
  readonly vocabulary: number;
  /** The text's training part, where there is one. */
  readonly text: Uint8Array | null;
}

/** Share of a text that is trained on. */
const SPLIT = 0.9;

/**
 * Windows of a text. Its different bytes are the tokens: one that never occurs is nothing to predict.
 *
 * Windows to train on lie anywhere in the first nine tenths. Held-out ones lie in the rest, one quarter of a window after
 * the other and the same for every seed: every byte is in the last quarter of one window and in the first of another, so
 * that the ICL score compares the same bytes after much and after little context.
 *
 * @param path The text.
 * @param length Bytes of a window.
 * @param control Whether bytes come one by one from all over the text: nothing can be learned in context, as it could be
 *   from how often a window holds a byte. Held-out windows are those of the text in a random order.
 * @returns Samplers; of held-out windows as many as asked for, or all that there are.
 * @throws {Error} In one line, if the text cannot be read or is too short.
 */
export async function textTasks(path: string, length: number, control: boolean): Promise<Tasks> {
  const { bytes, vocabulary } = compact(await readText(path, 20 * length));
  const { end } = textPart(bytes.length, "train", SPLIT);
  const rest = (control ? inRandomOrder(bytes) : bytes).subarray(end);
  const drawn = (batch: number) =>
    control
      ? scattered(textWindows({ bytes, length: 1, batch: batch * length, part: "train", split: SPLIT }), length)
      : textWindows({ bytes, length, batch, part: "train", split: SPLIT });
  return {
    train: (batch) => withTargets(drawn(batch)),
    held: (most) => withTargets(fixed(overlapping(rest, length, most))),
    vocabulary,
    text: bytes.subarray(0, end),
  };
}

/** A text with its different bytes numbered in their order. */
function compact(text: Uint8Array): { readonly bytes: Uint8Array; readonly vocabulary: number } {
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
function scattered(sampler: TaskSampler<TokenBatch>, length: number): TaskSampler<TokenBatch> {
  return (draw) => {
    const { tokens } = sampler(draw);
    return { tokens: tokens.reshape([tokens.shape[0], tokens.shape[1] / length, length]) };
  };
}
