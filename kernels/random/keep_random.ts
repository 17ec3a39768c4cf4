/** Sparse vectors: a random subset of the entries is kept. */
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { drawKey } from "../../lib/random/random.ts";
import { permutation } from "../../lib/random/laws.ts";
import code from "./keep_random.wgsl" with { type: "text" };
import { drawAt, type Place, type PlaceKeys } from "./prompt_place.ts";
import { placeFiles } from "./place.ts";

const keep = kernel({
  label: "keep_random",
  code: { ...placeFiles, "kernels/random/keep_random.wgsl": code },
  inputs: { place: ["R", "B", "4"], w: ["R", "B", "C"] },
  outputs: {},
  scalars: ["key", "list_key", "K"],
  groups: ({ R, B, C }) => {
    checkLoopIterations("keep_random", Math.ceil(C / 4));
    return Math.ceil(R * B * C / 64);
  },
});

/**
 * Zeroes all but K entries of every row of `w`, in place; every subset of K is equally likely.
 *
 * @param place Places (R, B, 4).
 * @param w Rows (R, B, C); C ≤ 262 140 on a software adapter.
 * @param keys Names of the draw.
 * @param K Entries that stay.
 */
export function keepRandom(place: Tensor<"u32">, w: Tensor, keys: PlaceKeys, K: number): void {
  keep({ place, w, key: drawKey(keys.key), list_key: drawKey(keys.listKey), K });
}

/**
 * {@linkcode keepRandom} of one row on the host.
 *
 * @param place Place on the host.
 * @param w Row (C).
 * @param keys Names of the draw.
 * @param K Entries that stay.
 * @returns Row (C).
 */
export function keepRandomReference(place: Place, w: Float64Array, keys: PlaceKeys, K: number): Float64Array {
  const kept = new Set(permutation(drawAt(place, keys), w.length).slice(0, K));
  return w.map((value, c) => kept.has(c) ? value : 0);
}
