/** Float64 references of recorded computations. */
import type { DType } from "../gpu/dtype.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { type Array64, currentTrace, type TapeEntry } from "../gpu/trace.ts";
import { TensorMap } from "./tensor_map.ts";

/** A computation as its tape has it: a function of its leaves. */
export interface ReferenceComputation {
  /** Tensors that the computation reads and no operation made. */
  readonly leaves: readonly Tensor<DType>[];
  /**
   * Runs the operations in float64.
   *
   * @param values One array for each leaf.
   * @returns What the computation gives.
   */
  run(values: readonly Array64[]): Array64;
}

/**
 * The operations of the tape that lead to `output`, for running them in float64.
 *
 * @param output Computed in this recording by operations with a reference.
 * @returns The computation.
 * @throws {Error} Outside of a recording.
 */
export function referenceComputation(output: Tensor): ReferenceComputation {
  const trace = currentTrace();
  if (!trace) throw new Error("referenceComputation: expected a recording in progress, found none");
  const entries: TapeEntry[] = [];
  const wanted = new TensorMap<true>();
  wanted.set(output, true);
  for (const entry of trace.tape.toReversed()) {
    if (!entry.outputs.some((made) => wanted.has(made))) continue;
    entries.unshift(entry);
    for (const input of entry.inputs) wanted.set(input, true);
  }
  const made = new TensorMap<true>();
  for (const { outputs } of entries) for (const tensor of outputs) made.set(tensor, true);
  const leaves: Tensor<DType>[] = [];
  const seen = new TensorMap<true>();
  for (const input of [...entries.flatMap(({ inputs }) => inputs), output]) {
    if (made.has(input) || seen.has(input)) continue;
    seen.set(input, true);
    leaves.push(input);
  }
  return {
    leaves,
    run(values) {
      const arrays = new TensorMap<Array64>();
      leaves.forEach((leaf, index) => arrays.set(leaf, values[index]));
      const shaped = (tensor: Tensor<DType>) => ({ ...arrays.get(tensor)!, shape: tensor.shape });
      for (const { inputs, outputs, reference } of entries) {
        const results = reference(...inputs.map(shaped));
        outputs.forEach((tensor, index) => arrays.set(tensor, results[index]));
      }
      return shaped(output);
    },
  };
}
