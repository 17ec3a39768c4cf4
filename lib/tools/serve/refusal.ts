/**
 * A request that is refused, with the HTTP status that says why.
 *
 * @module
 */

/** Refusal of a client's request. The message is shown to whoever asked. */
export class Refusal extends Error {
  /** Name of the class, for messages. */
  override readonly name: string = "Refusal";

  /**
   * A refusal.
   *
   * @param status HTTP status, 400 to 499.
   * @param message What was expected and what was found, in one line.
   */
  constructor(readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 421, message: string) {
    super(message);
  }
}
