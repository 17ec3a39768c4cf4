/** Principal component analysis. */
import { combine } from "../../kernels/shared/combine.ts";
import { columnMeans, scaledSquares, subtractRows } from "../../kernels/linalg/centre.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { unpack } from "../../kernels/linalg/packing.ts";
import { ShapeError } from "../gpu/errors.ts";
import { own } from "../gpu/trace.ts";
import { Tensor } from "../gpu/tensor.ts";
import { normals } from "../random/random.ts";
import { batchOf } from "./batch.ts";
import { qr } from "./qr.ts";
import { Scratch } from "./scratch.ts";
import { svd } from "./svd.ts";

/** Rows about their mean, in coordinates of largest variance: `x_s ≈ mean + Σ_k scores[s,k] components[:,k]`. */
export interface Pca {
  /** Mean of the rows (…, F). */
  readonly mean: Tensor;
  /** Orthonormal directions as columns (…, F, K). */
  readonly components: Tensor;
  /** Variance along each direction (…, K), from the largest; divided by S − 1. */
  readonly variances: Tensor;
  /** Coordinates of the rows (…, S, K). */
  readonly scores: Tensor;
}

/** How a subspace is found from random directions. */
export interface RandomizedPcaOptions {
  /** Directions tried beyond those wanted; by default 8. */
  readonly oversampling?: number;
  /** Power iterations; by default 4. Each one squares the ratio by which small variances are damped. */
  readonly iterations?: number;
  /** Seed of the random directions, by default 0. */
  readonly seed?: number;
}

/**
 * Principal components of rows, exactly: the singular value decomposition of the centred matrix, on the GPU.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { pca } from "./pca.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 1, 2, 2, 3, 3], [3, 2]);
 * const { mean, components, variances, scores } = pca(x, 1);
 * assertAlmostEquals((await variances.read())[0], 2, 1e-5);
 * for (const tensor of [mean, components, variances, scores]) tensor.destroy();
 * ```
 *
 * @param x Rows (…, S, F), finite.
 * @param K Components wanted, 1 … min(S, F); by default all.
 * @returns Mean, components, variances and scores. The caller owns all four.
 * @throws {ShapeError} If `x` has fewer than two axes, or K is out of range.
 */
export function pca(x: Tensor, K?: number): Pca {
  const { lead, B, M: S, N: F } = batchOf("pca", "x", x);
  const wanted = checkComponents("pca", K ?? Math.min(S, F), Math.min(S, F));
  using scratch = new Scratch();
  const { mean, centred } = centre(x.reshape([B, S, F]), scratch);
  const { u, s, v } = svd(centred);
  for (const tensor of [u, s, v]) scratch.keep(tensor);
  return results({ mean, centred, values: s, vectors: v }, wanted, lead, scratch);
}

/**
 * The first principal components of many rows with many columns, from random directions, on the GPU.
 *
 * With X centred and Ω Gaussian, Q spans `(X Xᵀ)^i X Ω` and the components are the right singular vectors of `Qᵀ X`
 * (Halko, Martinsson & Tropp 2011), with Q and its counterpart made orthonormal at each step. A component is right to
 * about `(σ_{K+oversampling} / σ_k)^(4 · iterations + 2)` in variance.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { randomizedPca } from "./pca.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([1, 1, 2, 2, 3, 3], [3, 2]);
 * const { mean, components, variances, scores } = randomizedPca(x, 1);
 * assertAlmostEquals((await variances.read())[0], 2, 1e-5);
 * for (const tensor of [mean, components, variances, scores]) tensor.destroy();
 * ```
 *
 * @param x Rows (…, S, F), finite.
 * @param K Components wanted, 1 … min(S, F).
 * @param options How the subspace is found.
 * @returns Mean, components, variances and scores. The caller owns all four.
 * @throws {ShapeError} If `x` has fewer than two axes, or K is out of range.
 */
export function randomizedPca(x: Tensor, K: number, options: RandomizedPcaOptions = {}): Pca {
  const { oversampling = 8, iterations = 4, seed = 0 } = options;
  const { lead, B, M: S, N: F } = batchOf("randomizedPca", "x", x);
  const wanted = checkComponents("randomizedPca", K, Math.min(S, F));
  const L = Math.min(K + oversampling, S, F);
  using scratch = new Scratch();
  const basis = (matrices: Tensor) => {
    const { q, r } = qr(scratch.keep(matrices));
    scratch.keep(r);
    return scratch.keep(q);
  };
  const { mean, centred } = centre(x.reshape([B, S, F]), scratch);
  const directions = scratch.keep(own(Tensor.from(normals({ seed, key: "randomizedPca" }, F * L), [F, L])));
  let q = basis(matmul(centred, directions));
  for (let iteration = 0; iteration < iterations; iteration++) {
    q = basis(matmul(centred, basis(matmul(centred, q, { transposeA: true }))));
  }
  const { u, s, v } = svd(scratch.keep(matmul(q, centred, { transposeA: true })));
  for (const tensor of [u, s, v]) scratch.keep(tensor);
  return results({ mean, centred, values: s, vectors: v }, wanted, lead, scratch);
}

function checkComponents(label: string, K: number, most: number): number {
  if (Number.isInteger(K) && K >= 1 && K <= most) return K;
  throw new ShapeError(`${label}: expected 1 to ${most} components, found ${K}`);
}

/** Twice, so that what rounding left of the mean is taken out too. */
function centre(x: Tensor, scratch: Scratch): { readonly mean: Tensor; readonly centred: Tensor } {
  const first = scratch.keep(columnMeans({ x }).mean);
  const rough = scratch.keep(subtractRows({ x, mean: first }).y);
  const rest = scratch.keep(columnMeans({ x: rough }).mean);
  const [a, b] = [first, rest].map((tensor) => tensor.reshape([tensor.size]));
  const mean = combine({ a, b, alpha: 1, beta: 1 }).y.reshape(first.shape);
  return { mean, centred: scratch.keep(subtractRows({ x: rough, mean: rest }).y) };
}

function results(
  { mean, centred, values, vectors }: {
    readonly mean: Tensor;
    readonly centred: Tensor;
    readonly values: Tensor;
    readonly vectors: Tensor;
  },
  K: number,
  lead: readonly number[],
  scratch: Scratch,
): Pca {
  const [B, S, F] = centred.shape;
  const count = values.shape[1];
  const corner = (x: Tensor, M: number) => unpack({ x, scale: x.reshape([x.size]) }, { M, N: K, DIVIDE: 0 }).y;
  const components = corner(vectors, F);
  const first = scratch.keep(corner(values.reshape([B, 1, count]), 1));
  const variances = scaledSquares({ x: first.reshape([B * K]), factor: 1 / Math.max(1, S - 1) }).y;
  return {
    mean: mean.reshape([...lead, F]),
    components: components.reshape([...lead, F, K]),
    variances: variances.reshape([...lead, K]),
    scores: matmul(centred, components).reshape([...lead, S, K]),
  };
}
