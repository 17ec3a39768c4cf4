/** Parameters of awkward sizes, and walking through them replica by replica. */
import type { Tensor } from "../../lib/gpu/tensor.ts";
import type { ParameterSet, ParameterSpecs } from "../../lib/models/parameters.ts";

const init = { law: "normal", deviation: 1 } as const;

/** One element, odd sizes, a whole chunk, more than one, and fewer than one among several replicas. */
export const AWKWARD_SPECS: ParameterSpecs = {
  one: { shape: [1], init },
  vector: { shape: [7], init },
  chunk: { shape: [8, 8], init },
  matrix: { shape: [13, 11], init },
  kept: { shape: [3, 5], init, decay: false },
  large: { shape: [70, 90], init },
};

/** One parameter of one replica: where it lies, whether it decays, its number and the replica. */
export interface Part {
  readonly first: number;
  readonly length: number;
  readonly decays: boolean;
  readonly number: number;
  readonly replica: number;
}

/** All parameters of all replicas. */
export function partsOf({ blocks, replicas }: ParameterSet): Part[] {
  return blocks.flatMap(({ start, perReplica, spec }, number) =>
    Array.from({ length: replicas }, (_, replica) => ({
      first: start + replica * perReplica,
      length: perReplica,
      decays: spec.decay ?? spec.shape.length > 1,
      number,
      replica,
    }))
  );
}

/** The part of an array that belongs to a parameter of a replica. */
export function sliceOf<A extends Float32Array | Float64Array>(values: A, { first, length }: Part): A {
  return values.subarray(first, first + length) as A;
}

/** Gradients that depend on seed, element and step, and nonsense in the padding; or the seeds' own alone. */
export function gradientOf(parameters: ParameterSet, step: number): Float32Array {
  const values = new Float32Array(parameters.flat.size).fill(1e30);
  for (const part of partsOf(parameters)) {
    const seed = parameters.seeds[part.replica];
    sliceOf(values, part).forEach((_, i, mine) => {
      mine[i] = Math.sin(1.3 * i + seed + 10 * step + part.number) * 10 ** (part.number - 3);
    });
  }
  return values;
}

/** Largest error of a tensor relative to the largest element of each parameter; infinite if the padding is not zero. */
export async function largestError(
  parameters: ParameterSet,
  tensor: Tensor,
  exact: Float64Array,
): Promise<number> {
  const found = await tensor.read();
  const rest = new Set(found.keys());
  let worst = 0;
  for (const part of partsOf(parameters)) {
    const [mine, expected] = [sliceOf(found, part), sliceOf(exact, part)];
    const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
    mine.forEach((value, i) => {
      worst = Math.max(worst, Math.abs(value - expected[i]) / scale);
      rest.delete(part.first + i);
    });
  }
  return [...rest].every((index) => found[index] === 0) ? worst : Infinity;
}
