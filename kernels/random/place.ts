/** WGSL helpers for kernels that draw at given places: integers, permutations, places. */
import type { WgslFiles } from "../../lib/gpu/wgsl.ts";
import place from "./place.part.wgsl" with { type: "text" };
import { randomFiles } from "./random_fill.ts";
import integers from "./random_integers.part.wgsl" with { type: "text" };

/** WGSL files that kernels which draw at given places begin with; they include {@linkcode randomFiles}. */
export const placeFiles: WgslFiles = {
  ...randomFiles,
  "kernels/random/random_integers.part.wgsl": integers,
  "kernels/random/place.part.wgsl": place,
};
