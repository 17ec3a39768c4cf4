/** Replicas that have left the finite numbers while the others of their ensemble train on. */
import { DivergenceError } from "./divergence.ts";

/**
 * Diverged replicas, each with its step; NaN covers their numbers.
 *
 * It works on numbers that the host has read, in the order of the steps. Kernels keep replicas apart, so that the GPU need not
 * know of a lost one.
 *
 * @example
 * ```ts
 * import { DivergenceMask } from "./divergence_mask.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const mask = new DivergenceMask(3);
 * mask.mark(7, Float32Array.of(1, Infinity, 2), "loss");
 * const losses = Float32Array.of(1, 5, 2);
 * mask.cover(losses);
 * assertEquals([...losses], [1, NaN, 2]);
 * assertEquals([...mask.steps], [[1, 7]]);
 * ```
 */
export class DivergenceMask {
  readonly #steps: Map<number, number>;
  /** The last replica to diverge, where it did so in this run. */
  #last: DivergenceError | null = null;

  /**
   * Makes a mask.
   *
   * @param replicas Number of replicas R.
   * @param from Replicas that had diverged before, with their steps.
   */
  constructor(readonly replicas: number, from: Iterable<readonly [number, number]> = []) {
    this.#steps = new Map(from);
  }

  /** Step at which each diverged replica was lost, by replica, as known so far. */
  get steps(): ReadonlyMap<number, number> {
    return new Map(this.#steps);
  }

  /** The error with which a run ends once no replica is left; null before. */
  get end(): DivergenceError | null {
    if (this.#steps.size < this.replicas) return null;
    const [replica, step] = [...this.#steps].reduce((latest, entry) => entry[1] > latest[1] ? entry : latest);
    return this.#last ?? new DivergenceError(replica, step);
  }

  /**
   * Marks the replicas with a number that is not finite.
   *
   * @param step Step to which the numbers belong, not before that of an earlier call.
   * @param values Numbers (R, …).
   * @param quantity Name of the numbers; stands in the error message.
   */
  mark(step: number, values: Float32Array, quantity: string): void {
    for (const [replica, own] of this.#rows(values)) {
      if (this.#steps.has(replica) || own.every(Number.isFinite)) continue;
      this.#steps.set(replica, step);
      this.#last = new DivergenceError(replica, step, quantity);
    }
  }

  /**
   * Overwrites the numbers of marked replicas by NaN.
   *
   * @param values Numbers (R, …).
   */
  cover(values: Float32Array): void {
    for (const [replica, own] of this.#rows(values)) if (this.#steps.has(replica)) own.fill(NaN);
  }

  #rows(values: Float32Array): [number, Float32Array][] {
    const size = values.length / this.replicas;
    return Array.from(
      { length: this.replicas },
      (_, replica) => [replica, values.subarray(replica * size, (replica + 1) * size)],
    );
  }
}
