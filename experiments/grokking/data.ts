/** Training and test pairs of an ensemble, on the GPU for the whole run. */
import { Tensor } from "../../lib/gpu/tensor.ts";
import { modularArithmetic } from "../../lib/tasks/mod.ts";
import { inputRows } from "./model.ts";
import type { Replica } from "./replicas.ts";
import type { Setting } from "./setting.ts";

/** One part of the table. */
export interface Part {
  /** Rows of the model's table of inputs (R, n, 3). */
  readonly tokens: Tensor<"u32">;
  /** Answers (R, n). */
  readonly labels: Tensor<"u32">;
  /** 1, or 0 for pairs that fill up (R, n). */
  readonly weights: Tensor;
  /** Pairs of every replica. */
  readonly pairs: readonly (readonly (readonly [number, number])[])[];
}

/**
 * Draws the split of every replica.
 *
 * @param setting Options.
 * @param replicas The ensemble.
 * @param part Which part.
 * @returns Tensors that the caller owns.
 */
export async function partOf(
  { modulus: p, operation }: Setting,
  replicas: readonly Replica[],
  part: "train" | "test",
): Promise<Part> {
  const R = replicas.length;
  const sampler = modularArithmetic({
    modulus: p,
    operation,
    part,
    seeds: replicas.map(({ seed }) => seed),
    fraction: replicas.map(({ fraction }) => fraction),
    labels: replicas.map(({ labels }) => labels),
  });
  using seeds = Tensor.from(new Uint32Array(R), [R], "seeds");
  using clock = Tensor.from(Uint32Array.of(0, 0, 1), [3], "clock");
  const { tokens, labels, weights } = sampler({ seeds, clock, key: part });
  using drawn = tokens;
  const [numbers, real] = [await drawn.read(), await weights.read()];
  const n = labels.shape[1];
  const all = Array.from({ length: R * n }, (_, k) => [numbers[3 * k], numbers[3 * k + 1]] as const);
  return {
    tokens: Tensor.from(inputRows(all, p), [R, n, 3], "tokens"),
    labels,
    weights,
    pairs: replicas.map((_, r) => all.slice(r * n, (r + 1) * n).filter((_, k) => real[r * n + k] === 1)),
  };
}

/** Frees a part. */
export function freePart({ tokens, labels, weights }: Part): void {
  for (const tensor of [tokens, labels, weights]) tensor.destroy();
}
