/** Lifetime of intermediate tensors: freed at once, or with the program that replays them. */
import { currentTrace } from "../gpu/trace.ts";
import type { DType, Tensor } from "../gpu/tensor.ts";

/**
 * Frees intermediates of an operation at the end of a `using` scope; while a program is recorded, they are the program's.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { Scratch } from "./scratch.ts";
 * import { assert } from "@std/assert";
 *
 * await openGpu();
 * let x: Tensor;
 * {
 *   using scratch = new Scratch();
 *   x = scratch.keep(new Tensor([2]));
 * }
 * assert(x.destroyed);
 * ```
 */
export class Scratch implements Disposable {
  readonly #tensors: Tensor<DType>[] = [];
  readonly #recording = currentTrace() !== null;

  /**
   * Registers an intermediate.
   *
   * @param tensor Made for this operation alone.
   * @returns The same tensor.
   */
  keep<T extends DType>(tensor: Tensor<T>): Tensor<T> {
    if (!this.#recording) this.#tensors.push(tensor);
    return tensor;
  }

  /** Frees what was registered. Work that is queued already still finds its data. */
  [Symbol.dispose](): void {
    for (const tensor of this.#tensors) tensor.destroy();
  }
}
