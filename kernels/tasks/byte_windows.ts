/** Random windows of a text. */
import { kernel } from "../../lib/gpu/kernel.ts";
import { makeTensor } from "../../lib/gpu/program.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { drawKey } from "../../lib/random/random.ts";
import code from "./byte_windows.wgsl" with { type: "text" };
import type { RandomDraw } from "../random/random_fill.ts";
import { placeFiles } from "../random/place.ts";

const windows = kernel({
  label: "byte_windows",
  code: { ...placeFiles, "kernels/tasks/byte_windows.wgsl": code },
  inputs: { seeds: ["R"], clock: ["3"], bytes: ["W"] },
  outputs: { tokens: ["R", "B", "T"], start: ["R", "B"] },
  scalars: ["first", "starts", "key"],
  groups: ({ R, B, T }) => Math.ceil(R * B * T / 64),
});

/** Windows that may be drawn. */
export interface WindowSizes {
  /** Windows per replica. */
  readonly B: number;
  /** Bytes of a window. */
  readonly T: number;
  /** First byte that a window may start with. */
  readonly first: number;
  /** Bytes from there on that a window may start with; the last window ends with byte `first + starts + T − 2`. */
  readonly starts: number;
}

/**
 * Draws windows that start uniformly in `first … first + starts − 1`.
 *
 * @param draw Seeds, clock and key.
 * @param bytes Bytes, four a word (W), the lowest first.
 * @param sizes Which windows.
 * @returns Bytes (R, B, T) and where windows start (R, B).
 */
export function byteWindows(
  { seeds, clock, key }: RandomDraw,
  bytes: Tensor<"u32">,
  { B, T, first, starts }: WindowSizes,
): { tokens: Tensor<"u32">; start: Tensor<"u32"> } {
  const [R] = seeds.shape;
  const tokens = makeTensor([R, B, T], "u32", "tokens");
  const start = makeTensor([R, B], "u32", "start");
  windows({ seeds, clock, bytes, tokens, start, first, starts, key: drawKey(key) });
  return { tokens, start };
}
