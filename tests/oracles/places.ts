/** Places in the random streams as a kernel takes them. */
import { Tensor } from "../../lib/gpu/tensor.ts";
import type { Place, PlaceKeys } from "../../kernels/random/prompt_place.ts";

/** Names of a test's draws. */
export const KEYS: PlaceKeys = { key: "draw", listKey: "listed draw" };

/** Irregular places (R, B), every third one listed. */
export function somePlaces(R: number, B: number): Place[] {
  return Array.from(
    { length: R * B },
    (_, i) => [7 + Math.floor(i / B), i % 3 === 2 ? 0 : 5, i * 11 % 97, i % 3 === 2 ? 1 : 0],
  );
}

/** Places (R, B) as a tensor (R, B, 4). */
export function placeTensor(places: readonly Place[], [R, B]: readonly [number, number]): Tensor<"u32"> {
  return Tensor.from(Uint32Array.from(places.flat()), [R, B, 4], "place");
}
