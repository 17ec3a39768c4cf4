/** Subspaces of the residual stream, and changes of what heads read from them or write into them; in float64 on the host. */
import { Tensor } from "../gpu/tensor.ts";
import { Scratch } from "../linalg/scratch.ts";
import { svd } from "../linalg/svd.ts";
import { arrayNamed } from "../models/parameter_arrays.ts";
import type { NamedArray } from "../models/parameter_spec.ts";
import type { HeadCircuits } from "../circuits/factors.ts";
import { headOf } from "./heads.ts";

/** Orthonormal columns (C, k), row-major, of one head's circuit. */
export interface LeadingSubspace {
  /** Leading left singular vectors: what queries (QK) or values (OV) are read from. */
  readonly left: Float64Array;
  /** Leading right singular vectors: what keys are read from (QK), or what is written (OV). */
  readonly right: Float64Array;
}

/**
 * Leading singular subspaces of every head's circuit in a layer, `QK = W_Q W_Kᵀ` or `OV = W_V W_O`.
 *
 * Products are formed in float64 and decomposed on the GPU.
 *
 * @param arrays Parameters (R, …) under the names of checkpoints.
 * @param choice Layer, heads and circuit.
 * @param k Dimension of the subspaces, 1 … C.
 * @returns One of each head (R H), replica by replica.
 * @throws {RangeError} If a weight is missing, or the heads do not divide it.
 */
export async function leadingSubspaces(
  arrays: readonly NamedArray[],
  { layer, heads: H, circuit }: HeadCircuits,
  k: number,
): Promise<LeadingSubspace[]> {
  const of = (side: string) => arrayNamed(arrays, `blocks.${layer}.attention.${side}`);
  const [first, second] = circuit === "QK" ? [of("query"), of("key")] : [of("value"), of("output")];
  const [R, C, inner] = first.shape;
  const E = inner / H;
  const circuits = new Float32Array(R * H * C * C);
  for (let r = 0; r < R; r++) {
    for (let h = 0; h < H; h++) {
      const place = { replica: r, head: h, heads: H };
      const a = headOf(first, { ...place, side: "read" });
      const b = headOf(second, { ...place, side: circuit === "QK" ? "read" : "write" });
      const [row, column] = circuit === "QK" ? [E, 1] : [1, C];
      for (let i = 0; i < C; i++) {
        for (let j = 0; j < C; j++) {
          let dot = 0;
          for (let e = 0; e < E; e++) dot += a[i * E + e] * b[j * row + e * column];
          circuits[((r * H + h) * C + i) * C + j] = dot;
        }
      }
    }
  }
  using scratch = new Scratch();
  const { u, s, v } = svd(scratch.keep(Tensor.from(circuits, [R * H, C, C], circuit)));
  for (const tensor of [u, s, v]) scratch.keep(tensor);
  const [left, right] = [await u.read(), await v.read()];
  const frame = (vectors: Float32Array, head: number) =>
    Float64Array.from({ length: C * k }, (_, e) => vectors[(head * C + Math.floor(e / k)) * C + e % k]);
  return Array.from({ length: R * H }, (_, head) => ({ left: frame(left, head), right: frame(right, head) }));
}

/**
 * Projection `F Fᵀ` onto a subspace.
 *
 * @param frame Orthonormal columns (N, k), row-major.
 * @param N Rows.
 * @returns Projection (N, N), of trace k.
 *
 * @example
 * ```ts
 * import { projectionOf } from "./subspaces.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...projectionOf(Float64Array.of(1, 0), 2)], [1, 0, 0, 0]);
 * ```
 */
export function projectionOf(frame: ArrayLike<number>, N: number): Float64Array {
  const k = frame.length / N;
  const P = new Float64Array(N * N);
  for (let a = 0; a < N; a++) {
    for (let b = 0; b < N; b++) {
      for (let i = 0; i < k; i++) P[a * N + b] += frame[a * k + i] * frame[b * k + i];
    }
  }
  return P;
}

/** Sizes of a batch of projections. */
export interface ProjectionSizes {
  /** Replicas R. */
  readonly replicas: number;
  /** Heads H. */
  readonly heads: number;
  /** Width C of the stream. */
  readonly width: number;
}

/**
 * Projections of every replica and head as one array, for `held` or a model that projects what its heads write.
 *
 * @param sizes Replicas, heads and width.
 * @param of The projection (C, C) of a head of a replica; null for none.
 * @param otherwise What stands where there is none: `zero`, which holds nothing, or `identity`, which lets all pass.
 * @returns Projections (R, H, C, C).
 * @throws {RangeError} If a projection has another size.
 *
 * @example
 * ```ts
 * import { projectionBatch } from "./subspaces.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const first = (replica: number) => replica === 0 ? [1, 0, 0, 0] : null;
 * const batch = projectionBatch({ replicas: 2, heads: 1, width: 2 }, first, "identity");
 * assertEquals([...batch], [1, 0, 0, 0, 1, 0, 0, 1]);
 * ```
 */
