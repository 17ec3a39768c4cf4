/** Angles from their cosines and sines. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import code from "./angles.wgsl" with { type: "text" };

/**
 * Finds angles: `angle[b,k] = atan2(sine[b,K−1−k], cosine[b,k])`: small angles by their sine, large ones by their
 * cosine.
 *
 * @param cosine Cosines (B, K) ≥ 0 from the largest.
 * @param sine Sines (B, K) ≥ 0 of the same angles, from the largest.
 * @returns `angle` (B, K) in radians, from the smallest.
 */
export const angles: KernelOf<"cosine" | "sine", "angle"> = kernel({
  label: "angles",
  code: { "kernels/linalg/angles.wgsl": code },
  inputs: { cosine: ["B", "K"], sine: ["B", "K"] },
  outputs: { angle: ["B", "K"] },
  groups: ({ B, K }) => Math.ceil(B * K / 64),
});
