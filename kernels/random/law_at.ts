/** Real numbers drawn at given places of the random streams. */
import { kernel } from "../../lib/gpu/kernel.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { drawKey, normals, uniforms } from "../../lib/random/random.ts";
import { bimodals } from "../../lib/random/laws.ts";
import code from "./law_at.wgsl" with { type: "text" };
import { drawAt, type Place, type PlaceKeys } from "./prompt_place.ts";
import { placeFiles } from "./place.ts";

/** N(0, 1); uniform on (−1, 1); or ½ N(−1, 1) + ½ N(1, 1). */
export type Law = "normal" | "uniform" | "bimodal";

const LAWS: readonly Law[] = ["normal", "uniform", "bimodal"];

const fill = kernel({
  label: "law_at",
  code: { ...placeFiles, "kernels/random/law_at.wgsl": code },
  inputs: { place: ["R", "B", "4"], scale: ["R", "D"] },
  outputs: { y: ["R", "B", "N", "D"] },
  scalars: ["key", "list_key"],
  groups: ({ R, B, N, D }) => Math.ceil(R * B * Math.ceil(N * D / 4) / 64),
});

/**
 * Draws independent numbers `y[r,b,n,d] = scale[r,d] z`: number n D + d of the draw at place (r, b).
 *
 * @param place Places (R, B, 4).
 * @param scale Factors (R, D), finite.
 * @param law Law of z.
 * @param keys Names of the draw.
 * @param rows Rows N of each place.
 * @returns Numbers (R, B, N, D).
 */
export function lawAt(place: Tensor<"u32">, scale: Tensor, law: Law, keys: PlaceKeys, rows: number): Tensor {
  const names = { key: drawKey(keys.key), list_key: drawKey(keys.listKey) };
  return fill({ place, scale, ...names }, { N: rows, LAW: LAWS.indexOf(law) }).y;
}

/**
 * {@linkcode lawAt} of one place in double precision.
 *
 * @param place Place on the host.
 * @param scale Factors (D).
 * @param law Law of z.
 * @param keys Names of the draw.
 * @param rows Rows N.
 * @returns Numbers (N, D).
 */
export function lawAtReference(
  place: Place,
  scale: ArrayLike<number>,
  law: Law,
  keys: PlaceKeys,
  rows: number,
): Float64Array {
  const D = scale.length;
  const draw = drawAt(place, keys);
  const z = {
    normal: () => normals(draw, rows * D),
    uniform: () => uniforms(draw, rows * D).map((u) => 2 * u - 1),
    bimodal: () => bimodals(draw, rows * D),
  }[law]();
  return z.map((value, c) => scale[c % D] * value);
}
