/** Measures of many spectra at once, on the GPU. */
import { spectralMeasuresOf } from "../../kernels/linalg/spectral_measures.ts";
import { ShapeError } from "../gpu/errors.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { checkMarginal } from "./spectrum.ts";

/** Measures of each spectrum, from {@linkcode spectralMeasures}. */
export interface SpectralMeasures {
  /** Effective ranks without the k leading values (…, K + 1); the first is the effective rank. */
  readonly effectiveRanks: Tensor;
  /** Nuclear norm, spectral norm, stable rank and participation ratio (…, 4). */
  readonly norms: Tensor;
}

/**
 * Effective ranks `exp(−Σ p_i ln p_i)` without the k = 0 … K leading singular values, and
 * `(Σ σ_i, max σ, Σ σ_i² / max σ², (Σ σ_i²)² / Σ σ_i⁴)`, on the GPU; the functions of plain arrays, such as
 * `effectiveRank`, say more of each.
 *
 * All are 0 for a zero matrix, and right to 1e-5 relative to themselves. The spectral entropy is the logarithm of the
 * effective rank.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { singularValues } from "../linalg/svd.ts";
 * import { spectralMeasures } from "./spectral_measures.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using a = Tensor.from([0, 2, 0, 1, 0, 0, 0, 0, 1], [3, 3]);
 * using s = singularValues(a);
 * const { effectiveRanks, norms } = spectralMeasures(s, 1);
 * assertAlmostEquals((await effectiveRanks.read())[1], 2, 1e-4);
 * assertAlmostEquals((await norms.read())[2], 1.5, 1e-5);
 * for (const tensor of [effectiveRanks, norms]) tensor.destroy();
 * ```
 *
 * Nothing is read back, so that values are not checked: a spectrum with a NaN, infinite or negative value gets numbers that
 * mean nothing, finite ones too, as a shader may take for granted that there is no NaN. Other spectra are not touched by it.
 * The functions of plain arrays refuse such values.
 *
 * @param s Singular values (…, N), finite and ≥ 0, from the largest, as `singularValues` returns them.
 * @param K How many leading values are left out at most, 0 … N − 1; by default none.
 * @returns `effectiveRanks` (…, K + 1) and `norms` (…, 4). The caller owns both.
 * @throws {ShapeError} If `s` has no axis.
 * @throws {RangeError} If K is out of range.
 */
export function spectralMeasures(s: Tensor, K = 0): SpectralMeasures {
  if (s.shape.length === 0) throw new ShapeError('spectralMeasures: expected "s" of shape (…, N), found ()');
  const [lead, N] = [s.shape.slice(0, -1), s.shape[s.shape.length - 1]];
  checkMarginal("spectralMeasures", K, N);
  const { rank, norms } = spectralMeasuresOf({ s: s.reshape([s.size / N, N]) }, { K: K + 1 });
  return { effectiveRanks: rank.reshape([...lead, K + 1]), norms: norms.reshape([...lead, 4]) };
}
