/**
 * Singular values and row spaces on the CPU, in float64.
 *
 * @module
 */
import { ShapeError } from "../../gpu/errors.ts";
import { powerOfTwo, symmetricEigen } from "./eigen.ts";
import { addGram, addProducts, copyColumns, copyRows, mirror } from "./products.ts";
import { type Stored, type Workspace, workspace } from "./workspace.ts";

/** Sizes of a matrix M, or of the factors of a product M = A Bᵀ. */
export interface HostSizes {
  /** Rows of M. */
  readonly M: number;
  /** Columns of M. */
  readonly N: number;
  /** Columns of both factors; N of a matrix that is not a product. */
  readonly D?: number;
}

/** Singular values and right singular vectors of one matrix. */
export interface HostRowSpace {
  /** Singular values (K) from the largest, K = min(M, N, D). */
  readonly s: Float64Array;
  /** Right singular vectors as rows (`rows`, N), those of the largest values; none if they were not wanted. */
  readonly v: Float64Array;
  /** Number of vectors. */
  readonly rows: number;
}

/** A = Σ_k s_k u_k v_kᵀ. */
export interface HostSvd {
  /** Left singular vectors as rows (K, M). */
  readonly u: Float64Array;
  /** Singular values (K) from the largest. */
  readonly s: Float64Array;
  /** Right singular vectors as rows (K, N). */
  readonly v: Float64Array;
}

const NUMBER = 8;
/** Entries of a long row, or long rows, that are converted at a time. */
const CHUNK = 1024;
/** Up to this ratio of rows to the inner size, the product itself is the smaller problem; as in `svdOfProduct`. */
const SMALL = 1.5;

/**
 * Singular values and right singular vectors of a matrix, or of a product `A Bᵀ` through its factors, on the CPU.
 *
 * The smaller of M Mᵀ and Mᵀ M is formed and decomposed in float64: values are right to 1e-7 of the largest, as single
 * precision leaves them, and to 1e-15 (σ₁ / σ)² of themselves; vectors are orthonormal to the same. A product is reduced
 * first by reflections, `A = Q_A R_A` and `B = Q_B R_B`, to `R_A R_Bᵀ`. On a CPU this takes a fraction of the time that the
 * kernels take there; on a GPU {@linkcode svd} and {@linkcode svdOfProduct} do the same.
 *
 * @example
 * ```ts
 * import { hostRowSpace } from "./host_svd.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { s, v } = hostRowSpace([3, 0, 4, 5], { M: 2, N: 2 });
 * assertAlmostEquals(s[0], Math.sqrt(45));
 * assertAlmostEquals(Math.abs(v[0]), Math.SQRT1_2);
 * ```
 *
 * @param a Matrix (M, N), or left factor (M, D); row-major, finite.
 * @param sizes Shape.
 * @param vectors How many vectors are wanted at most; by default all K.
 * @param b Right factor (N, D), if there is one.
 * @returns Values and vectors. A vector whose value is 0 is 0 where M < N; else vectors are orthonormal.
 * @throws {ShapeError} If a size does not fit the number of entries.
 * @throws {RangeError} If entries are not finite.
 */
export function hostRowSpace(
  a: ArrayLike<number>,
  { M, N, D = N }: HostSizes,
  vectors: number = Math.min(M, N, D),
  b?: ArrayLike<number>,
): HostRowSpace {
  const inner = b === undefined ? N : D;
  if (a.length !== M * inner || b !== undefined && b.length !== N * D) {
    const found = b === undefined ? `${a.length}` : `${a.length} and ${b.length}`;
    throw new ShapeError(
      `hostRowSpace: expected (${M}, ${inner})${b === undefined ? "" : ` and (${N}, ${D})`} entries, found ${found}`,
    );
  }
  const [left, right] = [scaled("hostRowSpace", a), b === undefined ? null : scaled("hostRowSpace", b)];
  const space = workspace();
  const { s, v, rows } = space.scope(() => {
    if (right === null) return ofMatrix(space, readerOf(left.values, N), M, N, vectors);
    const [K, sizes] = [Math.min(M, N, D), { M, N, D }];
    if (Math.min(M, N) > SMALL * D) return ofFactors(space, left.values, right.values, sizes, vectors);
    const product = productReader(space, left.values, right.values, sizes);
    const { s, v, rows } = ofMatrix(space, product, M, N, Math.min(vectors, K));
    // Beyond the inner size all singular values are zero.
    return { s: s.slice(0, K), v, rows };
  });
  return { s: s.map((value) => value / left.scale / (right?.scale ?? 1)), v, rows };
}

