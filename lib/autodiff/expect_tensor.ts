/** Error for a missing tensor, which lists the names of those in the recording. */
import { ShapeError } from "../gpu/errors.ts";
import type { Tensor } from "../gpu/tensor.ts";
import type { TapeEntry } from "../gpu/trace.ts";
import { TensorMap } from "./tensor_map.ts";

/** Most names that an error lists. */
const MOST_NAMES = 40;

/**
 * Refuses a missing tensor: a misspelt name of a weight gives undefined.
 *
 * @param entries Operations of the tape.
 * @param tensor The tensor.
 * @param index Its place in the argument `tensors`.
 * @throws {ShapeError} Naming the place, and by label the f32 inputs that no operation before has made.
 */
export function expectTensor(entries: readonly TapeEntry[], tensor: Tensor | undefined | null, index: number): void {
  if (tensor !== undefined && tensor !== null) return;
  const made = new TensorMap<true>();
  const names = new Set<string>();
  for (const { inputs, outputs } of entries) {
    for (const input of inputs) {
      if (!input.constant && input.dtype === "f32" && !made.has(input)) names.add(input.label);
    }
    for (const output of outputs) made.set(output, true);
  }
  const known = [...names].slice(0, MOST_NAMES).join(", ") + (names.size > MOST_NAMES ? ", …" : "");
  throw new ShapeError(
    `gradients: expected a tensor as tensors[${index}], found ${tensor}; ` +
      (names.size === 0 ? "no operation before has an input" : `inputs of operations before are ${known}`),
  );
}
