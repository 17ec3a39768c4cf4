/** Effective ranks, and distances to the final subspace, of circuits and matrices: decomposed on the GPU. */
import { matmul } from "../../kernels/matmul.ts";
import { permute } from "../../kernels/strided.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { svd } from "../../lib/linalg/mod.ts";
import { effectiveRank } from "../../lib/metrics/mod.ts";
import type { NamedArray } from "../../lib/models/parameters.ts";

/** What is decomposed: circuits of every head, and matrices. */
export const MATRICES = ["QK", "OV", "mlp in", "mlp out", "embedding", "unembedding"] as const;

/** Name of a circuit or matrix. */
export type MatrixName = typeof MATRICES[number];

/** Singular values and right singular vectors of one matrix. */
export interface Spectrum {
  /** Values (K), from the largest. */
  readonly s: Float32Array;
  /** Vectors as columns (N, K), row-major. */
  readonly v: Float32Array;
  /** Rank of its row space that is compared: the heads' width for circuits, 0 for others, see {@linkcode comparedRank}. */
  readonly rank: number;
}

/** Spectra of a replica: one of each head, or a single one. */
export type Spectra = Readonly<Record<MatrixName, readonly Spectrum[]>>;

/**
 * Decomposes the circuits `QK_h = W_Q,h W_K,hᵀ` and `OV_h = W_V,h W_O,h` of every head, and the other matrices.
 *
 * @param weights Parameters (S, …) of the replicas.
 * @param heads Heads H.
 * @returns Spectra of every replica.
 */
export async function spectraOf(weights: readonly NamedArray[], heads: number): Promise<Spectra[]> {
  const owned: Tensor[] = [];
  const keep = (tensor: Tensor) => {
    owned.push(tensor);
    return tensor;
  };
  const of = (name: string) => {
    const { shape, data } = weights.find((array) => array.name === name)!;
    return keep(Tensor.from(data, shape, name));
  };
  const [S, C, inner] = weights.find(({ name }) => name === "blocks.0.attention.query")!.shape;
  const D = inner / heads;
  const perHead = (name: string) =>
    keep(permute(of(`blocks.0.attention.${name}`).reshape([S, C, heads, D]), [0, 2, 1, 3])).reshape([S * heads, C, D]);
  const output = of("blocks.0.attention.output").reshape([S * heads, D, C]);
  const matrices: Record<MatrixName, Tensor> = {
    QK: keep(matmul(perHead("query"), perHead("key"), { transposeB: true })),
    OV: keep(matmul(perHead("value"), output)),
    "mlp in": of("blocks.0.mlp.in"),
    "mlp out": of("blocks.0.mlp.out"),
    embedding: of("embedding.token"),
    unembedding: of("unembedding"),
  };
  try {
    const found = Object.entries(matrices).map(([name, matrix]) => {
      const { u, s, v } = svd(matrix);
      [u, s, v].forEach(keep);
      return { name: name as MatrixName, s, v, each: matrix.shape[0] / S };
    });
    const result = Array.from({ length: S }, () => ({}) as Record<MatrixName, Spectrum[]>);
    for (const { name, s, v, each } of found) {
      const [values, vectors] = [await s.read(), await v.read()];
      const [K, size] = [s.shape.at(-1)!, v.size / (S * each)];
      result.forEach((spectra, r) =>
        spectra[name] = Array.from({ length: each }, (_, h) => {
          const index = r * each + h;
          return {
            s: values.slice(index * K, (index + 1) * K),
            v: vectors.slice(index * size, (index + 1) * size),
            rank: name === "QK" || name === "OV" ? D : 0,
          };
        })
      );
    }
    return result;
  } finally {
    for (const tensor of owned) tensor.destroy();
  }
}

/** Rank k of the row space that is compared with that of the final matrix: the heads' width, else ⌈effective rank of M(∞)⌉. */
export function comparedRank({ rank, s }: Spectrum): number {
  return rank > 0 ? rank : Math.ceil(effectiveRank(s));
}

/**
 * Subspace distance `‖M(∞)(I − V_t V_tᵀ)‖_F / ‖M(∞)‖_F` (arXiv 2504.12916), V_t the k leading right singular vectors.
 *
 * @param now Spectrum of M(t).
 * @param end Spectrum of M(∞).
 * @param k Rank of V_t.
 * @returns 0 where the row space of M(∞) lies in that of M(t), 1 where they are orthogonal.
 */
export function subspaceDistance(now: Spectrum, end: Spectrum, k: number): number {
  const [K, L] = [now.s.length, end.s.length];
  const N = now.v.length / K;
  let [inside, total] = [0, 0];
  for (let j = 0; j < L; j++) {
    total += end.s[j] ** 2;
    for (let i = 0; i < k; i++) {
      let dot = 0;
      for (let n = 0; n < N; n++) dot += now.v[n * K + i] * end.v[n * L + j];
      inside += (end.s[j] * dot) ** 2;
    }
  }
  return total === 0 ? 0 : Math.sqrt(Math.max(0, 1 - inside / total));
}

/** Leading right singular vectors (N, k), row-major. */
export function leadingVectors({ s, v }: Spectrum, k: number): Float64Array {
  const N = v.length / s.length;
  return Float64Array.from({ length: N * k }, (_, index) => v[Math.floor(index / k) * s.length + index % k]);
}
