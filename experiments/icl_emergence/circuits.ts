/** Spectra and row spaces of every head's QK and OV circuits, on the GPU, and how far they are from where they end. */
import { concatenate, slice } from "../../kernels/arrange/blocks.ts";
import { permute } from "../../kernels/arrange/strided.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { svdOfProduct } from "../../lib/linalg/product_svd.ts";
import { spectralMeasures, subspaceAngles, subspaceDistances } from "../../lib/metrics/mod.ts";
import type { Weights } from "../../lib/models/parameters.ts";
import type { Decoder } from "./decoder.ts";

/** Which circuit: `QK = W_Q W_Kᵀ` or `OV = W_V W_O`. */
export type CircuitName = "QK" | "OV";

/** Columns of the spectral measures of a circuit before the effective ranks: nuclear, spectral, stable, participation. */
const NORMS = 4;

/**
 * Spectral measures, singular values and row space of every head's circuit `A Bᵀ`, found through its factors.
 *
 * @param name Which circuit.
 * @param sizes Sizes of the decoder: L layers of H heads of D = C / H dimensions.
 * @param weights Its parameters.
 * @param K Leading singular values that the effective rank leaves out at most.
 * @returns A row a head (R, L H, N): nuclear and spectral norm, stable rank, participation ratio; effective ranks without
 *   k = 0 … K values; singular values (D); right singular vectors (C, D). N is {@linkcode columnsOf} of the sizes.
 */
export function circuitRows(name: CircuitName, sizes: Decoder, weights: Weights, K: number): Tensor {
  const { layers: L, heads: H } = sizes;
  const factors = Array.from({ length: L }, (_, layer) => factorsOf(name, sizes, weights, layer));
  const [a, b] = [0, 1].map((side) => concatenate(factors.map((pair) => pair[side]), 0));
  const { s, v } = svdOfProduct(a, b);
  const { effectiveRanks, norms } = spectralMeasures(s, K);
  const B = s.shape[0];
  const rows = concatenate([norms, effectiveRanks, s, v.reshape([B, v.size / B])], 1);
  const N = columnsOf(sizes, K);
  return permute(rows.reshape([L, B / L / H, H, N]), [1, 0, 2, 3]).reshape([B / L / H, L * H, N]);
}

/** Factors A and B of one layer's circuits `A Bᵀ`, (R H, C, D) each. */
function factorsOf(name: CircuitName, { heads: H, width: C }: Decoder, weights: Weights, layer: number): Tensor[] {
  const qkv = weights[`blocks.${layer}.attention.qkv`];
  const out = weights[`blocks.${layer}.attention.output`];
  const [R] = qkv.shape;
  const D = C / H;
  const apart = permute(qkv.reshape([R, C, 3, H, D]), [2, 0, 3, 1, 4]);
  const part = (index: number) => slice(apart, 0, index, index + 1).reshape([R * H, C, D]);
  if (name === "QK") return [part(0), part(1)];
  return [part(2), permute(out.reshape([R, H, D, C]), [0, 1, 3, 2]).reshape([R * H, C, D])];
}

/** Numbers in a row of {@linkcode circuitRows}. */
export function columnsOf({ heads, width }: Decoder, K: number): number {
  return NORMS + K + 1 + (width + 1) * width / heads;
}

/** Frobenius norm of a circuit, from its row: √stable rank times the spectral norm. */
export function frobenius(row: ArrayLike<number>): number {
  return Math.sqrt(row[2]) * row[1];
}

/** Marginalised effective rank of a circuit, from its row: without the k leading singular values. */
export function marginalRank(row: ArrayLike<number>, k: number): number {
  return row[NORMS + k];
}

/** Row spaces of B matrices on the host. */
export interface HostSpaces {
  /** Singular values (B, D). */
  readonly s: Float32Array;
  /** Right singular vectors (B, C, D). */
  readonly v: Float32Array;
}

/** The row spaces in all rows of {@linkcode circuitRows}. */
export function spacesIn(rows: Float32Array, sizes: Decoder, K: number): HostSpaces {
  const columns = columnsOf(sizes, K);
  const D = sizes.width / sizes.heads;
  const B = rows.length / columns;
  const [s, v] = [new Float32Array(B * D), new Float32Array(B * sizes.width * D)];
  for (let b = 0; b < B; b++) {
    const row = rows.subarray(b * columns + NORMS + K + 1, (b + 1) * columns);
    s.set(row.subarray(0, D), b * D);
    v.set(row.subarray(D), b * sizes.width * D);
  }
  return { s, v };
}

/** What {@linkcode stabilities} finds, by quantity, (reports, B) each. */
export interface Stabilities {
  /** Subspace distance to the last report, 0 … 1. */
  readonly distance: Float32Array;
  /** Mean of the principal angles to the last report's row space, in radians. */
  readonly "mean angle": Float32Array;
  /** The largest of them. */
  readonly "largest angle": Float32Array;
}

/**
 * How far row spaces are from those of the last report. Rank rule: all that are not zero up to rounding, which is d_head
 * for circuits.
 *
 * @param reports Row spaces at each report.
 * @param sizes Sizes of the decoder.
 * @returns Distances and angles.
 */
export async function stabilities(
  reports: readonly HostSpaces[],
  { heads, width: N }: Pick<Decoder, "heads" | "width">,
): Promise<Stabilities> {
  const K = N / heads;
  const upload = ({ s, v }: HostSpaces) => ({
    s: Tensor.from(s, [s.length / K, K]),
    v: Tensor.from(v, [s.length / K, N, K]),
  });
  const final = upload(reports[reports.length - 1]);
  const B = final.s.shape[0];
  using ranks = Tensor.from(new Uint32Array(B).fill(K));
  const [distance, mean, largest] = [0, 1, 2].map(() => new Float32Array(reports.length * B));
  for (const [report, spaces] of reports.entries()) {
    const now = upload(spaces);
    distance.set(await subspaceDistances(now, final, ranks), report * B);
    const angles = await subspaceAngles(now, final, ranks);
    for (let b = 0; b < B; b++) {
      const own = angles[b];
      mean[report * B + b] = own.reduce((sum, angle) => sum + angle, 0) / own.length;
      largest[report * B + b] = own[own.length - 1];
    }
    for (const tensor of [now.s, now.v]) tensor.destroy();
  }
  for (const tensor of [final.s, final.v]) tensor.destroy();
  return { distance, "mean angle": mean, "largest angle": largest };
}
