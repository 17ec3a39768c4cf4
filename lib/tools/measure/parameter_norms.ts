/**
 * Norms and fingerprints of all parameters of a checkpoint.
 *
 * @module
 */
import type { TensorSource } from "../../checkpoint/safetensors_file.ts";
import { hashesOf } from "./audit.ts";
import { inventoryOf } from "./inventory.ts";
import { replicasOf } from "./plan.ts";

/** Norms over all parameters, read one tensor at a time. */
export interface ParameterScan {
  /** `‖θ‖₂`, or `‖θ − θ₀‖₂`, of each replica; not finite where a parameter is not. */
  readonly norms: Float64Array;
  /** Hashes by tensor, one for each replica. */
  readonly hashes: ReadonlyMap<string, readonly string[]>;
  /** Parameters that are not finite. */
  readonly unsound: readonly { readonly tensor: string; readonly entries: number }[];
}

/**
 * Reads all parameters: no buffers, no state of an optimiser, nothing quantised.
 *
 * @param source Open checkpoint.
 * @param first Checkpoint whose parameters are taken off, if any.
 * @returns Norms and hashes.
 */
export function scanParameters(source: TensorSource, first?: TensorSource): ParameterScan {
  const replicas = replicasOf(source) ?? 1;
  const squares = new Float64Array(replicas);
  const hashes = new Map<string, readonly string[]>();
  const unsound: { tensor: string; entries: number }[] = [];
  for (const name of inventoryOf(source).parameters.keys()) {
    const values = source.read(name);
    const before = first?.tensors.has(name) ? first.read(name) : undefined;
    hashes.set(name, hashesOf(values, replicas));
    const each = values.length / replicas;
    let entries = 0;
    for (let r = 0; r < replicas; r++) {
      let sum = 0;
      for (let index = r * each; index < (r + 1) * each; index++) {
        const value = values[index] - (before?.[index] ?? 0);
        sum += value * value;
        if (!Number.isFinite(values[index])) entries++;
      }
      squares[r] += sum;
    }
    if (entries > 0) unsound.push({ tensor: name, entries });
  }
  return { norms: squares.map(Math.sqrt), hashes, unsound };
}
