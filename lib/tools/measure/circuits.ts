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
import { type AttentionPlaces, type HeadCounts, type HeadPlace, Need, placesOf, type Shapes } from "./head_places.ts";
import type { Layout, Names } from "./layouts.ts";
import { locate } from "./names.ts";

export type { AttentionPlaces, HeadCounts, HeadPlace } from "./head_places.ts";

/**
 * Finds the attention of all layers of all towers.
 *
 * @param source Open checkpoint.
 * @param layouts Ways of naming; a tensor belongs to the first that has all maps of its module.
 * @param counts What shapes do not tell.
 * @param replicated Whether tensors have replicas along their first axis.
 * @param needs Takes what has to be told before a module can be read; without it the first is thrown.
 * @returns Modules tower by tower, kind by kind, layers in order; none if no layout matches.
 * @throws {Need} If the number of heads, or the order of a fused weight, is neither given nor told.
 * @throws {CheckpointError} If a number of heads does not fit the shapes.
 */
export function findAttention(
  source: Shapes,
  layouts: readonly Layout[],
  counts: HeadCounts,
  replicated = false,
  needs?: Need[],
): AttentionPlaces[] {
  const found = new Map<string, { readonly layout: Layout; readonly names: ReadonlyMap<string, string> }>();
  const taken = new Set<string>();
  for (const layout of layouts) {
    for (const [prefix, names] of prefixesOf(source, layout, taken)) {
      if (found.has(prefix)) continue;
      found.set(prefix, { layout, names });
      for (const name of names.values()) taken.add(name);
    }
  }
  return locate([...found.keys()]).modules.flatMap((module) => {
    const { layout, names } = found.get(module.prefix)!;
    try {
      return [placesOf(source, layout, names, module, counts, replicated)];
    } catch (error) {
      if (!(error instanceof Need) || needs === undefined) throw error;
      needs.push(error);
      return [];
    }
  });
}

function prefixesOf(
  source: Shapes,
  layout: Names,
  taken: ReadonlySet<string>,
): [string, ReadonlyMap<string, string>][] {
  const { output } = layout;
  const parts = "fused" in layout
    ? { fused: layout.fused, output }
    : "keyValue" in layout
    ? { query: layout.query, keyValue: layout.keyValue, output }
    : { query: layout.query, key: layout.key, value: layout.value, output };
  const groups = new Map<string, Map<string, string>>();
  for (const name of source.tensors.keys()) {
    if (name.startsWith("optimizer.") || name.startsWith("run.") || taken.has(name)) continue;
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
  return [...groups].filter(([, names]) => names.size === wanted)
    .map(([prefix, names]) => [prefix.replace(/\.$/, ""), names]);
}

/**
 * Reads the factors of a layer's circuits.
 *
 * @param read Reads a tensor as float32.
 * @param places Where the layer's maps lie.
 * @param circuit Which circuit.
 * @param replicas Number of replicas along the first axis; 1 where there is none.
 * @returns `a` and `b`, (R, H, C, D); of cross-attention `b` has as many channels as the stream that keys read.
 */
export function readFactors(
  read: (tensor: string) => Float32Array,
  { query, key, value, output, heads, headWidth }: AttentionPlaces,
  circuit: "QK" | "OV",
  replicas = 1,
): { readonly a: Float32Array; readonly b: Float32Array } {
  const [left, right] = circuit === "QK" ? [query, key] : [output, value];
  const gathered = ({ tensor, starts, model, inner, width }: HeadPlace) => {
    const data = read(tensor);
    const perReplica = data.length / replicas;
    const out = new Float32Array(replicas * heads * width * headWidth);
    let to = 0;
    for (let r = 0; r < replicas; r++) {
      for (let h = 0; h < heads; h++) {
        const from = r * perReplica + starts[Math.floor(h * starts.length / heads)];
        for (let c = 0; c < width; c++) {
          for (let j = 0; j < headWidth; j++) out[to++] = data[from + c * model + j * inner];
        }
      }
    }
    return out;
  };
  return { a: gathered(left), b: gathered(right) };
}
