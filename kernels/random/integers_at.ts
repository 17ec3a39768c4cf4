/** Integers drawn at given places of the random streams: independent ones, or a subset without repetition. */
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import { makeTensor } from "../../lib/gpu/program.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { drawKey } from "../../lib/random/random.ts";
import integers from "./integers_at.wgsl" with { type: "text" };
import type { PlaceKeys } from "./prompt_place.ts";
import { placeFiles } from "./place.ts";
import subset from "./subset_at.wgsl" with { type: "text" };

const integersKernel = kernel({
  label: "integers_at",
  code: { ...placeFiles, "kernels/random/integers_at.wgsl": integers },
  inputs: { place: ["R", "B", "4"] },
  outputs: { y: ["R", "B", "K"] },
  scalars: ["n", "key", "list_key"],
  groups: ({ R, B, K }) => Math.ceil(R * B * K / 64),
});

const subsetKernel = kernel({
  label: "subset_at",
  code: { ...placeFiles, "kernels/random/subset_at.wgsl": subset },
  inputs: { place: ["R", "B", "4"] },
  outputs: { y: ["R", "B", "K"] },
  scalars: ["C", "key", "list_key"],
  // One workgroup per place: its lanes stride over the permutation, whose length is no axis of a tensor.
  groups: ({ R, B }) => R * B,
});

/**
 * Draws independent integers: `y[r,b,k]` is number k of the draw at place (r, b), as {@linkcode integersBelow}.
 *
 * @param place Places (R, B, 4).
 * @param keys Names of the draw.
 * @param below Number of values n, ≥ 1.
 * @param count Integers K of each place.
 * @returns Integers (R, B, K) in [0, n).
 */
export function integersAt(place: Tensor<"u32">, keys: PlaceKeys, below: number, count: number): Tensor<"u32"> {
  const y = makeTensor([...place.shape.slice(0, 2), count], "u32", "integers");
  integersKernel({ place, y, n: below, key: drawKey(keys.key), list_key: drawKey(keys.listKey) });
  return y;
}

/**
 * Draws K different integers: the first ones of the {@linkcode permutation} at place (r, b).
 *
 * @param place Places (R, B, 4).
 * @param keys Names of the draw.
 * @param below Number of values C, ≥ K; C ≤ 4032 on a software adapter.
 * @param count Integers K of each place.
 * @returns Integers (R, B, K) in [0, C), different within a place.
 */
export function subsetAt(place: Tensor<"u32">, keys: PlaceKeys, below: number, count: number): Tensor<"u32"> {
  // Each lane ranks every 64th of the C elements.
  checkLoopIterations("subset_at", Math.ceil(below / 64) * (1 + Math.ceil(below / 4)));
  const y = makeTensor([...place.shape.slice(0, 2), count], "u32", "subset");
  subsetKernel({ place, y, C: below, key: drawKey(keys.key), list_key: drawKey(keys.listKey) });
  return y;
}
