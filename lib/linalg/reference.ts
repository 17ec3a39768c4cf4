/** Spectral decompositions in float64 on the host: what the GPU is tested against, and what plain arrays are measured by. */

/** A = U diag(s) Vᵀ in float64. */
export interface SvdReference {
  /** Left singular vectors as columns (M, K), row-major; zero where s is zero. */
  readonly u: Float64Array;
  /** Singular values from the largest (K). */
  readonly s: Float64Array;
  /** Right singular vectors as columns (N, K), row-major; zero where s is zero if A is wide. */
  readonly v: Float64Array;
}

/** Off-diagonal ratio at which two columns count as orthogonal. */
const ORTHOGONAL = 1e-15;
const SWEEPS = 60;

/**
 * Singular value decomposition by one-sided Jacobi rotations (Hestenes 1958), in float64.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { svdReference } from "./reference.ts";
 *
 * const { s } = svdReference([3, 0, 4, 5], 2, 2);
 * assertAlmostEquals(s[0], Math.sqrt(45));
 * assertAlmostEquals(s[1], Math.sqrt(5));
 * ```
 *
 * @param a Matrix (M, N), row-major.
 * @param M Rows, ≥ 1.
 * @param N Columns, ≥ 1.
 * @returns Vectors and values, K = min(M, N).
 */
export function svdReference(a: ArrayLike<number>, M: number, N: number): SvdReference {
  if (M < N) {
    const { u, s, v } = svdReference(transposed(a, M, N), N, M);
    return { u: v, s, v: u };
  }
  const largest = largestMagnitude(a) || 1;
  const columns = Array.from(
    { length: N },
    (_, j) => Float64Array.from({ length: M }, (_, i) => a[i * N + j] / largest),
  );
  const rotated = Array.from({ length: N }, (_, j) => Float64Array.from({ length: N }, (_, i) => Number(i === j)));
  let turning = true;
  for (let sweep = 0; turning && sweep < SWEEPS; sweep++) {
    turning = false;
    for (let p = 0; p < N; p++) {
      for (let q = p + 1; q < N; q++) {
        const [x, y, z] = [dot(columns[p], columns[p]), dot(columns[q], columns[q]), dot(columns[p], columns[q])];
        if (Math.abs(z) <= ORTHOGONAL * Math.sqrt(x * y)) continue;
        turning = true;
        const [cosine, sine] = rotation(x, y, z);
        turn(columns[p], columns[q], cosine, sine);
        turn(rotated[p], rotated[q], cosine, sine);
      }
    }
  }
  const lengths = columns.map((column) => Math.sqrt(dot(column, column)));
  const order = lengths.map((_, index) => index).sort((i, j) => lengths[j] - lengths[i]);
  const u = new Float64Array(M * N), v = new Float64Array(N * N);
  order.forEach((from, to) => {
    for (let i = 0; i < M; i++) u[i * N + to] = lengths[from] > 0 ? columns[from][i] / lengths[from] : 0;
    for (let i = 0; i < N; i++) v[i * N + to] = rotated[from][i];
  });
  return { u, s: Float64Array.from(order, (index) => lengths[index] * largest), v };
}

/**
 * Eigendecomposition of a symmetric matrix by cyclic Jacobi rotations, in float64.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { eighReference } from "./reference.ts";
 *
 * const { values } = eighReference([2, 1, 1, 2], 2);
 * assertAlmostEquals(values[0], 1);
 * assertAlmostEquals(values[1], 3);
 * ```
 *
 * @param a Symmetric matrix (N, N), row-major; only the lower triangle is read.
 * @param N Rows, ≥ 1.
 * @returns `values` (N) from the smallest, `vectors` (N, N) as columns.
 */
export function eighReference(
  a: ArrayLike<number>,
  N: number,
): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const largest = largestMagnitude(a) || 1;
  const lower = (i: number, j: number) => a[Math.max(i, j) * N + Math.min(i, j)] / largest;
  const rows = Array.from({ length: N }, (_, i) => Float64Array.from({ length: N }, (_, j) => lower(i, j)));
  const vectors = Array.from({ length: N }, (_, j) => Float64Array.from({ length: N }, (_, i) => Number(i === j)));
  let turning = true;
  for (let sweep = 0; turning && sweep < SWEEPS; sweep++) {
    turning = false;
    for (let p = 0; p < N; p++) {
      for (let q = p + 1; q < N; q++) {
        const z = rows[p][q];
        if (Math.abs(z) <= 1e-17) continue;
        turning = true;
        const [cosine, sine] = rotation(rows[p][p], rows[q][q], z);
        turn(rows[p], rows[q], cosine, sine);
        for (const row of rows) [row[p], row[q]] = [cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]];
        turn(vectors[p], vectors[q], cosine, sine);
      }
    }
  }
  const order = rows.map((_, index) => index).sort((i, j) => rows[i][i] - rows[j][j]);
  const out = new Float64Array(N * N);
  order.forEach((from, to) => vectors[from].forEach((value, i) => out[i * N + to] = value));
  return { values: Float64Array.from(order, (index) => rows[index][index] * largest), vectors: out };
}

/** Cosine and sine that make z vanish in ((x, z), (z, y)), of the smaller angle. */
function rotation(x: number, y: number, z: number): readonly [number, number] {
  const zeta = (y - x) / (2 * z);
  const tangent = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.hypot(1, zeta));
  const cosine = 1 / Math.hypot(1, tangent);
  return [cosine, cosine * tangent];
}

function turn(x: Float64Array, y: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < x.length; i++) [x[i], y[i]] = [cosine * x[i] - sine * y[i], sine * x[i] + cosine * y[i]];
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
}

function largestMagnitude(a: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]));
  return most;
}

function transposed(a: ArrayLike<number>, M: number, N: number): Float64Array {
  return Float64Array.from({ length: M * N }, (_, k) => a[(k % M) * N + Math.floor(k / M)]);
}
