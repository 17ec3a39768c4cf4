/** Parameters that an optimiser leaves as they are. */
import { Tensor, VIEW_ALIGNMENT } from "../gpu/tensor.ts";
import { currentTrace, own } from "../gpu/trace.ts";
import { chunkTable } from "../models/parameter_blocks.ts";
import type { FlatParameters, Optimizer } from "./optimizer.ts";

/**
 * Holds parameters fixed by name: each update leaves them their bits, and changes the others as if those were constants.
 *
 * They neither decay nor receive noise, their part of the optimiser's state stays as it was made, and clipping measures the
 * gradient of the others alone. Wrappers compose, and the state has the names and shapes that it has without this one, so
 * that a run may continue with other parameters fixed.
 *
 * @param optimizer Optimiser of the others.
 * @param names Names of parameters as the model has them, the keys of `weights`; parts of a joined parameter cannot be held
 *   apart.
 * @returns The optimiser.
 * @throws {RangeError} From `init` and `update`, if a name is not that of a parameter, or no other parameter is left.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { ParameterSet } from "../models/parameters.ts";
 * import { frozen } from "./frozen.ts";
 * import { sgd } from "./sgd.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * const one = { shape: [1], init: { law: "constant", value: 1 } } as const;
 * using parameters = ParameterSet.create({ "layers.0.gain": one, "layers.1.gain": one }, [1]);
 * using clock = Tensor.from(Uint32Array.of(0, 1, 1));
 * using gradient = Tensor.from(new Float32Array(parameters.flat.size).fill(0.5));
 *
 * const lower = Object.keys(parameters.weights).filter((name) => name.startsWith("layers.0."));
 * const optimizer = frozen(sgd({ lr: 1 }), lower);
 * optimizer.update({ parameters, gradient, state: optimizer.init(parameters), clock });
 * const [first, second] = await parameters.read();
 * assertEquals([first.data[0], second.data[0]], [1, 0.5]);
 * ```
 */
export function frozen(optimizer: Optimizer, names: readonly string[]): Optimizer {
  return {
    init(parameters) {
      blocksWithout(parameters, names);
      return optimizer.init(parameters);
    },
    update(step) {
      const { flat, seeds, replicas } = step.parameters;
      const blocks = blocksWithout(step.parameters, names);
      const table = chunkTable({ blocks, replicas, length: flat.size });
      const chunks = own(Tensor.from(table, [flat.size / VIEW_ALIGNMENT, 4], "chunks"));
      const norm = optimizer.update({ ...step, parameters: { flat, chunks, seeds, replicas, blocks } });
      if (!currentTrace()) chunks.destroy();
      return norm;
    },
  };
}

/** All blocks in order, those of the names without elements: an optimiser's kernel passes over them. */
function blocksWithout({ blocks }: FlatParameters, names: readonly string[]): FlatParameters["blocks"] {
  const known = blocks.map(({ name }) => name);
  const odd = names.find((name) => !known.includes(name));
  if (odd !== undefined) {
    throw new RangeError(`frozen: expected names of parameters (${known.join(", ")}), found "${odd}"`);
  }
  const rest = blocks.map((block) => names.includes(block.name) ? { ...block, perReplica: 0 } : block);
  if (rest.some(({ perReplica }) => perReplica > 0)) return rest;
  throw new RangeError("frozen: expected a parameter that is trained, found all of them held fixed");
}