/** A matrix as it is, or, where squares of its entries might leave the range of float64, times a power of two. */
function scaled(
  name: string,
  entries: ArrayLike<number>,
): { readonly values: ArrayLike<number>; readonly scale: number } {
  let largest = 0;
  for (let i = 0; i < entries.length; i++) {
    const size = Math.abs(entries[i]);
    if (!(size < Infinity)) throw new RangeError(`${name}: expected finite entries, found ${entries[i]}`);
    if (size > largest) largest = size;
  }
  const scale = powerOfTwo(largest);
  if (scale >= 2 ** -64 && scale <= 2 ** 64) return { values: entries, scale: 1 };
  return { values: Float64Array.from(entries, (value) => value * scale), scale };
}

/**
 * Singular values alone; see {@linkcode hostRowSpace}.
 *
 * @example
 * ```ts
 * import { hostSingularValues } from "./host_svd.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(hostSingularValues([3, 4], { M: 1, N: 2 })[0], 5);
 * ```
 *
 * @param a Matrix (M, N), or left factor (M, D); row-major, finite.
 * @param sizes Shape.
 * @param b Right factor (N, D), if there is one.
 * @returns Values (K) from the largest.
 * @throws {ShapeError} If a size does not fit the number of entries.
 * @throws {RangeError} If entries are not finite.
 */
export function hostSingularValues(a: ArrayLike<number>, sizes: HostSizes, b?: ArrayLike<number>): Float64Array {
  return hostRowSpace(a, sizes, 0, b).s;
}

/**
 * Thin singular value decomposition on the CPU, in float64.
 *
 * As {@linkcode hostRowSpace}; vectors of the longer side are those of the shorter one times the matrix, made orthonormal by
 * reflections: both are orthonormal to 1e-13 whatever the rank, and errors stay below 1e-7 of the largest value.
 *
 * @example
 * \`\`\`ts
 * import { hostSvd } from "./host_svd.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const { u, s, v } = hostSvd([3, 4], { M: 1, N: 2 });
 * assertAlmostEquals(s[0], 5);
 * assertAlmostEquals(u[0] * s[0] * v[1], 4);
 * \`\`\`
 *
 * @param a Matrix (M, N), row-major, finite.
 * @param sizes Shape.
 * @returns Vectors and values, K = min(M, N).
 * @throws {ShapeError} If the sizes do not fit the number of entries.
 * @throws {RangeError} If entries are not finite.
 */
export function hostSvd(a: ArrayLike<number>, { M, N }: Omit<HostSizes, "D">): HostSvd {
  if (a.length !== M * N) {
    throw new ShapeError(`hostSvd: expected (${M}, ${N}) entries, found ${a.length}`);
  }
  const { values, scale } = scaled("hostSvd", a);
  const space = workspace();
  return space.scope(() => {
    const reader = readerOf(values, N);
    const wide = M < N;
    const [short, long] = wide ? [M, N] : [N, M];
    const { s: lengths, vectors } = shortSide(space, reader, M, N, true);
    const s = lengths.map((value) => value / scale);
    const own = space.zeros(short, short);
    copyColumns(space, own, vectors!, short);
    const columns = space.zeros(long, short);
    if (wide) reader.rows(columns, 0);
    else reader.columns(columns, 0);
    const images = space.zeros(short, long);
    addProducts(space, images, own, columns);
    const { factors, diagonal } = reflect(space, images);
    const out = space.zeros(short, long);
    for (let k = short - 1; k >= 0; k--) {
      space.numbers[(out.at + k * out.ld) / NUMBER + k] = diagonal[k] < 0 ? -1 : 1;
      applyReflection(space, out, k, images, k, factors[k]);
    }
    const other = rowsOf(space, out);
    return wide ? { u: vectors!, s, v: other } : { u: other, s, v: vectors! };
  });
}

/** The rows, one after the other. */
function rowsOf({ numbers }: Workspace, { at, rows, columns, ld }: Stored): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const from = (at + i * ld) / NUMBER;
    out.set(numbers.subarray(from, from + columns), i * columns);
  }
  return out;
}

/** How a matrix (M, N) is brought into a workspace, a part at a time. */
interface Reader {
  /** Some columns of it, as they stand (M, ·). */
  columns(to: Stored, first: number): void;
  /** Some rows of it, as columns (N, ·). */
  rows(to: Stored, first: number): void;
}