export function projectionBatch(
  { replicas, heads, width: C }: ProjectionSizes,
  of: (replica: number, head: number) => ArrayLike<number> | null,
  otherwise: "zero" | "identity" = "zero",
): Float32Array {
  const all = new Float32Array(replicas * heads * C * C);
  for (let index = 0; index < replicas * heads; index++) {
    const P = of(Math.floor(index / heads), index % heads);
    if (P !== null && P.length !== C * C) {
      throw new RangeError(`projectionBatch: expected projections (${C}, ${C}), found one of ${P.length} numbers`);
    }
    if (P !== null) all.set(P, index * C * C);
    else if (otherwise === "identity") { for (let c = 0; c < C; c++) all[(index * C + c) * C + c] = 1; }
  }
  return all;
}

/**
 * Moves what a head writes into a subspace: `W ← W P ‖W‖ / ‖W P‖`.
 *
 * @param rows What the head writes (E, N).
 * @param P Projection (N, N).
 * @returns Rows (E, N) of the same norm within the subspace.
 *
 * @example
 * ```ts
 * import { movedInto } from "./subspaces.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...movedInto([3, 4], Float64Array.of(1, 0, 0, 0))], [5, 0]);
 * ```
 */
export function movedInto(rows: ArrayLike<number>, P: Float64Array): Float64Array {
  const inside = projected(rows, P);
  const factor = norm(rows) / norm(inside);
  return inside.map((x) => x * factor);
}

/**
 * Draws what a head writes into a subspace anew: `W ← W (1 − P) + Z P ‖W P‖ / ‖Z P‖`.
 *
 * @param rows What the head writes, W (E, N).
 * @param P Projection (N, N).
 * @param noise Z (E, N), such as Gaussian numbers.
 * @returns Rows (E, N) that differ within the subspace alone, and have the same norm there.
 *
 * @example
 * ```ts
 * import { redrawnWithin } from "./subspaces.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...redrawnWithin([3, 4], Float64Array.of(1, 0, 0, 0), Float64Array.of(-9, 7))], [-3, 4]);
 * ```
 */
export function redrawnWithin(rows: ArrayLike<number>, P: Float64Array, noise: ArrayLike<number>): Float64Array {
  const [inside, fresh] = [projected(rows, P), projected(noise, P)];
  const factor = norm(inside) / norm(fresh);
  return fresh.map((x, index) => rows[index] - inside[index] + x * factor);
}

/**
 * Reads from one subspace what was read from another: `W − F Fᵀ W + G Fᵀ W`.
 *
 * @param matrix What a head reads, W (C, E).
 * @param from F (C, k), orthonormal columns.
 * @param to G (C, k), orthonormal columns.
 * @param C Rows.
 * @returns Columns (C, E): what W reads from F is read from G besides what W reads from there.
 *
 * @example
 * ```ts
 * import { turned } from "./subspaces.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [x, y] = [Float64Array.of(1, 0), Float64Array.of(0, 1)];
 * assertEquals([...turned(Float64Array.of(3, 4), x, y, 2)], [0, 7]);
 * ```
 */
export function turned(matrix: Float64Array, from: Float64Array, to: Float64Array, C: number): Float64Array {
  const [E, k] = [matrix.length / C, from.length / C];
  const result = matrix.slice();
  for (let n = 0; n < k; n++) {
    for (let d = 0; d < E; d++) {
      let read = 0;
      for (let c = 0; c < C; c++) read += from[c * k + n] * matrix[c * E + d];
      for (let c = 0; c < C; c++) result[c * E + d] += (to[c * k + n] - from[c * k + n]) * read;
    }
  }
  return result;
}

/**
 * Changes a matrix at random by as much as another change does: `W + Z ‖W′ − W‖ / ‖Z‖`, its control.
 *
 * @param matrix W, of any shape.
 * @param changed W′, of the same shape.
 * @param noise Z, of the same shape, such as Gaussian numbers.
 * @returns A matrix as far from W as W′ is.
 *
 * @example
 * ```ts
 * import { normMatchedChange } from "./subspaces.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...normMatchedChange(Float64Array.of(1, 1), Float64Array.of(4, 5), Float64Array.of(0, 2))], [1, 6]);
 * ```
 */
export function normMatchedChange(matrix: Float64Array, changed: Float64Array, noise: ArrayLike<number>): Float64Array {
  const scale = norm(changed.map((value, i) => value - matrix[i])) / norm(noise);
  return matrix.map((value, i) => value + scale * noise[i]);
}

/** Rows (E, N) times a symmetric matrix (N, N). */
function projected(rows: ArrayLike<number>, P: Float64Array): Float64Array {
  const N = Math.sqrt(P.length);
  const y = new Float64Array(rows.length);
  for (let d = 0; d < rows.length / N; d++) {
    for (let a = 0; a < N; a++) {
      for (let b = 0; b < N; b++) y[d * N + b] += rows[d * N + a] * P[a * N + b];
    }
  }
  return y;
}

function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum);
}
