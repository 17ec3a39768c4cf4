/** WGSL helpers for kernels that draw at given places: integers, permutations, places. */
import type { WgslFiles } from "../lib/gpu/wgsl.ts";
import place from "./place.wgsl" with { type: "text" };
import { randomFiles } from "./random_fill.ts";
import integers from "./random_integers.wgsl" with { type: "text" };

/** WGSL files that kernels which draw at given places begin with; they include {@linkcode randomFiles}. */
export const placeFiles: WgslFiles = {
  ...randomFiles,
  "kernels/random_integers.wgsl": integers,
  "kernels/place.wgsl": place,
};
