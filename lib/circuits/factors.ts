/** Factors of the circuits of attention heads, from the weights of this project's transformer. */
import { concatenate, slice } from "../../kernels/arrange/blocks.ts";
import { permute } from "../../kernels/arrange/strided.ts";
import { ShapeError } from "../gpu/errors.ts";
import type { Tensor } from "../gpu/tensor.ts";
import { Scratch } from "../linalg/scratch.ts";
import { optionalWeight } from "../models/layers.ts";
import type { Weights } from "../models/parameters.ts";

/** Which circuit of a head: what it compares, `QK = W_Q W_Kᵀ`, or what it copies and where to, `OV = W_V W_O`. */
export type CircuitName = "QK" | "OV";

/** Which circuits. */
export interface HeadCircuits {
  /** Block, from 0. */
  readonly layer: number;
  /** Heads H of the block. */
  readonly heads: number;
  /** Which circuit of every head. */
  readonly circuit: CircuitName;
}

/** Where queries, keys and values lie: weights that may hold them, which of their parts, and of how many. */
const PLACES = {
  query: [["qkv", 0, 3], ["query", 0, 1]],
  key: [["qkv", 1, 3], ["key_value", 0, 2], ["key", 0, 1]],
  value: [["qkv", 2, 3], ["key_value", 1, 2], ["value", 0, 1]],
} as const;

/**
 * Factors of the circuits `A Bᵀ` of a layer's heads (Elhage et al. 2021): A = W_Q and B = W_K, or A = W_V and B = W_Oᵀ.
 *
 * Rows c of A and B are channels of the residual stream: a head reads along A's columns, and its circuit's right singular
 * vectors are what keys are read from (QK), or what is written (OV). Biases and gains of norms are left out.
 *
 * @param weights Weights (R, …) by name, with query, key and value in one (`attention.qkv`), `query` and `key_value`, or
 *   apart as in checkpoints.
 * @param choice Layer, heads and circuit.
 * @returns A and B (R H, C, E), E the width of a head; replica by replica, and of each head by head. The caller owns both.
 * @throws {ShapeError} If a weight is missing, or the heads do not divide its columns.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { circuitFactors } from "./factors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * // Two heads of width 1 in a stream of width 2.
 * using query = Tensor.from([1, 2, 3, 4], [1, 2, 2]);
 * using key = Tensor.from([5, 6, 7, 8], [1, 2, 2]);
 * const weights = { "blocks.0.attention.query": query, "blocks.0.attention.key": key };
 * const [a, b] = circuitFactors(weights, { layer: 0, heads: 2, circuit: "QK" });
 * assertEquals([a.shape, [...await a.read()], [...await b.read()]], [[2, 2, 1], [1, 3, 2, 4], [5, 7, 6, 8]]);
 * for (const tensor of [a, b]) tensor.destroy();
 * ```
 */
export function circuitFactors(weights: Weights, { layer, heads: H, circuit }: HeadCircuits): [Tensor, Tensor] {
  using scratch = new Scratch();
  const prefix = `blocks.${layer}.attention.`;
  const cut = new Map<string, Tensor>();
  const part = (side: keyof typeof PLACES): Tensor => {
    const place = PLACES[side].find(([name]) => prefix + name in weights);
    const [name, index, parts] = place ?? [side, 0, 1];
    const weight = expectHeads(weights, prefix + name, 2, parts * H);
    const [R, C, columns] = weight.shape;
    const E = columns / parts / H;
    const apart = cut.get(name) ?? permute(weight.reshape([R, C, parts, H, E]), [2, 0, 3, 1, 4]);
    if (parts === 1) return apart.reshape([R * H, C, E]);
    if (!cut.has(name)) cut.set(name, scratch.keep(apart));
    return slice(apart, 0, index, index + 1).reshape([R * H, C, E]);
  };
  if (circuit === "QK") return [part("query"), part("key")];
  const out = expectHeads(weights, `${prefix}output`, 1, H);
  const [R, inner, C] = out.shape;
  const E = inner / H;
  return [part("value"), permute(out.reshape([R, H, E, C]), [0, 1, 3, 2]).reshape([R * H, C, E])];
}

function expectHeads(weights: Weights, name: string, axis: number, heads: number): Tensor {
  const weight = optionalWeight(weights, name);
  if (weight?.shape.length === 3 && weight.shape[axis] % heads === 0) return weight;
  const found = weight ? `(${weight.shape.join(", ")})` : "none";
  const expected = axis === 2 ? "(R, C, H E)" : "(R, H E, C)";
  throw new ShapeError(`circuits: expected a weight "${name}" of shape ${expected} for ${heads} heads, found ${found}`);
}

/**
 * Factors of the circuits of several layers.
 *
 * @param weights As of {@linkcode circuitFactors}.
 * @param layers Number of layers L, from the first on.
 * @param choice Heads and circuit.
 * @returns A and B (R L H, C, E), replica by replica, of each layer by layer. The caller owns both.
 * @throws {ShapeError} As {@linkcode circuitFactors}, or if layers differ in their widths.
 */
export function factorsOfLayers(
  weights: Weights,
  layers: number,
  { heads: H, circuit }: Omit<HeadCircuits, "layer">,
): [Tensor, Tensor] {
  const all = Array.from({ length: layers }, (_, layer) => circuitFactors(weights, { layer, heads: H, circuit }));
  if (layers === 1) return all[0];
  using scratch = new Scratch();
  const join = (side: 0 | 1) => {
    const parts = all.map((pair) => {
      const [B, C, E] = scratch.keep(pair[side]).shape;
      return pair[side].reshape([B / H, H, C, E]);
    });
    const joined = concatenate(parts, 1);
    return joined.reshape([joined.shape[0] * layers * H, ...joined.shape.slice(2)]);
  };
  return [join(0), join(1)];
}
