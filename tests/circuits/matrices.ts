/** Gaussian parameters of a transformer under the names of checkpoints, and the circuits of its heads in float64. */
import type { NamedArray } from "../../lib/models/parameters.ts";
import { normals } from "../../lib/random/random.ts";

/** Sizes of {@linkcode parametersOf}: heads are wider than a part of the stream would be. */
export const [R, L, C, H, E] = [2, 2, 6, 2, 3];

/** Parameters of R replicas, with a weight that is no attention's. */
export function parametersOf(seed: number): NamedArray[] {
  const array = (name: string, ...shape: number[]) => ({
    name,
    shape: [R, ...shape],
    data: Float32Array.from(normals({ seed, key: name }, R * shape[0] * shape[1])),
  });
  return [
    ...[0, 1].flatMap((layer) => [
      ...["query", "key", "value"].map((name) => array(`blocks.${layer}.attention.${name}`, C, H * E)),
      array(`blocks.${layer}.attention.output`, H * E, C),
    ]),
    array("unembedding", C, 7),
  ];
}

/** QK or OV (C, C) of a head, row by row. */
export function circuitOf(
  arrays: readonly NamedArray[],
  circuit: "QK" | "OV",
  [r, layer, h]: readonly [number, number, number],
): Float64Array {
  const of = (name: string) => arrays.find((one) => one.name === `blocks.${layer}.attention.${name}`)!.data;
  const read = (name: string, c: number, e: number) => of(name)[(r * C + c) * H * E + h * E + e];
  const written = (e: number, c: number) => of("output")[((r * H + h) * E + e) * C + c];
  return Float64Array.from({ length: C * C }, (_, index) => {
    const [i, j] = [Math.floor(index / C), index % C];
    let sum = 0;
    for (let e = 0; e < E; e++) {
      sum += circuit === "QK" ? read("query", i, e) * read("key", j, e) : read("value", i, e) * written(e, j);
    }
    return sum;
  });
}

/** Heads in the order in which spaces and spectra have them. */
export const HEADS = Array.from({ length: R * L * H }, (_, b) => {
  return [Math.floor(b / (L * H)), Math.floor(b / H) % L, b % H] as const;
});
