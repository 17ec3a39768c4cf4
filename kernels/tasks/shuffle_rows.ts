/** Control sequences: the same tokens in random order. */
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import { makeTensor } from "../../lib/gpu/program.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { type Draw, drawKey } from "../../lib/random/random.ts";
import { permutation } from "../../lib/random/laws.ts";
import type { RandomDraw } from "../random/random_fill.ts";
import { placeFiles } from "../random/place.ts";
import code from "./shuffle_rows.wgsl" with { type: "text" };

const shuffle = kernel({
  label: "shuffle_rows",
  code: { ...placeFiles, "kernels/tasks/shuffle_rows.wgsl": code },
  inputs: { seeds: ["R"], clock: ["3"], x: ["R", "B", "T"] },
  outputs: { y: ["R", "B", "T"] },
  scalars: ["key"],
  groups: ({ R, B, T }) => {
    checkLoopIterations("shuffle_rows", Math.ceil(T / 4));
    return Math.ceil(R * B * T / 64);
  },
});

/**
 * Permutes every row at random; costs T²/4 blocks of random bits a row.
 *
 * @param draw Seeds, clock and key.
 * @param x Rows (R, B, T); T ≤ 262 140 on a software adapter.
 * @returns Rows (R, B, T).
 */
export function shuffleRows({ seeds, clock, key }: RandomDraw, x: Tensor<"u32">): Tensor<"u32"> {
  const y = makeTensor(x.shape, "u32", "shuffled");
  shuffle({ seeds, clock, x, y, key: drawKey(key) });
  return y;
}

/**
 * {@linkcode shuffleRows} of one row, on the host.
 *
 * @param draw Where the row stands; the item is its number in the batch.
 * @param x Row (T).
 * @returns Row (T).
 */
export function shuffleRowsReference(draw: Draw, x: ArrayLike<number>): number[] {
  return Array.from(permutation(draw, x.length), (t) => x[t]);
}