function readerOf(a: ArrayLike<number>, N: number): Reader {
  const space = workspace();
  return {
    columns: (to, first) => copyColumns(space, to, a, N, first),
    rows: (to, first) => copyRows(space, to, a, first),
  };
}

/** A Bᵀ, which is formed at once. */
function productReader(
  space: Workspace,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { M, N, D }: Required<HostSizes>,
): Reader {
  const product = space.zeros(M, N);
  space.scope(() => {
    const [left, right] = [space.zeros(M, D), space.zeros(N, D)];
    copyColumns(space, left, a, D);
    copyColumns(space, right, b, D);
    addProducts(space, product, left, right);
  });
  const stride = product.ld / NUMBER;
  const start = product.at / NUMBER;
  return {
    columns({ at, columns, ld }, first) {
      const { numbers } = space;
      for (let i = 0; i < M; i++) {
        const from = start + i * stride + first;
        numbers.copyWithin(at / NUMBER + i * ld / NUMBER, from, from + columns);
      }
    },
    rows({ at, columns, ld }, first) {
      const { numbers } = space;
      for (let j = 0; j < N; j++) {
        const to = (at + j * ld) / NUMBER;
        for (let i = 0; i < columns; i++) numbers[to + i] = numbers[start + (first + i) * stride + j];
      }
    },
  };
}

/** Values, and vectors of the shorter side as rows in their order, from the smaller of M Mᵀ and Mᵀ M. */
function shortSide(space: Workspace, reader: Reader, M: number, N: number, wanted: boolean) {
  const [short, long] = M < N ? [M, N] : [N, M];
  const read = M < N ? reader.columns : reader.rows;
  return space.scope(() => {
    const gram = space.zeros(short, short);
    for (let first = 0; first < long; first += CHUNK) {
      space.scope(() => {
        const part = space.zeros(short, Math.min(CHUNK, long - first));
        read(part, first);
        addGram(space, gram, part);
      });
    }
    mirror(space, gram);
    const { values, vectors } = symmetricEigen(space, gram, wanted);
    const order = [...values.keys()].sort((i, j) => values[j] - values[i]);
    const s = Float64Array.from(order, (index) => Math.sqrt(Math.max(0, values[index])));
    if (vectors === null) return { s, vectors: null };
    const sorted = new Float64Array(short * short);
    order.forEach((index, k) => {
      const from = (vectors.at + index * vectors.ld) / NUMBER;
      sorted.set(space.numbers.subarray(from, from + short), k * short);
    });
    return { s, vectors: sorted };
  });
}

function ofMatrix(space: Workspace, reader: Reader, M: number, N: number, wanted: number): HostRowSpace {
  const { s, vectors } = shortSide(space, reader, M, N, wanted > 0);
  if (vectors === null) return { s, v: new Float64Array(0), rows: 0 };
  const short = Math.min(M, N);
  const rows = Math.min(wanted, short);
  if (M >= N) return { s, v: rows === short ? vectors : vectors.slice(0, rows * N), rows };
  // vᵀ = uᵀ M / σ, a stretch of columns at a time.
  const v = new Float64Array(rows * N);
  const left = space.zeros(rows, short);
  const inverse = vectors.subarray(0, rows * short).map((value, index) => {
    const size = s[Math.floor(index / short)];
    return size === 0 ? 0 : value / size;
  });
  copyColumns(space, left, inverse, short);
  for (let first = 0; first < N; first += CHUNK) {
    space.scope(() => {
      const part = space.zeros(Math.min(CHUNK, N - first), short);
      transposeColumns(space, reader, part, first);
      const product = space.zeros(rows, part.rows);
      addProducts(space, product, left, part);
      for (let k = 0; k < rows; k++) {
        const from = (product.at + k * product.ld) / NUMBER;
        v.set(space.numbers.subarray(from, from + part.rows), k * N + first);
      }
    });
  }
  return { s, v, rows };
}

/** Some columns of the matrix as rows. */
function transposeColumns(space: Workspace, reader: Reader, to: Stored, first: number): void {
  space.scope(() => {
    const columns = space.zeros(to.columns, to.rows);
    reader.columns(columns, first);
    transpose(space, columns, to);
  });
}

