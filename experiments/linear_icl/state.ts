/** What is measured of a trained model: its four blocks and their macroscopic quantities. */

/** The blocks of W_P and W_Q that reach the prediction, each (d, d) row-major, of one replica. */
export interface State {
  readonly p1: Float64Array;
  readonly p2: Float64Array;
  readonly q1: Float64Array;
  readonly q2: Float64Array;
}

/** One replica's blocks out of the ensemble's parameters (R, 2, 2d, 2d). */
export function stateOf(parameters: Float32Array, replica: number, d: number): State {
  const W = 2 * d;
  const start = replica * 2 * W * W;
  const block = (matrix: number, row: number, column: number) =>
    Float64Array.from(
      { length: d * d },
      (_, e) => parameters[start + matrix * W * W + (row + Math.floor(e / d)) * W + column + e % d],
    );
  return { p1: block(0, d, 0), p2: block(0, d, d), q1: block(1, 0, 0), q2: block(1, d, 0) };
}

/** Diagonal of a (d, d) block. */
export function diagonal(block: ArrayLike<number>): number[] {
  const d = Math.sqrt(block.length);
  return Array.from({ length: d }, (_, mode) => block[mode * d + mode]);
}

/** Products a_α = (p2)_αα (q1)_αα. */
export function productsOf({ p2, q1 }: Pick<State, "p2" | "q1">): number[] {
  const q = diagonal(q1);
  return diagonal(p2).map((p, mode) => p * q[mode]);
}

/** Imbalance of each mode, p_α² − q_α². */
export function modeImbalances({ p2, q1 }: Pick<State, "p2" | "q1">): number[] {
  const q = diagonal(q1);
  return diagonal(p2).map((p, mode) => p * p - q[mode] * q[mode]);
}

/** Frobenius norm squared. */
export function norm2(block: ArrayLike<number>): number {
  let sum = 0;
  for (let e = 0; e < block.length; e++) sum += block[e] * block[e];
  return sum;
}

/** ‖p1‖² + ‖p2‖² − ‖q1‖² − ‖q2‖², conserved by the flow of the full model. */
export function imbalance({ p1, p2, q1, q2 }: State): number {
  return norm2(p1) + norm2(p2) - norm2(q1) - norm2(q2);
}

/** Root mean square of entries; 0 if there are none. */
export function rms(block: ArrayLike<number>): number {
  return Math.sqrt(norm2(block) / Math.max(1, block.length));
}

/** Root mean square of the off-diagonal entries of a block; 0 for d = 1. */
export function offDiagonalRms(block: ArrayLike<number>): number {
  const d = Math.sqrt(block.length);
  return rms(Array.from(block).filter((_, entry) => entry % (d + 1) !== 0));
}

/** One number measured of a replica. */
export interface Measurement {
  readonly quantity: string;
  /** Counted from 1; 0 where the quantity has no mode. */
  readonly mode: number;
  readonly value: number;
}

/** Everything that the log keeps of one replica at one step. */
export function measure(state: State): Measurement[] {
  const perMode = (quantity: string, values: readonly number[]) =>
    values.map((value, mode) => ({ quantity, mode: mode + 1, value }));
  const whole = (quantity: string, value: number) => ({ quantity, mode: 0, value });
  return [
    ...perMode("product", productsOf(state)),
    ...perMode("mode imbalance", modeImbalances(state)),
    whole("imbalance", imbalance(state)),
    whole("rms p1", rms(state.p1)),
    whole("rms q2", rms(state.q2)),
    whole("off-diagonal rms p2", offDiagonalRms(state.p2)),
    whole("off-diagonal rms q1", offDiagonalRms(state.q1)),
  ];
}
