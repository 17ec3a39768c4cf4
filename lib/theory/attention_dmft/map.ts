/** The map of N → ∞: one orbit, and its derivatives. */
import { FEATURES, POSITIONS, type SpinState, type SpinSystem, STATE, TOKENS } from "../../models/spin_attention.ts";

const M = FEATURES;

/**
 * An orbit of the map, in double precision.
 *
 * @example
 * ```ts
 * import { SpinOrbit } from "./map.ts";
 * import { PAPER_START, PAPER_WEIGHTS } from "../../models/spin_attention.ts";
 * import { assert } from "@std/assert";
 *
 * // Below β ≈ 1.24 the positions alone move A, by little and with period 4.
 * const system = { weights: PAPER_WEIGHTS, beta: 1, gamma: 127, epsilon: 0.02 };
 * const orbit = new SpinOrbit(system, { window: PAPER_START, phase: 0 });
 * for (let step = 0; step < 1000; step++) orbit.step();
 * const before = [...orbit.window];
 * for (let step = 0; step < 4; step++) orbit.step();
 * assert(before.every((a, index) => Math.abs(a - orbit.window[index]) < 1e-12));
 * ```
 */
export class SpinOrbit {
  /** A of the four tokens, newest first (4, 3); changed by {@linkcode SpinOrbit.step}. */
  readonly window: Float64Array = new Float64Array(STATE);
  /** Means of the thirds of the tokens, tanh β h, newest first (4, 3). */
  readonly means: Float64Array = new Float64Array(STATE);
  /** How many steps positions have been rolled, 0 … 3. */
  phase: number;
  readonly #system: SpinSystem;
  readonly #weights: readonly Float64Array[];
  readonly #values = new Float64Array(STATE);
  readonly #keys = new Float64Array(STATE);
  readonly #query = new Float64Array(M);
  readonly #attention = new Float64Array(TOKENS);
  readonly #next = new Float64Array(M);

