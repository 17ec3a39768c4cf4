/** Eigendecomposition of a symmetric matrix on the CPU, in float64. */
import type { Stored, Workspace } from "./workspace.ts";

const NUMBER = 8;
/** Bytes of a cosine and a sine, and how many of them wait before rows are rotated. */
const [TURN, TURNS] = [16, 1 << 14];
/** Columns whose rows fit a core's cache. */
const STRETCH = 32;
/** Shifts per eigenvalue at most; two are usual. */
const SHIFTS = 80;
/** Sum of squares below a diagonal that is dropped, of a matrix whose largest entry is about 1: far below rounding. */
const NOTHING = 2 ** -800;

/** Eigenvalues and eigenvectors in no order. */
export interface Eigen {
  /** Eigenvalues (n). */
  readonly values: Float64Array;
  /** Eigenvectors as rows (n, n), in the workspace; null where they are not wanted. */
  readonly vectors: Stored | null;
}

/**
 * Eigenvalues, and eigenvectors if wanted, by Householder reflections to a tridiagonal matrix and implicit QL (Golub & Van
 * Loan, Matrix Computations, 8.3). Errors are some n · 1e-16 of the largest magnitude, whatever that is.
 *
 * @param space Where the matrix lies; results lie there until the scope ends.
 * @param a Symmetric matrix (n, n), finite, both triangles; it is overwritten.
 * @param wanted Whether eigenvectors are wanted.
 * @returns Values and vectors.
 * @throws {RangeError} If entries are not finite, or it does not converge.
 */
export function symmetricEigen(space: Workspace, a: Stored, wanted: boolean): Eigen {
  const n = a.rows;
  const scale = normalise(space, a);
  const reflectors = wanted ? space.zeros(n, n) : null;
  const vectors = wanted ? space.zeros(n, n) : null;
  const { diagonal, beside, factors } = tridiagonalise(space, a, reflectors);
  const values = () => diagonal.map((value) => value / scale);
  if (reflectors === null || vectors === null) {
    rotateToDiagonal(diagonal, beside);
    return { values: values(), vectors };
  }
  const { numbers, loops } = space;
  for (let i = 0; i < n; i++) numbers[(vectors.at + i * vectors.ld) / NUMBER + i] = 1;
  for (let k = n - 3; k >= 0; k--) {
    if (factors[k] === 0) continue;
    const first = (k + 1) & ~1;
    loops.reflectRows(
      vectors.at + first * (vectors.ld + NUMBER),
      n - first,
      vectors.ld,
      reflectors.at + k * reflectors.ld + first * NUMBER,
      even(n - first) * NUMBER,
      factors[k],
    );
  }
  rotateToDiagonal(diagonal, beside, new Turns(space, vectors));
  return { values: values(), vectors };
}

/** Multiplies a matrix by the power of two that brings its largest entry to about 1, and returns that. */
function normalise({ numbers }: Workspace, { at, rows, columns, ld }: Stored): number {
  let largest = 0;
  for (let i = 0; i < rows; i++) {
    const row = (at + i * ld) / NUMBER;
    for (let j = 0; j < columns; j++) largest = Math.max(largest, Math.abs(numbers[row + j]));
  }
  if (!Number.isFinite(largest)) {
    throw new RangeError(`eigenvalues: expected finite entries, found ${largest}`);
  }
  const scale = powerOfTwo(largest);
  if (scale === 1) return scale;
  for (let i = 0; i < rows; i++) {
    const row = (at + i * ld) / NUMBER;
    for (let j = 0; j < columns; j++) numbers[row + j] *= scale;
  }
  return scale;
}

/**
 * Power of two that brings a number to about 1, so that neither squares nor quotients leave the range of float64.
 *
 * @param largest Number ≥ 0, finite.
 * @returns The power; 1 of 0.
 */
export function powerOfTwo(largest: number): number {
  if (largest === 0) return 1;
  return 2 ** -Math.max(-1000, Math.min(1000, Math.floor(Math.log2(largest))));
}

/** Next even number. */
function even(count: number): number {
  return count + 1 & ~1;
}

