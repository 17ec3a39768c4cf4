/** Interventions on the subspace into which heads write: what a checkpoint is changed to, and what stays projected. */
import type { NamedArray } from "../../lib/models/parameters.ts";
import { normals } from "../../lib/random/random.ts";

/** Interventions, and `none`. */
export const INTERVENTIONS = ["none", "freeze final", "freeze random", "redraw final", "redraw random"] as const;

/** Name of an intervention. */
export type Intervention = typeof INTERVENTIONS[number];

/**
 * Orthonormal columns spanning those of a Gaussian matrix: a uniformly random subspace, by Gram–Schmidt.
 *
 * @param seed Seed of the draw.
 * @param item Which draw of the seed.
 * @param N Rows.
 * @param k Columns, ≤ N.
 * @returns Columns (N, k), row-major.
 */
export function randomSubspace(seed: number, item: number, N: number, k: number): Float64Array {
  const q = normals({ seed, key: "random subspace", item }, N * k);
  for (let i = 0; i < k; i++) {
    // Twice, so that columns stay orthogonal to rounding.
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        let dot = 0;
        for (let n = 0; n < N; n++) dot += q[n * k + i] * q[n * k + j];
        for (let n = 0; n < N; n++) q[n * k + i] -= dot * q[n * k + j];
      }
    }
    let square = 0;
    for (let n = 0; n < N; n++) square += q[n * k + i] ** 2;
    for (let n = 0; n < N; n++) q[n * k + i] /= Math.sqrt(square);
  }
  return q;
}

/** Projection `Q Qᵀ` (N, N) onto orthonormal columns (N, k). */
export function projectionOf(q: Float64Array, N: number): Float64Array {
  const k = q.length / N;
  const P = new Float64Array(N * N);
  for (let a = 0; a < N; a++) {
    for (let b = 0; b < N; b++) {
      for (let i = 0; i < k; i++) P[a * N + b] += q[a * k + i] * q[b * k + i];
    }
  }
  return P;
}

/** Rows (D, N) times a symmetric matrix (N, N). */
function times(rows: ArrayLike<number>, P: Float64Array, N: number): Float64Array {
  const y = new Float64Array(rows.length);
  for (let d = 0; d < rows.length / N; d++) {
    for (let a = 0; a < N; a++) {
      for (let b = 0; b < N; b++) y[d * N + b] += rows[d * N + a] * P[a * N + b];
    }
  }
  return y;
}

const normOf = (values: ArrayLike<number>) => Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0));

/**
 * Moves what a head writes into a subspace: `W ← W P ‖W‖ / ‖W P‖`.
 *
 * @param rows Output matrix of the head (D, N).
 * @param P Projection (N, N).
 * @returns Rows of the same norm within the subspace.
 */
export function movedInto(rows: ArrayLike<number>, P: Float64Array, N: number): Float64Array {
  const inside = times(rows, P, N);
  const factor = normOf(rows) / normOf(inside);
  return inside.map((x) => x * factor);
}

/**
 * Draws what a head writes into a subspace anew: `W ← W (1 − P) + Z P ‖W P‖ / ‖Z P‖`, Z Gaussian.
 *
 * @param rows Output matrix of the head (D, N).
 * @param P Projection (N, N).
 * @param noise Z (D, N).
 * @returns Rows that differ within the subspace alone, and have the same norm there.
 */
export function redrawnIn(
  rows: ArrayLike<number>,
  P: Float64Array,
  noise: Float64Array,
  N: number,
): Float64Array {
  const [inside, fresh] = [times(rows, P, N), times(noise, P, N)];
  const factor = normOf(inside) / normOf(fresh);
  return fresh.map((x, index) => rows[index] - inside[index] + x * factor);
}

/** One head of one replica: its intervention, and the subspaces. */
export interface HeadChange {
  readonly intervention: Intervention;
  /** Projection onto the final subspace (N, N). */
  readonly final: Float64Array;
  /** Projection onto a random one of the same dimension (N, N). */
  readonly random: Float64Array;
  /** Z (D, N). */
  readonly noise: Float64Array;
}

/** The output matrix of a head after an intervention. */
export function changedRows(rows: Float32Array, { intervention, final, random, noise }: HeadChange, N: number) {
  switch (intervention) {
    case "none":
      return rows;
    case "freeze final":
      return movedInto(rows, final, N);
    case "freeze random":
      return movedInto(rows, random, N);
    case "redraw final":
      return redrawnIn(rows, final, noise, N);
    case "redraw random":
      return redrawnIn(rows, random, noise, N);
  }
}

/** Repeats the replicas of arrays (S, …) `times` times: (times · S, …). */
export function repeated(arrays: readonly NamedArray[], times: number): NamedArray[] {
  return arrays.map(({ name, shape: [S, ...rest], data }) => {
    const all = new Float32Array(times * data.length);
    for (let copy = 0; copy < times; copy++) all.set(data, copy * data.length);
    return { name, shape: [times * S, ...rest], data: all };
  });
}
