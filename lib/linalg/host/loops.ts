/**
 * Inner loops of linear algebra in float64, as WebAssembly.
 *
 * Addresses are in bytes; `ld` is the distance of rows in bytes. Rows that are summed over are padded with zeros to an even
 * number of entries.
 *
 * @module
 */
import {
  type Body,
  compile,
  type Definition,
  integer,
  numberAt,
  pairAt,
  type Statement,
  storeNumber,
  storePair,
  twice,
  twiceAt,
  type Value,
  type Variable,
  whileLess,
  zeros,
} from "./assembler.ts";

/** Sums of a tile of rows of A with rows of B: c[i,j] += Σ_k a[i,k] b[j,k]. */
function tile(
  f: Body,
  a: Value,
  b: Value,
  c: Value,
  rows: readonly Value[],
  columns: readonly Value[],
  { bytes, ldC, k }: { bytes: Value; ldC: Value; k: Variable },
): Statement[] {
  const [I, J] = [rows.length, columns.length];
  const [as, bs] = [f.variables("i32", I), f.variables("i32", J)];
  const sums = f.variables("v128", I * J);
  const values = f.variables("v128", I);
  const at = f.variable("i32");
  const value = f.variable("v128");
  return [
    ...as.map((row, i) => row.set(a.plus(rows[i]))),
    ...bs.map((row, j) => row.set(b.plus(columns[j]))),
    ...sums.map((sum) => sum.set(zeros)),
    k.set(integer(0)),
    // Two pairs at a time, so that half of the addresses need no arithmetic.
    whileLess(k, bytes, [
      ...[0, 16].flatMap((offset) => [
        ...values.map((entry, i) => entry.set(pairAt(as[i], offset))),
        ...bs.flatMap((row, j) => [
          value.set(pairAt(row, offset)),
          ...values.map((entry, i) => sums[i * J + j].set(f.multiplyAdd(entry, value, sums[i * J + j]))),
        ]),
      ]),
      ...[...as, ...bs].map((row) => row.set(row.plus(32))),
      k.set(k.plus(32)),
    ]),
    at.set(c),
    ...values.flatMap((_, i) => [
      ...bs.map((_, j) => storeNumber(at, numberAt(at, 8 * j).plus(sums[i * J + j].halves()), 8 * j)),
      at.set(at.plus(ldC)),
    ]),
  ];
}

/** C[i,j] += Σ_k A[i,k] B[j,k], k one stretch of a row; A (M, ·), B (N, ·). */
const addProducts: Definition = {
  parameters: ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
  build(f, a, b, c, M, N, bytes, ldA, ldB, ldC) {
    const k = f.variable("i32");
    const [i, j] = f.variables("i32", 2);
    const [rowA, rowB, at] = f.variables("i32", 3);
    const strides = (ld: Value, count: number) => {
      const all = f.variables("i32", count);
      return { all, set: all.map((variable, index) => variable.set(ld.times(index))) };
    };
    const [rowsA, rowsB] = [strides(ldA, 4), strides(ldB, 2)];
    const across = (rows: readonly Value[]): Statement[] => {
      const step = (columns: readonly Value[]) => [
        ...tile(f, rowA, rowB, at, rows, columns, { bytes, ldC, k }),
        rowB.set(rowB.plus(ldB.times(columns.length))),
        at.set(at.plus(8 * columns.length)),
        j.set(j.plus(columns.length)),
      ];
      return [
        j.set(integer(0)),
        rowB.set(b),
        at.set(c.plus(i.times(ldC))),
        rowA.set(a.plus(i.times(ldA))),
        whileLess(j, N.minus(1), step(rowsB.all)),
        whileLess(j, N, step([rowsB.all[0]])),
        i.set(i.plus(rows.length)),
      ];
    };
    return [
      ...rowsA.set,
      ...rowsB.set,
      i.set(integer(0)),
      whileLess(i, M.minus(3), across(rowsA.all)),
      whileLess(i, M, across([rowsA.all[0]])),
    ];
  },
};

/** Reflects rows: x −= τ (x · v) v, for each of `rows` rows from x on, over `bytes` of them. */
const reflectRows: Definition = {
  parameters: ["i32", "i32", "i32", "i32", "i32", "f64"],
  build(f, x, rows, ld, v, bytes, tau) {
    const [i, k] = f.variables("i32", 2);
    const block = (count: number): Statement[] => {
      const at = f.variables("i32", count);
      const sums = f.variables("v128", count);
      const value = f.variable("v128");
      return [
        ...at.map((row, index) => row.set(x.plus(i.plus(index).times(ld)))),
        ...sums.map((sum) => sum.set(zeros)),
        k.set(integer(0)),
        whileLess(k, bytes, [
          value.set(pairAt(v.plus(k))),
          ...sums.map((sum, index) => sum.set(f.multiplyAdd(pairAt(at[index].plus(k)), value, sum))),
          k.set(k.plus(16)),
        ]),
        ...sums.map((sum) => sum.set(twice(sum.halves().times(tau)))),
        k.set(integer(0)),
        whileLess(k, bytes, [
          value.set(pairAt(v.plus(k))),
          ...sums.map((sum, index) =>
            storePair(at[index].plus(k), f.multiplySubtract(sum, value, pairAt(at[index].plus(k))))
          ),
          k.set(k.plus(16)),
        ]),
        i.set(i.plus(count)),
      ];
    };
    return [i.set(integer(0)), whileLess(i, rows.minus(3), block(4)), whileLess(i, rows, block(1))];
  },
};

