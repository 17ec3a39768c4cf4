/** Spectra and row spaces of every head's circuits while a model trains, on the GPU. */
import type { Tensor } from "../gpu/tensor.ts";
import { svdOfProduct } from "../linalg/product_svd.ts";
import { Scratch } from "../linalg/scratch.ts";
import { spectralMeasures } from "../metrics/spectral_measures.ts";
import type { Weights } from "../models/parameters.ts";
import { type CircuitName, factorsOfLayers } from "./factors.ts";
import type { HostSpaces } from "./spaces.ts";

/** Which circuits, and what is left out of their effective ranks. */
export interface SpectraOptions {
  /** Layers L of the model. */
  readonly layers: number;
  /** Heads H of each. */
  readonly heads: number;
  /** Which circuit. */
  readonly circuit: CircuitName;
  /** Leading singular values that effective ranks leave out at most, K in 0 … E − 1; none by default. */
  readonly marginal?: number;
}

/** Results of {@linkcode circuitSpectra}, replicas first: tensors while it is computed, arrays in a report. */
export type CircuitSpectra<T = Tensor> = {
  /** Nuclear norm, spectral norm, stable rank and participation ratio (R, L, H, 4). */
  readonly norms: T;
  /** Effective ranks without the k = 0 … K leading singular values (R, L, H, K + 1). */
  readonly effectiveRanks: T;
  /** Singular values from the largest (R, L, H, E). */
  readonly s: T;
  /** Right singular vectors as columns (R, L, H, C, E). */
  readonly v: T;
};

/**
 * Spectral measures, singular values and row space of every head's circuit, found through its factors: a computation that
 * an evaluation of a training run returns as it is.
 *
 * @param weights Weights (R, …) by name; see {@linkcode circuitFactors}.
 * @param options Sizes of the model, circuit and K.
 * @returns Tensors by name, which the caller owns; in a report they are arrays, for {@linkcode frobeniusNorms},
 *   {@linkcode marginalRanks} and {@linkcode spacesOf}.
 * @throws {ShapeError} If a weight is missing, or the heads do not divide its columns.
 * @throws {RangeError} If K is out of range.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { ParameterSet } from "../models/parameters.ts";
 * import { transformer } from "../models/transformer.ts";
 * import { circuitSpectra } from "./spectra.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * const model = transformer({ input: { vocabulary: 9 }, outputs: 9, length: 6, layers: 2, heads: 2, width: 8 });
 * using parameters = ParameterSet.create(model.parameters, [1, 2, 3]);
 * const found = await evaluate(() => circuitSpectra(parameters.weights, { layers: 2, heads: 2, circuit: "QK" }));
 * assertEquals(found.v.shape, [3, 2, 2, 8, 4]);
 * for (const tensor of Object.values(found)) tensor.destroy();
 * ```
 */
export function circuitSpectra(
  weights: Weights,
  { layers: L, heads: H, circuit, marginal = 0 }: SpectraOptions,
): CircuitSpectra {
  using scratch = new Scratch();
  const [a, b] = factorsOfLayers(weights, L, { heads: H, circuit }).map((factor) => scratch.keep(factor));
  const { s, v } = svdOfProduct(a, b);
  const { effectiveRanks, norms } = spectralMeasures(s, marginal);
  const perHead = (x: Tensor) => x.reshape([x.shape[0] / L / H, L, H, ...x.shape.slice(1)]);
  return { norms: perHead(norms), effectiveRanks: perHead(effectiveRanks), s: perHead(s), v: perHead(v) };
}

/**
 * Frobenius norms of circuits, from a report: √stable rank times the spectral norm.
 *
 * @param spectra Norms (B, 4) as a report of {@linkcode circuitSpectra} has them.
 * @returns Norms (B), B = R L H.
 */
export function frobeniusNorms({ norms }: Pick<CircuitSpectra<Float32Array>, "norms">): number[] {
  return Array.from({ length: norms.length / 4 }, (_, b) => Math.sqrt(norms[4 * b + 2]) * norms[4 * b + 1]);
}

/**
 * Marginalised effective ranks of circuits, from a report: without the k leading singular values.
 *
 * @param spectra A report of {@linkcode circuitSpectra}.
 * @param k How many are left out, 0 … K.
 * @returns Ranks (B), B = R L H.
 */
export function marginalRanks(
  { norms, effectiveRanks }: Pick<CircuitSpectra<Float32Array>, "norms" | "effectiveRanks">,
  k: number,
): number[] {
  const B = norms.length / 4;
  const columns = effectiveRanks.length / B;
  return Array.from({ length: B }, (_, b) => effectiveRanks[b * columns + k]);
}

/**
 * Spectral measures of circuits, from a report, under the names that they have in logs.
 *
 * @param circuit Which circuit.
 * @param spectra A report of {@linkcode circuitSpectra}.
 * @returns `QK norm` (Frobenius) and `QK rank without k` of k = 0 … K, or those of `OV` (R L H), for `byHead`.
 */
export function circuitNumbers(
  circuit: CircuitName,
  spectra: Pick<CircuitSpectra<Float32Array>, "norms" | "effectiveRanks">,
): Record<string, number[]> {
  const columns = 4 * spectra.effectiveRanks.length / spectra.norms.length;
  const ranks = Array.from({ length: columns }, (_, k) => [`${circuit} rank without ${k}`, marginalRanks(spectra, k)]);
  return { [`${circuit} norm`]: frobeniusNorms(spectra), ...Object.fromEntries(ranks) };
}

/**
 * Row spaces of circuits, from a report.
 *
 * @param spectra A report of {@linkcode circuitSpectra}.
 * @returns Spaces of B = R L H circuits, of all E directions each.
 */
export function spacesOf({ norms, s, v }: Omit<CircuitSpectra<Float32Array>, "effectiveRanks">): HostSpaces {
  const B = norms.length / 4;
  const E = s.length / B;
  return { s, v, shape: [B, v.length / s.length, E], ranks: new Array<number>(B).fill(E) };
}
