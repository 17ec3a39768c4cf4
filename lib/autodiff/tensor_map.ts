/** Values by tensor. */
import type { DType } from "../gpu/dtype.ts";
import type { Memory } from "../gpu/memory.ts";
import type { Tensor } from "../gpu/tensor.ts";

/** Values by tensor, where views of the same elements are the same tensor. */
export class TensorMap<V> {
  readonly #entries = new Map<Memory, Map<string, V>>();

  /** The value of a tensor, or undefined. */
  get({ memory, start, size }: Tensor<DType>): V | undefined {
    return this.#entries.get(memory)?.get(`${start} ${size}`);
  }

  /** Sets the value of a tensor. */
  set({ memory, start, size }: Tensor<DType>, value: V): void {
    let parts = this.#entries.get(memory);
    if (!parts) this.#entries.set(memory, parts = new Map());
    parts.set(`${start} ${size}`, value);
  }

  /** Whether the tensor has a value. */
  has(tensor: Tensor<DType>): boolean {
    return this.get(tensor) !== undefined;
  }
}
