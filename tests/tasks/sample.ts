/** Runs a sampler as an experiment does: recorded once, replayed. */
import { record } from "../../lib/gpu/program.ts";
import { type DType, type HostArrays, Tensor } from "../../lib/gpu/tensor.ts";
import type { TaskSampler } from "../../lib/tasks/sampler.ts";

/** Where a batch stands. */
export interface At {
  seeds: readonly number[];
  step?: number;
  key?: string;
}

/** Contents and shape of every tensor of a batch. */
export type Sampled<Batch> = {
  [name in keyof Batch]: Batch[name] extends Tensor<infer T extends DType>
    ? { values: HostArrays[T]; shape: readonly number[] }
    : never;
};

/** One batch of a sampler. */
export async function sample<Batch extends object>(
  sampler: TaskSampler<Batch>,
  { seeds, step = 0, key = "batch" }: At,
): Promise<Sampled<Batch>> {
  using seedTensor = Tensor.from(Uint32Array.from(seeds));
  // Recorded at another step: nothing of it may stick.
  using clock = Tensor.from(Uint32Array.of(step + 1, step + 9, 1));
  using program = await record("sample", () => sampler({ seeds: seedTensor, clock, key }));
  program.replay();
  clock.write([step], 0);
  program.replay();
  const entries = Object.entries(program.outputs) as [string, Tensor<DType>][];
  const contents = await Promise.all(
    entries.map(async ([name, tensor]) => [name, { values: await tensor.read(), shape: tensor.shape }]),
  );
  return Object.fromEntries(contents);
}

/** Whether replica r of a batch, alone, has the bits that it has in the ensemble; names the first tensor that has not. */
export function differingTensor<Batch>(ensemble: Sampled<Batch>, alone: Sampled<Batch>, r: number): string | null {
  for (const name in ensemble) {
    const together = ensemble[name] as { values: Float32Array; shape: readonly number[] };
    const single = alone[name] as { values: Float32Array; shape: readonly number[] };
    const size = together.values.length / together.shape[0];
    const bits = (values: Float32Array) => new Uint32Array(values.slice().buffer);
    const expected = bits(together.values).subarray(r * size, (r + 1) * size);
    if (bits(single.values).join() !== expected.join()) return name;
  }
  return null;
}
