/** Samples on the unit sphere around given centres: noise of independent components, projected on the sphere. */
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { type Draw, drawKey, normals, uniformFrom, words } from "../../lib/random/random.ts";
import { type RandomDraw, randomFiles } from "../random/random_fill.ts";
import code from "./projected_noise.wgsl" with { type: "text" };

const noise = kernel({
  label: "projected_noise",
  code: { ...randomFiles, "kernels/tasks/projected_noise.wgsl": code },
  inputs: {
    seeds: ["R"],
    clock: ["3"],
    law: ["R"],
    spread: ["R"],
    centre: ["R", "K", "D"],
    choice: ["R", "B", "1"],
    z: ["R", "B", "D"],
  },
  outputs: {},
  scalars: ["key"],
  groups: ({ R, B, D }) => {
    checkLoopIterations("projected_noise", 2 * D);
    return Math.ceil(R * B / 64);
  },
});

/** Laws of the noise by the number that the kernel knows them by, from 1. */
const LAWS = ["normal", "laplace"] as const;

/** Law of the noise's components: N(0, 1), or of density ½ e^−|ξ|. */
export type NoiseLaw = typeof LAWS[number];

/**
 * The number by which the kernel knows a law.
 *
 * @param law Its name, or null for samples that are left as they are.
 * @returns Its number.
 */
export const noiseNumber = (law: NoiseLaw | null): number => law === null ? 0 : 1 + LAWS.indexOf(law);

/** Centres, and noise about them. */
export interface NoisyClusters {
  /** Number of the law of each replica (R), see {@linkcode noiseNumber}. */
  readonly law: Tensor<"u32">;
  /** Factor s > 0 of the noise of each replica (R). */
  readonly spread: Tensor;
  /** Unit vectors (R, K, D); D ≤ 32 767 on a software adapter. */
  readonly centre: Tensor;
  /** Number of the centre, modulo K (R, B, 1). */
  readonly choice: Tensor<"u32">;
}

/**
 * Overwrites samples of the replicas that have a law with `z = (v + s ξ) / |v + s ξ|`.
 *
 * @param draw Seeds, clock and key.
 * @param clusters Laws, factors, centres, and which centre each sample has.
 * @param z Unit vectors (R, B, D), changed in place.
 */
export function projectNoise({ seeds, clock, key }: RandomDraw, clusters: NoisyClusters, z: Tensor): void {
  noise({ seeds, clock, ...clusters, z, key: drawKey(key) });
}

/**
 * {@linkcode projectNoise} of one sample in double precision.
 *
 * @param draw Where the sample stands; the item is its number in the batch.
 * @param law Law of the noise.
 * @param spread Factor s > 0.
 * @param centre Unit vector (D).
 * @returns Unit vector (D).
 */
export function projectedNoiseReference(
  draw: Draw,
  law: NoiseLaw,
  spread: number,
  centre: ArrayLike<number>,
): Float64Array {
  const D = centre.length;
  const xi = law === "normal"
    ? normals(draw, D)
    : Float64Array.from(words(draw, D), (word) => (word & 1 ? 1 : -1) * Math.log(uniformFrom(word)));
  const z = xi.map((value, d) => centre[d] + spread * value);
  const length = Math.sqrt(z.reduce((sum, value) => sum + value * value, 0));
  return z.map((value) => value / length);
}
