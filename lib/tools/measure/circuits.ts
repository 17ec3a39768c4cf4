/**
 * Circuits of attention heads: which tensors of a checkpoint they are made of, and their factors.
 *
 * ```txt
 * QK = W_Qᵀ W_K   (C, C)   what a head compares       = A Bᵀ,  A[c,j] = W_Q[j,c],  B[c,j] = W_K[j,c]
 * OV = W_O W_V    (C, C)   what it copies, and where  = A Bᵀ,  A[c,j] = W_O[c,j],  B[c,j] = W_V[j,c]
 * ```
 *
 * for W_Q, W_K, W_V of shape (D, C) and W_O of shape (C, D), head by head. Biases, gains of norms and rotary positions are
 * left out. With grouped keys, head h shares key and value h · G / H of G.
 *
 * @module
 */
import type { TensorSource } from "../../checkpoint/safetensors_file.ts";
import { type AttentionPlaces, type HeadCounts, type HeadPlace, type LayerTensors, placesOf } from "./head_places.ts";
import type { Layout, Names } from "./layouts.ts";

export type { AttentionPlaces, HeadCounts, HeadPlace } from "./head_places.ts";

/**
 * Finds the attention of all layers.
 *
 * @param source Open checkpoint.
 * @param layouts Ways of naming; the first that matches all four maps of any layer is taken for the whole checkpoint.
 * @param counts Numbers of heads where shapes do not tell.
 * @param replicated Whether tensors have replicas along their first axis.
 * @returns Layers in order; none if no layout matches.
 * @throws {UserError} If the number of heads is neither given nor told by shapes, or does not fit them.
 */
export function findAttention(
  source: TensorSource,
  layouts: readonly Layout[],
  counts: HeadCounts,
  replicated = false,
): AttentionPlaces[] {
  for (const layout of layouts) {
    const found = prefixesOf(source, layout);
    if (found.length === 0) continue;
    return found.map((group) => placesOf(source, layout, group, counts, replicated))
      .sort((a, b) => a.layer - b.layer || (a.prefix < b.prefix ? -1 : 1));
  }
  return [];
}

function prefixesOf(source: TensorSource, layout: Names): LayerTensors[] {
  const parts = "fused" in layout
    ? { fused: layout.fused, output: layout.output }
    : { query: layout.query, key: layout.key, value: layout.value, output: layout.output };
  const groups = new Map<string, Map<string, string>>();
  for (const name of source.tensors.keys()) {
    if (name.startsWith("optimizer.") || name.startsWith("run.")) continue;
    for (const [part, pattern] of Object.entries(parts)) {
      const match = pattern.exec(name);
      if (match === null) continue;
      const prefix = name.slice(0, match.index);
      const group = groups.get(prefix) ?? new Map<string, string>();
      groups.set(prefix, group);
      if (!group.has(part)) group.set(part, name);
    }
  }
  const wanted = Object.keys(parts).length;
  return [...groups].filter(([, names]) => names.size === wanted).map(([prefix, names]) => ({ prefix, names }));
}

/**
 * Reads the factors of a layer's circuits.
 *
 * @param read Reads a tensor as float32.
 * @param places Where the layer's maps lie.
 * @param circuit Which circuit.
 * @param replicas Number of replicas along the first axis; 1 where there is none.
 * @returns `a` and `b`, (R, H, C, D).
 */
export function readFactors(
  read: (tensor: string) => Float32Array,
  { query, key, value, output, heads, width, headWidth }: AttentionPlaces,
  circuit: "QK" | "OV",
  replicas = 1,
): { readonly a: Float32Array; readonly b: Float32Array } {
  const [left, right] = circuit === "QK" ? [query, key] : [output, value];
  const gathered = (place: HeadPlace) => {
    const data = read(place.tensor);
    const perReplica = data.length / replicas;
    const out = new Float32Array(replicas * heads * width * headWidth);
    let to = 0;
    for (let r = 0; r < replicas; r++) {
      for (let h = 0; h < heads; h++) {
        const from = r * perReplica + place.offset + Math.floor(h * place.heads / heads) * place.head;
        for (let c = 0; c < width; c++) {
          for (let j = 0; j < headWidth; j++) out[to++] = data[from + c * place.model + j * place.inner];
        }
      }
    }
    return out;
  };
  return { a: gathered(left), b: gathered(right) };
}
