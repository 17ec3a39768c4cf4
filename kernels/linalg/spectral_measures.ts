/** Measures of a spectrum of singular values. */
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import code from "./spectral_measures.wgsl" with { type: "text" };

/**
 * Computes effective ranks without the k leading values, and norms: see `lib/metrics/spectrum.ts` for the formulas.
 *
 * @param s Singular values (B, N) ≥ 0 from the largest.
 * @returns `rank` (B, K), K given as a size ≤ N, and `norms` (B, 4): nuclear and spectral norm, stable rank,
 *   participation ratio.
 */
export const spectralMeasuresOf: KernelOf<"s", "rank" | "norms"> = kernel({
  label: "spectralMeasures",
  code: { "kernels/linalg/spectral_measures.wgsl": code },
  inputs: { s: ["B", "N"] },
  outputs: { rank: ["B", "K"], norms: ["B", "4"] },
  groups: ({ B, N, K }) => {
    checkLoopIterations("spectralMeasures", N);
    return Math.ceil(B * K / 64);
  },
});
