/** Choosing where a planned tensor lies. */
import type { DType } from "./dtype.ts";
import type { Memory } from "./memory.ts";
import type { Tensor } from "./tensor.ts";
import { currentTrace } from "./trace.ts";

/**
 * Lets the kernel that makes a planned tensor write straight into `target`, where WebGPU allows it.
 *
 * It does not where the tensor is a part of its memory, has a place already, or shares a launch with other memory in the
 * target's buffer, of which one is read and one written: copy the tensor then.
 *
 * @param tensor Planned tensor, made in this recording.
 * @param target Allocated tensor of the same size.
 * @returns Whether the tensor lies in `target` now.
 */
export function placeInto(tensor: Tensor<DType>, target: Tensor<DType>): boolean {
  const { memory } = tensor;
  const trace = currentTrace();
  if (!trace || !memory.planned || memory.placed) return false;
  if (tensor.start !== 0 || tensor.size !== target.size || tensor.size * 4 !== memory.bytes) return false;
  const { buffer, offset } = target.binding;
  const inTarget = (other: Memory) => other.placed && other.home(target.label).buffer === buffer;
  const conflict = trace.launches.some(({ tensors }) =>
    tensors.some((mine) =>
      mine.tensor.memory === memory &&
      tensors.some((other) => inTarget(other.tensor.memory) && (mine.access === "read") !== (other.access === "read"))
    )
  );
  if (conflict) return false;
  memory.place({ buffer, offset }, false);
  return true;
}