/** Rank-two update and product with the next vector: A −= v wᵀ + w vᵀ, then y = A u, of `rows` rows. */
const updateAndMultiply: Definition = {
  parameters: ["i32", "i32", "i32", "i32", "i32", "i32", "i32", "i32"],
  build(f, a, rows, ld, bytes, v, w, u, y) {
    const [i, k] = f.variables("i32", 2);
    const block = (count: number): Statement[] => {
      const at = f.variables("i32", count);
      const [sums, vs, ws] = [f.variables("v128", count), f.variables("v128", count), f.variables("v128", count)];
      const [value, other, next] = f.variables("v128", 3);
      const entry = f.variable("v128");
      const offset = i.times(8);
      return [
        ...at.map((row, index) => row.set(a.plus(i.plus(index).times(ld)))),
        ...sums.map((sum) => sum.set(zeros)),
        ...vs.map((own, index) => own.set(twiceAt(v.plus(offset), 8 * index))),
        ...ws.map((own, index) => own.set(twiceAt(w.plus(offset), 8 * index))),
        k.set(integer(0)),
        whileLess(k, bytes, [
          value.set(pairAt(v.plus(k))),
          other.set(pairAt(w.plus(k))),
          next.set(pairAt(u.plus(k))),
          ...at.flatMap((row, index) => [
            entry.set(
              f.multiplySubtract(vs[index], other, f.multiplySubtract(ws[index], value, pairAt(row.plus(k)))),
            ),
            storePair(row.plus(k), entry),
            sums[index].set(f.multiplyAdd(entry, next, sums[index])),
          ]),
          k.set(k.plus(16)),
        ]),
        ...sums.map((sum, index) => storeNumber(y.plus(offset), sum.halves(), 8 * index)),
        i.set(i.plus(count)),
      ];
    };
    return [i.set(integer(0)), whileLess(i, rows.minus(3), block(4)), whileLess(i, rows, block(1))];
  },
};

/** Numbers of a row that are rotated at a time. */
const COLUMNS = 8;

/**
 * Rotates neighbouring rows of one stretch of columns, from below: of each pair (c, s) of `turns`, from the first,
 * row r becomes s x[r−1] + c x[r] and row r − 1 becomes c x[r−1] − s x[r]; r falls by one from pair to pair.
 */
const rotateRows: Definition = {
  parameters: ["i32", "i32", "i32", "i32", "i32"],
  build(f, x, ld, bytes, turns, end) {
    const [k, row, turn] = f.variables("i32", 3);
    const lanes = COLUMNS / 2;
    const [low, high] = [f.variables("v128", lanes), f.variable("v128")];
    const [c, s] = f.variables("v128", 2);
    return [
      k.set(integer(0)),
      whileLess(k, bytes, [
        row.set(x.plus(k)),
        ...low.map((value, lane) => value.set(pairAt(row, 16 * lane))),
        turn.set(turns),
        whileLess(turn, end, [
          c.set(twiceAt(turn)),
          s.set(twiceAt(turn, 8)),
          row.set(row.minus(ld)),
          ...low.flatMap((value, lane) => [
            high.set(pairAt(row, 16 * lane)),
            // The row below is done.
            storePair(row.plus(ld), f.multiplyAdd(s, high, c.times(value)), 16 * lane),
            value.set(f.multiplySubtract(s, value, c.times(high))),
          ]),
          turn.set(turn.plus(16)),
        ]),
        ...low.map((value, lane) => storePair(row, value, 16 * lane)),
        k.set(k.plus(8 * COLUMNS)),
      ]),
    ];
  },
};

const DEFINITIONS = { addProducts, reflectRows, updateAndMultiply, rotateRows };

/** The compiled loops by name. */
export type Loops = Readonly<Record<keyof typeof DEFINITIONS, (...parameters: number[]) => void>>;

/**
 * Compiles the loops over a memory.
 *
 * @param memory What they read and write.
 * @param fused Whether products may be added without rounding between, where that is at hand.
 */
export function compileLoops(memory: WebAssembly.Memory, fused = true): Loops {
  return compile(DEFINITIONS, memory, fused);
}