/** A = H₀ … Hₙ₋₃ T Hₙ₋₃ … H₀ with Hₖ = 1 − factorₖ vₖ vₖᵀ, the vectors as rows of `reflectors`. */
function tridiagonalise(space: Workspace, a: Stored, reflectors: Stored | null) {
  const n = a.rows;
  const [diagonal, beside, factors] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  space.scope(() => {
    // v and w of the update that is yet to be made, the next v, and the matrix times it.
    const stack = space.zeros(4, n);
    const { numbers, loops } = space;
    const stride = a.ld / NUMBER;
    let [v, w, u] = [0, 1, 2].map((row) => (stack.at + row * stack.ld) / NUMBER);
    const y = (stack.at + 3 * stack.ld) / NUMBER;
    for (let k = 0; k < n; k++) {
      const row = a.at / NUMBER + k * stride;
      const [vk, wk] = [numbers[v + k], numbers[w + k]];
      diagonal[k] = numbers[row + k] - 2 * vk * wk;
      if (k === n - 1) break;
      let tail = 0;
      for (let i = k + 1; i < n; i++) {
        const value = numbers[row + i] - numbers[v + i] * wk - numbers[w + i] * vk;
        numbers[u + i] = value;
        if (i > k + 1) tail += value * value;
      }
      numbers[u + k] = 0;
      const head = numbers[u + k + 1];
      if (k === n - 2) {
        beside[k] = head;
        continue;
      }
      // Nothing below, of what squares hold: no reflection.
      const bare = tail <= NOTHING;
      const length = Math.sqrt(head * head + tail);
      const pivot = head + (head < 0 ? -length : length);
      beside[k] = bare ? head : head < 0 ? length : -length;
      const factor = bare ? 0 : 2 / (pivot * pivot + tail);
      factors[k] = factor;
      if (bare) numbers.fill(0, u + k + 1, u + n);
      else numbers[u + k + 1] = pivot;
      if (reflectors !== null) {
        numbers.copyWithin((reflectors.at + k * reflectors.ld) / NUMBER + k + 1, u + k + 1, u + n);
      }
      const first = k + 1 & ~1;
      loops.updateAndMultiply(
        a.at + first * (a.ld + NUMBER),
        n - first,
        a.ld,
        even(n - first) * NUMBER,
        (v + first) * NUMBER,
        (w + first) * NUMBER,
        (u + first) * NUMBER,
        (y + first) * NUMBER,
      );
      let along = 0;
      for (let i = k + 1; i < n; i++) along += numbers[y + i] * numbers[u + i];
      // One after the other: the square of a factor may be too large for a number.
      along = factor * (factor * along) / 2;
      for (let i = k + 1; i < n; i++) numbers[w + i] = factor * numbers[y + i] - along * numbers[u + i];
      numbers[w + k] = 0;
      [v, u] = [u, v];
    }
  });
  return { diagonal, beside, factors };
}

/** Rotations of rows r and r − 1, from the last row of a sweep to the first, that wait until there are many. */
class Turns {
  /** Cosines and sines; room for one more sweep is always left. */
  readonly pairs: Float64Array;
  /** Next free pair. */
  at = 0;
  readonly #space: Workspace;
  readonly #rows: Stored;
  readonly #turns: Stored;
  readonly #sweeps: { readonly row: number; readonly from: number; readonly to: number }[] = [];

  constructor(space: Workspace, rows: Stored) {
    this.#turns = space.zeros(1, 2 * (TURNS + rows.rows));
    const start = this.#turns.at / NUMBER;
    this.pairs = space.numbers.subarray(start, start + this.#turns.columns);
    [this.#space, this.#rows] = [space, rows];
  }

  /** Takes the pairs since `from` as a sweep from a row on. */
  add(row: number, from: number): void {
    if (this.at > from) this.#sweeps.push({ row, from, to: this.at });
    if (this.at >= TURNS) this.flush();
  }

  /** Rotates, a few columns at a time, which stay in the cache meanwhile. */
  flush(): void {
    const { at, ld, columns } = this.#rows;
    const width = Math.ceil(columns / 8) * 8;
    for (let column = 0; column < width; column += STRETCH) {
      const bytes = Math.min(STRETCH, width - column) * NUMBER;
      for (const { row, from, to } of this.#sweeps) {
        const [first, last] = [from, to].map((pair) => this.#turns.at + pair * TURN);
        this.#space.loops.rotateRows(at + row * ld + column * NUMBER, ld, bytes, first, last);
      }
    }
    this.#sweeps.length = 0;
    this.at = 0;
  }
}

/** Implicit QL: what is beside the diagonal vanishes. Rotations are handed on. */
function rotateToDiagonal(d: Float64Array, e: Float64Array, turns?: Turns): void {
  const n = d.length;
  const pairs = turns?.pairs;
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(d[i]), Math.abs(e[i]));
  const small = norm * 2 ** -55;
  e[n - 1] = 0;
  for (let l = 0; l < n; l++) {
    for (let shifts = 0;; shifts++) {
      let m = l;
      while (m < n - 1) {
        const size = Math.abs(e[m]);
        if (size <= small || size <= 2 ** -53 * (Math.abs(d[m]) + Math.abs(d[m + 1]))) break;
        m++;
      }
      if (m === l) break;
      if (!(shifts < SHIFTS)) {
        throw new RangeError(`eigenvalues: expected convergence within ${SHIFTS} shifts, found none`);
      }
      const half = (d[l + 1] - d[l]) / (2 * e[l]);
      const root = Math.sqrt(half * half + 1);
      let g = d[m] - d[l] + e[l] / (half + (half < 0 ? -root : root));
      let [s, c, p] = [1, 1, 0];
      const from = turns === undefined ? 0 : turns.at;
      let at = 2 * from;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i], b = c * e[i];
        const r = Math.sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] -= p;
          e[m] = 0;
          break;
        }
        const inverse = 1 / r;
        s = f * inverse;
        c = g * inverse;
        g = d[i + 1] - p;
        const t = (d[i] - g) * s + 2 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
        if (pairs !== undefined) {
          pairs[at] = c;
          pairs[at + 1] = s;
          at += 2;
        }
      }
      if (turns !== undefined) {
        turns.at = at / 2;
        turns.add(m, from);
      }
      if (i >= l) continue;
      d[l] -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
  turns?.flush();
}
