/**
 * One replica of a run as a file for other programs.
 *
 * @module
 */
import { checkpointHead, isParameter } from "./checkpoint.ts";
import { CheckpointError, quoted } from "./checkpoint_error.ts";
import type { NamedTensor } from "./header.ts";
import { SafetensorsFile } from "./safetensors_file.ts";
import { writeSafetensors } from "./write_safetensors.ts";

/**
 * Writes one replica of a checkpoint as a file of its own: parameters without the axis of replicas, as PyTorch loads
 * them with `safetensors.torch.load_file`; without the state of the optimiser.
 *
 * @param from File of a checkpoint.
 * @param replica Which one, in [0, R).
 * @param to File to write.
 * @returns Number of bytes written.
 * @throws {CheckpointError} If `from` is no checkpoint, or has no such replica.
 */
export function exportReplica(from: string, replica: number, to: string): number {
  using file = new SafetensorsFile(from);
  const { step, replicas, metadata } = checkpointHead(file);
  if (!Number.isInteger(replica) || replica < 0 || replica >= replicas) {
    throw new CheckpointError(from, `a replica in [0, ${replicas})`, `${replica}`);
  }
  const tensors = [...file.tensors].filter(([name]) => isParameter(name)).map(([name, { shape }]): NamedTensor => {
    if (shape[0] !== replicas) {
      throw new CheckpointError(
        from,
        `${replicas} replicas along the first axis of ${quoted(name)}`,
        `shape [${shape}]`,
      );
    }
    const all = file.readStored(name);
    const length = all.length / replicas;
    return { name, shape: shape.slice(1), data: all.slice(replica * length, (replica + 1) * length) };
  });
  return writeSafetensors(to, tensors, { ...metadata, format: "pt", step: String(step), replica: String(replica) });
}
