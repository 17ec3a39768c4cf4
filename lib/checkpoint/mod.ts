/**
 * Tensors on disk: safetensors files read tensor by tensor and written whole or not at all, and the checkpoints of a run.
 *
 * @module
 */
export { CheckpointError } from "./checkpoint_error.ts";
export type { Dtype, StoredArray } from "./dtype.ts";
export type { NamedTensor, TensorEntry } from "./header.ts";
export { openSafetensors } from "./open_safetensors.ts";
export type { TensorSource } from "./safetensors_file.ts";
export { writeSafetensors } from "./write_safetensors.ts";
export {
  type Checkpoint,
  type CheckpointFile,
  latestCheckpoint,
  listCheckpoints,
  readCheckpoint,
  saveCheckpoint,
} from "./checkpoint.ts";
export { exportReplica } from "./export_replica.ts";
export { isFloat32, matchTensors, readParameters, type WantedTensor } from "./parameters.ts";
export { type EncoderLayout, encoderNames, type Gpt2Layout, gpt2Names, type NameMap } from "./pytorch_names.ts";
export type { TensorPart } from "./tensor_part.ts";
