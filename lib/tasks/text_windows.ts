/** Bytes of a text: random windows of its first part to train on, of the rest to validate. */
import { byteWindows } from "../../kernels/tasks/byte_windows.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { checkCounts, type TaskSampler } from "./sampler.ts";
import type { TokenBatch } from "./token_sequences.ts";

/** A task of text windows. */
export interface TextWindowsOptions {
  /** The text's bytes: tokens of a vocabulary of 256. */
  readonly bytes: Uint8Array;
  /** Bytes S of a window: one more than a model that predicts the next byte sees. */
  readonly length: number;
  /** Windows B per replica and step. */
  readonly batch: number;
  /** Which part windows lie in: before or after the split; neither reaches into the other. */
  readonly part: "train" | "validation";
  /** Share of the text that is trained on, in (0, 1); 0.9 by default. */
  readonly split?: number;
}

/** A batch of text windows. */
export interface TextWindowsBatch extends TokenBatch {
  /** Position of each window's first byte in the text (R, B). */
  readonly start: Tensor<"u32">;
}

/**
 * Windows of S bytes at uniform positions of the text's training or validation part.
 *
 * @param options The task.
 * @returns A sampler; window b depends on seed, key, step and b only.
 * @throws {RangeError} If an option is out of its domain, or the part is shorter than a window.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { textWindows } from "./text_windows.ts";
 * import { assert } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * const text = "It was the best of times, it was the worst of times.";
 * const bytes = new TextEncoder().encode(text);
 * const { tokens } = textWindows({ bytes, length: 8, batch: 1, part: "train" })({ seeds, clock, key: "train" });
 * assert(text.includes(String.fromCharCode(...await tokens.read())));
 * ```
 */
export function textWindows(options: TextWindowsOptions): TaskSampler<TextWindowsBatch> {
  const { bytes, length: T, batch: B, part, split = 0.9 } = options;
  checkCounts("text_windows", { length: T, batch: B });
  const { first, end } = textPart(bytes.length, part, split);
  const starts = end - first - T + 1;
  if (starts < 1) {
    throw new RangeError(
      `text_windows: expected at least ${T} bytes in the ${part} part, found ${end - first} of ${bytes.length}`,
    );
  }
  return (draw) => {
    const words = new Uint8Array(4 * Math.ceil(bytes.length / 4));
    words.set(bytes);
    const packed = own(Tensor.from(littleEndian(words), [words.length / 4], "text"));
    return byteWindows({ ...draw, key: `${draw.key} window` }, packed, { B, T, first, starts });
  };
}

/**
 * Where a part of a text begins and ends.
 *
 * @param length Bytes of the text.
 * @param part Which part.
 * @param split Share of the text that is trained on, in (0, 1).
 * @returns First byte, and the one after the last.
 * @throws {RangeError} If `split` is out of its domain.
 */
export function textPart(
  length: number,
  part: "train" | "validation",
  split: number,
): { first: number; end: number } {
  if (!(split > 0 && split < 1)) throw new RangeError(`text_windows: expected a split in (0, 1), found ${split}`);
  const middle = Math.floor(length * split);
  return part === "train" ? { first: 0, end: middle } : { first: middle, end: length };
}

function littleEndian(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, word) => view.getUint32(4 * word, true));
}
