/** Spins whose output through attention is their next token, and the map that they follow for N → ∞. */
import { checkLoopIterations, kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { words } from "../../lib/random/random.ts";
import { randomFiles } from "../random/random_fill.ts";
import accurate from "../shared/accurate.part.wgsl" with { type: "text" };
import attention from "./spin_attention.part.wgsl" with { type: "text" };
import counts from "./spin_counts.wgsl" with { type: "text" };
import map from "./spin_map.wgsl" with { type: "text" };
import token from "./spin_token.wgsl" with { type: "text" };

const accurateFiles = { "kernels/shared/accurate.part.wgsl": accurate };
const attentionFiles = { "kernels/attention_dmft/spin_attention.part.wgsl": attention };

/** Spins that one workgroup draws. */
const GROUP_SPINS = 64 * 16 * 4;

/**
 * Workgroups that draw the spins of a third.
 *
 * @param n Spins of a third.
 * @returns G.
 */
export const spinGroups = (n: number): number => Math.ceil(n / GROUP_SPINS);

/**
 * Moves orbits of the map of N → ∞, and a tangent vector of each, by K steps, in place; K must be a multiple of 4.
 *
 * Takes weights (R, 60), couplings β and γ (R, 2), windows A (R, 4, 3) newest first as (R, 12), tangents (R, 12) and the scalar
 * ε, with K and S among the sizes; gives growth (R), the logarithm by which the tangent grew, and y (R, S), the mean over spins of the first output
 * feature after each of the last S steps.
 */
export const spinMap: KernelOf<"weights" | "couplings" | "window" | "tangent", "growth" | "y", "epsilon"> = kernel({
  label: "spin_map",
  code: { ...accurateFiles, ...attentionFiles, "kernels/attention_dmft/spin_map.wgsl": map },
  inputs: { weights: ["R", "60"], couplings: ["R", "2"], window: ["R", "12"], tangent: ["R", "12"] },
  outputs: { growth: ["R"], y: ["R", "S"] },
  scalars: ["epsilon"],
  groups: ({ R, K }) => {
    checkLoopIterations("spin_map", K + 200);
    return Math.ceil(R / 64);
  },
});

/**
 * Draws a token of spins: how many of each third are +1, in G parts (R, 3, G), whole numbers.
 *
 * Takes seeds (R), a clock (3), weights (R, 60), couplings β and γ (R, 2), outputs A (R, 3), and the scalars n (spins of a third)
 * and key (a word of `drawKey`).
 */
export const spinCounts: KernelOf<"seeds" | "clock" | "weights" | "couplings" | "output", "y", "n" | "key"> = kernel({
  label: "spin_counts",
  code: { ...randomFiles, ...accurateFiles, "kernels/attention_dmft/spin_counts.wgsl": counts },
  inputs: { seeds: ["R"], clock: ["3"], weights: ["R", "60"], couplings: ["R", "2"], output: ["R", "3"] },
  outputs: { y: ["R", "3", "G"] },
  scalars: ["n", "key"],
  groups: ({ R, G }) => R * 3 * G,
});

/**
 * Takes a token into the context, in place of the oldest one, and attends: windows (R, 9), the means of the thirds of three tokens
 * newest first, and outputs A (R, 3) are changed in place.
 *
 * Takes a clock (3), whose step is the phase of the positions, weights (R, 60), couplings (R, 2), counts (R, 3, G), and the scalars
 * n and ε; gives the mean of the first output feature over the new token's spins (R).
 */
export const spinToken: KernelOf<
  "clock" | "weights" | "couplings" | "counts" | "window" | "output",
  "y",
  "n" | "epsilon"
> = kernel({
  label: "spin_token",
  code: { ...attentionFiles, "kernels/attention_dmft/spin_token.wgsl": token },
  inputs: {
    clock: ["3"],
    weights: ["R", "60"],
    couplings: ["R", "2"],
    counts: ["R", "3", "G"],
    window: ["R", "9"],
    output: ["R", "3"],
  },
  outputs: { y: ["R"] },
  scalars: ["n", "epsilon"],
  groups: ({ R, G }) => {
    checkLoopIterations("spin_token", 3 * G + 100);
    return Math.ceil(R / 64);
  },
});

/**
 * {@linkcode spinCounts} of one third on the host, with the same bits.
 *
 * @param draw Seed, key and step, and as item the third.
 * @param chance Chance of +1, (1 + tanh β h)/2.
 * @param n Spins of the third.
 * @returns Number of spins +1.
 */
export function spinCountReference(
  draw: { readonly seed: number; readonly key: string; readonly step: number; readonly item: number },
  chance: number,
  n: number,
): number {
  const threshold = chance >= 1 ? 2 ** 32 - 1 : Math.floor(Math.min(chance, 1 - 2 ** -24) * 2 ** 32);
  return words(draw, n).reduce((count, word) => count + Number(word < threshold), 0);
}
