/** Effective ranks of circuits and matrices, and how far their row spaces are from the final ones, on the GPU. */
import { permute } from "../../kernels/arrange/strided.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { type RowSpace, svd, svdOfProduct } from "../../lib/linalg/mod.ts";
import { Scratch } from "../../lib/linalg/scratch.ts";
import { effectiveRank, rankRule, subspaceAngles, subspaceDistances } from "../../lib/metrics/mod.ts";
import type { NamedArray } from "../../lib/models/parameters.ts";

/** What is decomposed: circuits of every head, and matrices. */
export const MATRICES = ["QK", "OV", "mlp in", "mlp out", "embedding", "unembedding"] as const;

/** Name of a circuit or matrix. */
export type MatrixName = typeof MATRICES[number];

/** One number of each matrix, of circuits the mean over heads. */
export type PerMatrix = Readonly<Record<MatrixName, number>>;

/** Measures of one replica at one snapshot. */
export interface SpectralMeasures {
  readonly ranks: PerMatrix;
  /** Subspace distances to the final matrix. */
  readonly distances: PerMatrix;
  /** Mean principal angles to the final row space, in radians. */
  readonly angles: PerMatrix;
}

/** Row spaces of one kind of matrix, on the host: of each replica one for every head, or a single one. */
export interface HostSpaces {
  /** Singular values (B, K). */
  readonly s: Float32Array;
  /** Right singular vectors as columns (B, N, K). */
  readonly v: Float32Array;
  readonly shape: readonly [B: number, N: number, K: number];
  /** Directions that are compared (B): the width of a head, else what `rankRule` makes of the values. */
  readonly ranks: readonly number[];
}

/** The row spaces that others are compared with. */
export type FinalSpaces = Readonly<Record<MatrixName, HostSpaces>>;

/** Snapshots that are decomposed at once: enough that waiting for the GPU does not count. */
const AT_ONCE = 12;

/**
 * Row spaces of the circuits `QK_h = W_Q,h W_K,hᵀ` and `OV_h = W_V,h W_O,h` of every head, and of the other matrices.
 *
 * @param weights Parameters (S, …) of the replicas.
 * @param heads Heads H.
 * @returns What other snapshots are compared with.
 */
export async function finalSpaces(weights: readonly NamedArray[], heads: number): Promise<FinalSpaces> {
  using scratch = new Scratch();
  const found = {} as Record<MatrixName, HostSpaces>;
  for (const [name, { s, v }] of Object.entries(decompose([weights], heads, scratch))) {
    const [B, N, K] = v.shape as [number, number, number];
    const values = await s.read();
    const limited = (name === "QK" || name === "OV") && K < N;
    const ranks = Array.from({ length: B }, (_, b) => limited ? K : rankRule(values.subarray(b * K, (b + 1) * K)));
    found[name as MatrixName] = { s: values, v: await v.read(), shape: [B, N, K], ranks };
  }
  return found;
}

/**
 * Measures of every snapshot.
 *
 * @param snapshots Parameters (S, …) of the replicas at each.
 * @param final Row spaces of the last one.
 * @param heads Heads H.
 * @returns Of each snapshot and replica.
 */
export async function spectralMeasures(
  snapshots: readonly (readonly NamedArray[])[],
  final: FinalSpaces,
  heads: number,
): Promise<SpectralMeasures[][]> {
  const S = snapshots[0][0].shape[0];
  const all: SpectralMeasures[][] = [];
  for (let from = 0; from < snapshots.length; from += AT_ONCE) {
    using scratch = new Scratch();
    const some = snapshots.slice(from, from + AT_ONCE);
    const spaces = decompose(some, heads, scratch);
    const found = {} as Record<MatrixName, Comparison>;
    for (const name of MATRICES) found[name] = await compare(spaces[name], final[name], some.length);
    const measure = (field: keyof Comparison, replica: number) =>
      Object.fromEntries(MATRICES.map((name) => {
        const each = final[name].shape[0] / S;
        return [name, mean(found[name][field].slice(replica * each, (replica + 1) * each))];
      })) as PerMatrix;
    some.forEach((_, t) =>
      all.push(Array.from({ length: S }, (_, r) => ({
        ranks: measure("ranks", t * S + r),
        distances: measure("distances", t * S + r),
        angles: measure("angles", t * S + r),
      })))
    );
  }
  return all;
}

