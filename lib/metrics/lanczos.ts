/** Traces and eigenvalues of large symmetric matrices, from products with vectors. */
import { eighReference } from "../linalg/reference.ts";
import { normals, uniforms } from "../random/random.ts";

/** `v ↦ H v` for symmetric matrices of several replicas at once: one vector (n) a replica, and as many products. */
export type Products = (vectors: readonly Float64Array[]) => Promise<readonly Float64Array[]>;

/** How many symmetric matrices there are, of which size. */
export interface ProductSizes {
  /** Number of matrices R. */
  readonly replicas: number;
  /** Rows n. */
  readonly size: number;
}

/** A trace and how far it may be off. */
export interface TraceEstimate {
  /** Mean over samples. */
  readonly trace: number;
  /** Its standard error; NaN for a single sample. */
  readonly standardError: number;
}

/**
 * Trace by Hutchinson's estimator (1990): the mean of `vᵀ H v` over vectors v of independent signs ±1. Its variance is
 * `2 Σ_{i≠j} H_ij² / samples`, zero for a diagonal matrix.
 *
 * @example
 * ```ts
 * import { hessianTrace } from "./lanczos.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const products = (vectors: readonly Float64Array[]) => Promise.resolve(vectors.map((v) => v.map((x, i) => (i + 1) * x)));
 * const [{ trace }] = await hessianTrace(products, { replicas: 1, size: 4 }, { samples: 1 });
 * assertEquals(trace, 10);
 * ```
 *
 * @param products Products with vectors.
 * @param sizes Number of matrices and their size.
 * @param options Number of samples, 64 by default, and the seed of the signs.
 * @returns One estimate a replica; replicas share the vectors.
 */
export async function hessianTrace(
  products: Products,
  { replicas, size }: ProductSizes,
  { samples = 64, seed = 0 }: { readonly samples?: number; readonly seed?: number } = {},
): Promise<TraceEstimate[]> {
  const found: number[][] = Array.from({ length: replicas }, () => []);
  for (let sample = 0; sample < samples; sample++) {
    const signs = uniforms({ seed, key: "hessianTrace", step: sample }, size).map((x) => x < 0.5 ? -1 : 1);
    const results = await products(Array.from({ length: replicas }, () => signs));
    results.forEach((result, r) => found[r].push(dot(signs, result)));
  }
  return found.map((values) => {
    const trace = values.reduce((sum, value) => sum + value, 0) / samples;
    const squares = values.reduce((sum, value) => sum + (value - trace) ** 2, 0);
    return { trace, standardError: Math.sqrt(squares / (samples - 1) / samples) };
  });
}

/** Ends of a spectrum. */
export interface Eigenvalues {
  /** Approximate eigenvalues from the largest. */
  readonly values: readonly number[];
  /** How far each is from an eigenvalue at most: the norm of H y − θ y for its vector y. */
  readonly residuals: readonly number[];
}

/**
 * Eigenvalues at both ends of a spectrum by the Lanczos process (1950) with full reorthogonalisation, in float64.
 *
 * The eigenvalues of the tridiagonal matrix of k steps are in the order of the largest: the first ones approach the
 * largest eigenvalues of H, the last ones the smallest; residuals say how well. An eigenvalue that occurs several times is
 * found once.
 *
 * @example
 * ```ts
 * import { lanczos } from "./lanczos.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const products = (vectors: readonly Float64Array[]) => Promise.resolve(vectors.map((v) => v.map((x, i) => (i + 1) * x)));
 * const [{ values }] = await lanczos(products, { replicas: 1, size: 5 });
 * assertAlmostEquals(values[0], 5, 1e-9);
 * ```
 *
 * @param products Products with vectors.
 * @param sizes Number of matrices and their size.
 * @param options Number of steps, min(n, 40) by default, and the seed of the first vector.
 * @returns One list a replica, of at most as many values as there were steps.
 */
export async function lanczos(
  products: Products,
  { replicas, size }: ProductSizes,
  { steps = 40, seed = 0 }: { readonly steps?: number; readonly seed?: number } = {},
): Promise<Eigenvalues[]> {
  const most = Math.min(steps, size);
  const runs = Array.from({ length: replicas }, () => {
    const start = Float64Array.from(normals({ seed, key: "lanczos" }, size));
    return { basis: [scaled(start, 1 / norm(start))], alpha: [] as number[], beta: [] as number[], done: false };
  });
  for (let step = 0; step < most && runs.some(({ done }) => !done); step++) {
    const results = await products(runs.map(({ basis }) => basis[basis.length - 1]));
    runs.forEach((run, r) => {
      if (run.done) return;
      const { basis, alpha, beta } = run;
      const rest = Float64Array.from(results[r]);
      alpha.push(dot(basis[step], rest));
      // Twice is enough (Parlett).
      for (let pass = 0; pass < 2; pass++) for (const q of basis) subtractScaled(rest, q, dot(q, rest));
      const length = norm(rest);
      beta.push(length);
      const scale = Math.max(...alpha.map(Math.abs), ...beta);
      // Products in single precision leave a rest of rounding where the space is exhausted.
      run.done = length <= 1e-12 * scale || step + 1 === most;
      if (!run.done) basis.push(scaled(rest, 1 / length));
    });
  }
  return runs.map(({ alpha, beta }) => {
    const K = alpha.length;
    const t = new Float64Array(K * K);
    alpha.forEach((value, k) => t[k * K + k] = value);
    for (let k = 0; k + 1 < K; k++) t[k * K + k + 1] = t[(k + 1) * K + k] = beta[k];
    const { values, vectors } = eighReference(t, K);
    const order = Array.from(values, (_, k) => K - 1 - k);
    return {
      values: order.map((k) => values[k]),
      residuals: order.map((k) => Math.abs(beta[K - 1] * vectors[(K - 1) * K + k])),
    };
  });
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
}

function norm(x: Float64Array): number {
  return Math.sqrt(dot(x, x));
}

function scaled(x: Float64Array, factor: number): Float64Array {
  return x.map((value) => factor * value);
}

function subtractScaled(x: Float64Array, y: Float64Array, factor: number): void {
  for (let i = 0; i < x.length; i++) x[i] -= factor * y[i];
}
