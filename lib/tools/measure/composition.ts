/**
 * Composition of attention heads: how much a later head reads of what an earlier one writes.
 *
 * @module
 */

/** A matrix (rows, columns), row-major. */
interface Matrix {
  readonly data: ArrayLike<number>;
  readonly rows: number;
  readonly columns: number;
}

/** Factors of a circuit A Bᵀ: A and B (C, D). */
export interface CircuitFactors {
  /** Left factor. */
  readonly a: ArrayLike<number>;
  /** Right factor. */
  readonly b: ArrayLike<number>;
  /** Channels of the stream C. */
  readonly width: number;
  /** Width of a head D. */
  readonly headWidth: number;
}

/** How much a later head composes with an earlier one, 0 … 1 each. */
export interface Composition {
  /** Its queries read what the earlier head writes: `‖QKᵀ OV′‖ / (‖QK‖ ‖OV′‖)`. */
  readonly q: number;
  /** Its keys do: `‖QK OV′‖ / (‖QK‖ ‖OV′‖)`; the sign of an induction circuit. */
  readonly k: number;
  /** Its values do: `‖OV OV′‖ / (‖OV‖ ‖OV′‖)`. */
  readonly v: number;
}

/** A head with what compositions need of it, computed once. */
export class ComposingHead {
  readonly #qk: Parts;
  readonly #ov: Parts;

  /**
   * @param qk Its QK, from queries A to keys B.
   * @param ov Its OV, from values B to the stream A.
   */
  constructor(qk: CircuitFactors, ov: CircuitFactors) {
    this.#qk = partsOf(qk);
    this.#ov = partsOf(ov);
  }

  /**
   * Composition scores with an earlier head (Elhage et al. 2021), in Frobenius norms and through the factors.
   *
   * Of independent random heads each is about 1 / √C, C the width of the stream.
   *
   * @param earlier Head of a layer before.
   * @returns The three scores; NaN where a circuit is 0.
   *
   * @example
   * ```ts
   * import { assertAlmostEquals } from "@std/assert";
   * import { ComposingHead } from "./composition.ts";
   *
   * // The earlier head moves channel 0 to channel 1, from which the later head takes its keys.
   * const circuit = (a: number[], b: number[]) => ({ a, b, width: 2, headWidth: 1 });
   * const earlier = new ComposingHead(circuit([1, 0], [1, 0]), circuit([0, 1], [1, 0]));
   * const later = new ComposingHead(circuit([1, 0], [0, 1]), circuit([1, 0], [1, 0]));
   * const { q, k, v } = later.with(earlier);
   * [q, k, v].forEach((score, index) => assertAlmostEquals(score, [0, 1, 0][index]));
   * ```
   */
  with(earlier: ComposingHead): Composition {
    const { a, b } = this.#qk;
    const { a: out, b: from, norm } = earlier.#ov;
    const score = (read: Part, rest: Part, own: number) => {
      const x = transposedTimes(read.factor, out.factor);
      // ‖rest · X · fromᵀ‖² = tr(G_rest X G_from Xᵀ).
      const left = times(rest.gram, x);
      const right = times(x, from.gram);
      let sum = 0;
      for (let i = 0; i < left.data.length; i++) sum += left.data[i] * right.data[i];
      return Math.sqrt(Math.max(0, sum)) / (own * norm);
    };
    return {
      q: score(a, b, this.#qk.norm),
      k: score(b, a, this.#qk.norm),
      v: score(this.#ov.b, this.#ov.a, this.#ov.norm),
    };
  }
}

interface Part {
  readonly factor: Matrix;
  /** factorᵀ factor (D, D). */
  readonly gram: Matrix;
}

interface Parts {
  readonly a: Part;
  readonly b: Part;
  /** ‖A Bᵀ‖. */
  readonly norm: number;
}

function partsOf({ a, b, width, headWidth }: CircuitFactors): Parts {
  const part = (data: ArrayLike<number>): Part => {
    const factor = { data, rows: width, columns: headWidth };
    return { factor, gram: transposedTimes(factor, factor) };
  };
  const [left, right] = [part(a), part(b)];
  let squares = 0;
  for (let i = 0; i < left.gram.data.length; i++) squares += left.gram.data[i] * right.gram.data[i];
  return { a: left, b: right, norm: Math.sqrt(squares) };
}

/** Xᵀ Y. */
function transposedTimes(x: Matrix, y: Matrix): Matrix {
  const data = new Float64Array(x.columns * y.columns);
  for (let c = 0; c < x.rows; c++) {
    for (let i = 0; i < x.columns; i++) {
      const value = x.data[c * x.columns + i];
      for (let j = 0; j < y.columns; j++) data[i * y.columns + j] += value * y.data[c * y.columns + j];
    }
  }
  return { data, rows: x.columns, columns: y.columns };
}

/** X Y. */
function times(x: Matrix, y: Matrix): Matrix {
  const data = new Float64Array(x.rows * y.columns);
  for (let i = 0; i < x.rows; i++) {
    for (let k = 0; k < x.columns; k++) {
      const value = x.data[i * x.columns + k];
      for (let j = 0; j < y.columns; j++) data[i * y.columns + j] += value * y.data[k * y.columns + j];
    }
  }
  return { data, rows: x.rows, columns: y.columns };
}