  /**
   * Starts an orbit.
   *
   * @param system Weights and couplings.
   * @param start Four past A and the phase.
   * @throws {RangeError} If the start has not 12 finite numbers, or weights have not 15 each.
   */
  constructor(system: SpinSystem, start: SpinState) {
    const { weights: { o, v, q, k }, beta } = system;
    this.#system = system;
    this.#weights = [o, v, q, k].map((weight) => {
      if (weight.length !== M * (M + 2)) throw new RangeError(`expected 15 signs of a weight, found ${weight.length}`);
      return Float64Array.from(weight);
    });
    if (start.window.length !== STATE || !Array.from(start.window).every(Number.isFinite)) {
      throw new RangeError(
        `expected a window of ${STATE} finite numbers, found ${Array.from(start.window).join(", ")}`,
      );
    }
    this.window.set(start.window);
    this.phase = start.phase;
    for (let token = 0; token < TOKENS; token++) this.#meansOf(token, beta);
  }

  /** Means of the thirds of a token, from its A. */
  #meansOf(token: number, beta: number): void {
    const [output] = this.#weights;
    for (let third = 0; third < M; third++) {
      let field = 0;
      for (let b = 0; b < M; b++) field += output[b * 5 + third] * this.window[token * M + b];
      this.means[token * M + third] = Math.tanh(beta * field);
    }
  }

  /** A that attention over the present tokens gives, together with values, keys, query and attention. */
  #attend(): Float64Array {
    const { gamma, epsilon } = this.#system;
    const [, value, query, key] = this.#weights;
    const [spins, places] = [(1 - epsilon) / M, epsilon / 2];
    const [means, values, keys, q, attention, next] = [
      this.means,
      this.#values,
      this.#keys,
      this.#query,
      this.#attention,
      this.#next,
    ];
    for (let token = 0; token < TOKENS; token++) {
      const place = 2 * ((token + TOKENS - this.phase) % TOKENS);
      const [first, second] = [places * POSITIONS[place], places * POSITIONS[place + 1]];
      const at = token * M;
      const [x, y, z] = [spins * means[at], spins * means[at + 1], spins * means[at + 2]];
      for (let a = 0, row = 0; a < M; a++, row += 5) {
        values[at + a] = value[row] * x + value[row + 1] * y + value[row + 2] * z + value[row + 3] * first +
          value[row + 4] * second;
        keys[at + a] = key[row] * x + key[row + 1] * y + key[row + 2] * z + key[row + 3] * first +
          key[row + 4] * second;
        if (token === 0) {
          q[a] = query[row] * x + query[row + 1] * y + query[row + 2] * z + query[row + 3] * first +
            query[row + 4] * second;
        }
      }
    }
    let largest = -Infinity;
    for (let token = 0, at = 0; token < TOKENS; token++, at += M) {
      attention[token] = gamma * (q[0] * keys[at] + q[1] * keys[at + 1] + q[2] * keys[at + 2]);
      if (attention[token] > largest) largest = attention[token];
    }
    let total = 0;
    for (let token = 0; token < TOKENS; token++) total += attention[token] = Math.exp(attention[token] - largest);
    next.fill(0);
    for (let token = 0, at = 0; token < TOKENS; token++, at += M) {
      attention[token] /= total;
      for (let a = 0; a < M; a++) next[a] += attention[token] * values[at + a];
    }
    return next;
  }

  /** Takes a step: a new token, the oldest one forgotten, positions rolled by one place. */
  step(): void {
    const next = this.#attend();
    this.window.copyWithin(M, 0, STATE - M);
    this.means.copyWithin(M, 0, STATE - M);
    this.window.set(next);
    this.#meansOf(0, this.#system.beta);
    this.phase = (this.phase + 1) % TOKENS;
  }

  /**
   * Derivative of the next A by the means of all thirds of the present tokens.
   *
   * @returns ∂A_a/∂t_js (3, 12), row-major.
   */
  sensitivity(): Float64Array {
    this.#attend();
    const { gamma, epsilon } = this.#system;
    const [, value, query, key] = this.#weights;
    const spins = (1 - epsilon) / M;
    const [values, keys, q, attention, next] = [this.#values, this.#keys, this.#query, this.#attention, this.#next];
    const result = new Float64Array(M * STATE);
    const moves = new Float64Array(TOKENS);
    for (let token = 0; token < TOKENS; token++) {
      for (let third = 0; third < M; third++) {
        // A key moves its own score, the newest token's query all of them; A moves with a score by how far a value lies from it.
        let own = 0;
        for (let b = 0; b < M; b++) own += q[b] * key[b * 5 + third];
        moves.fill(0);
        moves[token] = own;
        for (let other = 0; token === 0 && other < TOKENS; other++) {
          for (let b = 0; b < M; b++) moves[other] += query[b * 5 + third] * keys[other * M + b];
        }
        for (let a = 0; a < M; a++) {
          let sum = attention[token] * value[a * 5 + third];
          for (let other = 0; other < TOKENS; other++) {
            sum += attention[other] * (values[other * M + a] - next[a]) * gamma * moves[other];
          }
          result[a * STATE + token * M + third] = spins * sum;
        }
      }
    }
    return result;
  }

  /**
   * Derivative of the means of the thirds of a token by its A: `∂t_s/∂A_b = β (1 − t_s²) W^o_bs`.
   *
   * @param token Which one, 0 for the newest.
   * @returns Matrix (3, 3) with a row for each third.
   */
  slopes(token: number): Float64Array {
    const [output] = this.#weights;
    const { beta } = this.#system;
    const result = new Float64Array(M * M);
    for (let third = 0; third < M; third++) {
      const steepness = beta * (1 - this.means[token * M + third] ** 2);
      for (let b = 0; b < M; b++) result[third * M + b] = steepness * output[b * 5 + third];
    }
    return result;
  }

  /**
   * Derivative of the next A by the present window; the other numbers of the next window are those of the present one.
   *
   * @returns ∂A_a/∂A_jb (3, 12), row-major.
   */
  jacobian(): Float64Array {
    const byMeans = this.sensitivity();
    const result = new Float64Array(M * STATE);
    for (let token = 0; token < TOKENS; token++) {
      const slopes = this.slopes(token);
      for (let a = 0; a < M; a++) {
        for (let b = 0; b < M; b++) {
          let sum = 0;
          for (let third = 0; third < M; third++) {
            sum += byMeans[a * STATE + token * M + third] * slopes[third * M + b];
          }
          result[a * STATE + token * M + b] = sum;
        }
      }
    }
    return result;
  }
}
