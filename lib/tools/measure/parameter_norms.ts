/**
 * Norms of all parameters of a checkpoint.
 *
 * @module
 */
import { FLOATING } from "../../checkpoint/dtype.ts";
import type { TensorSource } from "../../checkpoint/safetensors_file.ts";
import { replicasOf } from "./plan.ts";

/**
 * `‖θ‖₂` over all floating-point tensors but those of an optimiser, one tensor in memory at a time.
 *
 * @param source Open checkpoint.
 * @returns One norm a replica, not finite where a weight is not.
 */
export function parameterNorms(source: TensorSource): Float64Array {
  const replicas = replicasOf(source) ?? 1;
  const squares = new Float64Array(replicas);
  for (const [name, { dtype }] of source.tensors) {
    if (/^(optimizer|run)\./.test(name) || !FLOATING.includes(dtype)) continue;
    const values = source.read(name);
    const each = values.length / replicas;
    for (let r = 0; r < replicas; r++) {
      let sum = 0;
      for (let index = r * each; index < (r + 1) * each; index++) sum += values[index] * values[index];
      squares[r] += sum;
    }
  }
  return squares.map(Math.sqrt);
}
