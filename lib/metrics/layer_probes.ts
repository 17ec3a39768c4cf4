/** Linear probes of every layer of a residual stream. */
import { concatenate } from "../../kernels/arrange/blocks.ts";
import { select } from "../../kernels/arrange/gather.ts";
import { ShapeError } from "../gpu/errors.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { Scratch } from "../linalg/scratch.ts";
import type { ProbeOptions } from "./linear_fits.ts";
import { heldPredictions, rSquared } from "./linear_probe.ts";

/** How layers are probed. */
export interface LayerProbeOptions extends ProbeOptions {
  /** Positions that are probed, each by maps of its own; by default all. */
  readonly positions?: readonly number[];
}

/** Probes of one layer at one position, one for each replica. */
export interface LayerProbe {
  /** Layer, as in `TransformerTrace.residual`: 0 is the embedding, ℓ what the stream is after ℓ blocks. */
  readonly layer: number;
  /** Position of the token. */
  readonly position: number;
  /** Held-out R² of each replica (R), as of `linearProbe`. */
  readonly r2: Float64Array;
  /**
   * Share of held-out targets that the probe puts on their side of the mean of those that it was fitted to (R): the accuracy of
   * Fisher's discriminant for targets of two values.
   */
  readonly accuracy: Float64Array;
}

/**
 * Fits linear probes to every layer of a traced residual stream, at chosen positions, and judges them by other prompts.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { layerProbes } from "./layer_probes.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * // The second layer alone has the target: five prompts of one token of width 1.
 * using first = Tensor.from([1, -1, 0, 1, -1], [1, 5, 1, 1]);
 * using second = Tensor.from([1, 2, 3, 4, 5], [1, 5, 1, 1]);
 * using target = Tensor.from([2, 4, 6, 8, 10], [1, 5, 1]);
 * const [, after] = await layerProbes([first, second], target, { train: 3 });
 * assertAlmostEquals(after.r2[0], 1, 1e-5);
 * ```
 *
 * @param residual Residual stream of each layer (R, B, T, C), as `Transformer.trace` gives it; finite.
 * @param targets What is read (R, B, K) at every position, or at each its own (R, B, T, K); finite.
 * @param options Prompts to fit to (the first `train` of B), ridge penalty, positions.
 * @returns Probes, layer by layer, and in each by position.
 * @throws {ShapeError} If shapes do not belong together, or a position is none.
 * @throws {RangeError} If there are too few prompts on either side, or the ridge is negative.
 */
export async function layerProbes(
  residual: readonly Tensor[],
  targets: Tensor,
  { positions, ...options }: LayerProbeOptions,
): Promise<LayerProbe[]> {
  const found = `(${residual.map(({ shape }) => shape.join(", ")).join("), (")}) and (${targets.shape.join(", ")})`;
  const refuse = (expected: string, found: unknown): never => {
    throw new ShapeError(`layerProbes: expected ${expected}, found ${found}`);
  };
  const [R, B, T] = residual[0]?.shape ?? [];
  const perPosition = targets.shape.length === 4;
  if (residual.some(({ shape }) => shape.length !== 4 || shape.slice(0, 3).join() !== [R, B, T].join())) {
    refuse("layers (R, B, T, C)", found);
  }
  const lead = targets.shape.slice(0, -1).join();
  if (residual.length === 0 || lead !== [R, B, ...(perPosition ? [T] : [])].join()) {
    refuse("layers (R, B, T, C) and targets (R, B, K) or (R, B, T, K)", found);
  }
  const places = positions ?? Array.from({ length: T }, (_, position) => position);
  const outside = places.find((position) => !(Number.isInteger(position) && position >= 0 && position < T));
  if (outside !== undefined) refuse(`positions from 0 to ${T - 1}`, outside);

  using scratch = new Scratch();
  // The whole of a tensor, taken as a part of it, is a view: the caller's memory is not freed.
  const memories = new Set([...residual, targets].map(({ memory }) => memory));
  const keep = (tensor: Tensor) => memories.has(tensor.memory) ? tensor : scratch.keep(tensor);
  const stacked = (at: (position: number) => Tensor) =>
    keep(concatenate(
      places.map((position) => {
        const one = keep(at(position));
        return one.reshape([R, 1, B, one.shape[2]]);
      }),
      1,
    ));
  const wanted = perPosition
    ? stacked((position) => select(targets, 2, position))
    : keep(concatenate(places.map(() => targets.reshape([R, 1, B, targets.shape[2]])), 1));
  const probes: LayerProbe[] = [];
  for (const [layer, stream] of residual.entries()) {
    const features = stacked((position) => select(stream, 2, position));
    const held = await heldPredictions("layerProbes", features, wanted, options);
    const r2 = rSquared(held);
    const accuracy = sameSides(held);
    for (const [index, position] of places.entries()) {
      const ofReplicas = (values: Float64Array) =>
        Float64Array.from({ length: R }, (_, r) => values[r * places.length + index]);
      probes.push({ layer, position, r2: ofReplicas(r2), accuracy: ofReplicas(accuracy) });
    }
  }
  return probes;
}

/** Share of targets whose side of the fitted mean is found; numbers are less that mean. */
function sameSides({ B, held, K, found, wanted }: Awaited<ReturnType<typeof heldPredictions>>): Float64Array {
  const size = held * K;
  return Float64Array.from({ length: B }, (_, b) => {
    let right = 0;
    for (let at = b * size; at < (b + 1) * size; at++) {
      // What is not a number is on no side.
      right += Number.isNaN(found[at] + wanted[at]) ? NaN : Number(found[at] > 0 === wanted[at] > 0);
    }
    return right / size;
  });
}