function transpose({ numbers }: Workspace, from: Stored, to: Stored): void {
  const [a, b] = [from, to].map(({ at, ld }) => ({ start: at / NUMBER, stride: ld / NUMBER }));
  const TILE = 16;
  for (let top = 0; top < from.rows; top += TILE) {
    for (let left = 0; left < from.columns; left += TILE) {
      const [bottom, right] = [Math.min(from.rows, top + TILE), Math.min(from.columns, left + TILE)];
      for (let j = left; j < right; j++) {
        for (let i = top; i < bottom; i++) numbers[b.start + j * b.stride + i] = numbers[a.start + i * a.stride + j];
      }
    }
  }
}

/** Through R_A R_Bᵀ, whose right singular vectors Q_B makes those of the product. */
function ofFactors(
  space: Workspace,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { M, N, D }: Required<HostSizes>,
  wanted: number,
): HostRowSpace {
  const core = space.zeros(D, D);
  const left = space.zeros(D, D);
  const right = space.zeros(D, D);
  space.scope(() => {
    const columns = space.zeros(D, M);
    copyRows(space, columns, a);
    takeTriangle(space, columns, reflect(space, columns), left);
  });
  const reflected = space.zeros(D, N);
  copyRows(space, reflected, b);
  const factors = reflect(space, reflected);
  takeTriangle(space, reflected, factors, right);
  addProducts(space, core, left, right);
  const values = rowsOf(space, core);
  const { s, v: inner, rows } = ofMatrix(space, readerOf(values, D), D, D, wanted);
  if (rows === 0) return { s, v: new Float64Array(0), rows };
  // Rows (wᵀ, 0) reflected back.
  const out = space.zeros(rows, N);
  copyColumns(space, { ...out, columns: D }, inner, D);
  for (let k = D - 1; k >= 0; k--) applyReflection(space, out, 0, reflected, k, factors.factors[k]);
  return { s, v: rowsOf(space, out), rows };
}

/** Reflections of the columns of a tall matrix, which stand as rows (D, M). */
interface Reflections {
  /** 2 / vᵀ v, or 0 where nothing is reflected (D). */
  readonly factors: Float64Array;
  /** Diagonal of R (D). */
  readonly diagonal: Float64Array;
}

/** Row k becomes (r₀ₖ … rₖ₋₁ₖ, vₖ). */
function reflect(space: Workspace, { at, rows, columns, ld }: Stored): Reflections {
  const { numbers } = space;
  const [factors, diagonal] = [new Float64Array(rows), new Float64Array(rows)];
  for (let k = 0; k < rows; k++) {
    const row = at / NUMBER + k * ld / NUMBER;
    let tail = 0;
    for (let i = k + 1; i < columns; i++) tail += numbers[row + i] * numbers[row + i];
    const head = numbers[row + k];
    const length = Math.sqrt(head * head + tail);
    diagonal[k] = tail === 0 ? head : head < 0 ? length : -length;
    if (tail === 0) continue;
    const pivot = head + (head < 0 ? -length : length);
    numbers[row + k] = pivot;
    factors[k] = 2 / (pivot * pivot + tail);
    applyReflection(space, { at, rows, columns, ld }, k + 1, { at, rows, columns, ld }, k, factors[k]);
  }
  return { factors, diagonal };
}

/** Reflects rows of x, from one on, at vector k. */
function applyReflection(space: Workspace, x: Stored, from: number, v: Stored, k: number, factor: number): void {
  if (factor === 0 || from >= x.rows) return;
  const { numbers, loops } = space;
  // An even place to start from; what stands before the vector is R's, and must not count.
  const first = k & ~1;
  const before = (v.at + k * v.ld) / NUMBER + k - 1;
  const kept = numbers[before];
  if (first < k) numbers[before] = 0;
  const bytes = (x.columns - first + 1 & ~1) * NUMBER;
  loops.reflectRows(
    x.at + from * x.ld + first * NUMBER,
    x.rows - from,
    x.ld,
    v.at + k * v.ld + first * NUMBER,
    bytes,
    factor,
  );
  if (first < k) numbers[before] = kept;
}

/** R (D, D), row by row. */
function takeTriangle(space: Workspace, columns: Stored, { diagonal }: Reflections, to: Stored): void {
  const { numbers } = space;
  for (let j = 0; j < columns.rows; j++) {
    for (let i = 0; i <= j; i++) {
      numbers[(to.at + i * to.ld) / NUMBER + j] = i === j
        ? diagonal[j]
        : numbers[(columns.at + j * columns.ld) / NUMBER + i];
    }
  }
}