/**
 * Leading right singular vectors of one matrix, as many as are compared.
 *
 * @param spaces Row spaces.
 * @param b Which matrix.
 * @param k How many, ≤ K.
 * @returns Columns (N, k), row-major.
 */
export function leadingVectors({ v, shape: [, N, K] }: HostSpaces, b: number, k: number): Float64Array {
  return Float64Array.from(
    { length: N * k },
    (_, index) => v[(b * N + Math.floor(index / k)) * K + index % k],
  );
}

/** Numbers of matrices, snapshot by snapshot. */
interface Comparison {
  readonly ranks: readonly number[];
  readonly distances: readonly number[];
  readonly angles: readonly number[];
}

async function compare(now: RowSpace, end: HostSpaces, snapshots: number): Promise<Comparison> {
  const [B, N, K] = end.shape;
  const repeated = (values: Float32Array) => {
    const data = new Float32Array(snapshots * values.length);
    for (let t = 0; t < snapshots; t++) data.set(values, t * values.length);
    return data;
  };
  const ranks = Array.from({ length: snapshots }, () => end.ranks).flat();
  using s = Tensor.from(repeated(end.s), [snapshots * B, K]);
  using v = Tensor.from(repeated(end.v), [snapshots * B, N, K]);
  using counted = Tensor.from(Uint32Array.from(ranks));
  const values = await now.s.read();
  const distances = await subspaceDistances(now, { s, v }, counted);
  const angles = await subspaceAngles(now, { s, v }, counted);
  return {
    ranks: ranks.map((_, index) => effectiveRank([...values.subarray(index * K, (index + 1) * K)])),
    distances: [...distances],
    angles: angles.map((own) => mean([...own])),
  };
}

/** Values and right singular vectors of the matrices of several snapshots at once. */
function decompose(snapshots: readonly (readonly NamedArray[])[], heads: number, scratch: Scratch) {
  const of = (name: string) => {
    const parts = snapshots.map((weights) => weights.find((array) => array.name === name)!);
    const [{ shape: [S, ...rest], data: { length } }] = parts;
    const data = new Float32Array(parts.length * length);
    parts.forEach((part, t) => data.set(part.data, t * length));
    return scratch.keep(Tensor.from(data, [parts.length * S, ...rest], name));
  };
  const attention = (name: string) => of(`blocks.0.attention.${name}`);
  const [query, output] = [attention("query"), attention("output")];
  const [S, C, inner] = query.shape;
  const D = inner / heads;
  // (S, C, H D) to a factor (S H, C, D) of every head.
  const perHead = (x: Tensor) =>
    scratch.keep(permute(x.reshape([S, C, heads, D]), [0, 2, 1, 3])).reshape([S * heads, C, D]);
  const transposed = scratch.keep(permute(output.reshape([S * heads, D, C]), [0, 2, 1]));
  const kept = ({ s, v }: RowSpace): RowSpace => ({ s: scratch.keep(s), v: scratch.keep(v) });
  const whole = (x: Tensor) => {
    const { u, s, v } = svd(x);
    scratch.keep(u);
    return kept({ s, v });
  };
  return {
    QK: kept(svdOfProduct(perHead(query), perHead(attention("key")))),
    OV: kept(svdOfProduct(perHead(attention("value")), transposed)),
    "mlp in": whole(of("blocks.0.mlp.in")),
    "mlp out": whole(of("blocks.0.mlp.out")),
    embedding: whole(of("embedding.token")),
    unembedding: whole(of("unembedding")),
  } satisfies Record<MatrixName, RowSpace>;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
