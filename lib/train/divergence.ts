/**
 * Error that ends a run whose numbers are no longer finite.
 *
 * @module
 */

/**
 * Divergence of a replica, with the step at which a number of it was no longer finite.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DivergenceError } from "./divergence.ts";
 *
 * const { message } = new DivergenceError(3, 1200);
 * assertEquals(message.split(":")[0], "replica 3 diverged at step 1200");
 * ```
 */
export class DivergenceError extends Error {
  /** Name of the class, for messages. */
  override readonly name = "DivergenceError";

  /**
   * Makes the error.
   *
   * @param replica Replica, counted from 0.
   * @param step Step at which it was lost.
   * @param quantity Name of the number.
   */
  constructor(readonly replica: number, readonly step: number, readonly quantity = "loss") {
    super(
      `replica ${replica} diverged at step ${step}: expected a finite ${quantity}, found none; ` +
        `lower the learning rate or the initial scale`,
    );
  }
}
