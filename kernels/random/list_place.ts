/** Places of the members of fixed lists. */
import { kernel } from "../../lib/gpu/kernel.ts";
import { makeTensor } from "../../lib/gpu/program.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import code from "./list_place.wgsl" with { type: "text" };

const places = kernel({
  label: "list_place",
  code: { "kernels/random/list_place.wgsl": code },
  inputs: { list_seeds: ["R"] },
  outputs: { place: ["R", "M", "4"] },
  groups: ({ R, M }) => Math.ceil(R * M / 64),
});

/**
 * Lists the places `(list seed, 0, m, 1)` of the first M members of every list, as the kernel `prompt_place` chooses
 * among them.
 *
 * @param seeds Seed of each list (R).
 * @param members Members M.
 * @returns Places (R, M, 4).
 */
export function listPlaces(seeds: Tensor<"u32">, members: number): Tensor<"u32"> {
  const place = makeTensor([seeds.shape[0], members, 4], "u32", "list place");
  places({ list_seeds: seeds, place });
  return place;
}
