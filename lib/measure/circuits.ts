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
import { CheckpointError, quoted } from "../checkpoint/checkpoint_error.ts";
import type { TensorSource } from "../checkpoint/safetensors_file.ts";
import { UserError } from "../run/errors.ts";
import type { Layout, Names, WeightAxes } from "./layouts.ts";

/** Where a map between residual stream and heads lies: entry (h, c, j) at `offset + h·head + c·model + j·inner`. */
export interface HeadPlace {
  /** Tensor. */
  readonly tensor: string;
  /** First entry. */
  readonly offset: number;
  /** Distances of neighbouring heads, channels of the residual stream, and channels of a head. */
  readonly head: number;
  /** See `head`. */
  readonly model: number;
  /** See `head`. */
  readonly inner: number;
  /** Number of heads, of keys where these are grouped. */
  readonly heads: number;
}

/** Attention of one layer. */
export interface AttentionPlaces {
  /** What stands before the names, as `blocks.0.`. */
  readonly prefix: string;
  /** Number of the layer, the first one in the prefix; 0 if there is none. */
  readonly layer: number;
  /** How the axes of its weights stand. */
  readonly axes: WeightAxes;
  /** Number of heads H. */
  readonly heads: number;
  /** Width of the residual stream C. */
  readonly width: number;
  /** Width of a head D. */
  readonly headWidth: number;
  /** Queries, from the residual stream. */
  readonly query: HeadPlace;
  /** Keys. */
  readonly key: HeadPlace;
  /** Values. */
  readonly value: HeadPlace;
  /** Back to the residual stream. */
  readonly output: HeadPlace;
}

/** How many heads there are, where shapes do not tell. */
export interface HeadCounts {
  /** Heads H. */
  readonly heads?: number;
}

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

/** Tensors of one layer by their part. */
interface Group {
  readonly prefix: string;
  readonly names: ReadonlyMap<string, string>;
}

function prefixesOf(source: TensorSource, layout: Names): Group[] {
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

function placesOf(
  source: TensorSource,
  layout: Layout,
  { prefix, names }: Group,
  counts: HeadCounts,
  replicated: boolean,
): AttentionPlaces {
  const layer = Number(prefix.match(/\d+/)?.[0] ?? 0);
  const shapeOf = (part: string) => {
    const shape = source.tensors.get(names.get(part)!)!.shape;
    return replicated ? shape.slice(1) : shape;
  };
  const refuse = (part: string, expected: string): never => {
    const name = names.get(part)!;
    throw new CheckpointError(source.path, `${expected} of tensor ${quoted(name)}`, `[${shapeOf(part)}]`);
  };
  const axes = axesOf(layout, names, shapeOf);
  const rank = axes === "heads" ? 3 : 2;
  for (const part of names.keys()) if (shapeOf(part).length !== rank) refuse(part, `${rank} axes`);

  if (axes === "heads") {
    const [H, C, D] = shapeOf("query");
    const stacked = (part: string): HeadPlace => {
      const [heads, first, second] = shapeOf(part);
      const [c, d] = part === "output" ? [second, first] : [first, second];
      if (c !== C || d !== D || H % heads !== 0) refuse(part, `shape (heads, …) of ${C} and ${D} channels`);
      const [model, inner] = part === "output" ? [1, C] : [D, 1];
      return { tensor: names.get(part)!, offset: 0, head: C * D, model, inner, heads };
    };
    const [query, key, value, output] = ["query", "key", "value", "output"].map(stacked);
    return { prefix, layer, axes, heads: H, width: C, headWidth: D, query, key, value, output };
  }

  const transposed = axes === "out-in";
  const [a, b] = shapeOf("output");
  const [innerWidth, C] = transposed ? [b, a] : [a, b];
  const heads = counts.heads;
  if (heads === undefined) {
    throw new UserError(
      `${source.path}: expected the number of heads, which shapes of ${layout.id} weights do not tell, in metadata ` +
        "(heads), config.json or --heads=N, found none; --circuits=none measures matrices alone",
    );
  }
  if (innerWidth % heads !== 0) refuse("output", `a multiple of ${heads} heads for an axis`);
  const D = innerWidth / heads;
  const output: HeadPlace = {
    tensor: names.get("output")!,
    offset: 0,
    head: transposed ? D : D * C,
    model: transposed ? innerWidth : 1,
    inner: transposed ? 1 : C,
    heads,
  };
  /** Columns (or rows) `first …` of a weight that maps from the residual stream to `columns` channels. */
  const into = (part: string, first: number, columns: number, count: number, stride = D): HeadPlace => ({
    tensor: names.get(part)!,
    offset: transposed ? first * C : first,
    head: transposed ? stride * C : stride,
    model: transposed ? 1 : columns,
    inner: transposed ? C : 1,
    heads: count,
  });
  const columnsOf = (part: string) => {
    const [rows, columns] = shapeOf(part);
    if ((transposed ? columns : rows) !== C) refuse(part, `an axis of the ${C} channels of the residual stream`);
    return transposed ? rows : columns;
  };
  const whole = { prefix, layer, axes, heads, width: C, headWidth: D, output };
  if ("fused" in layout) {
    const columns = columnsOf("fused");
    const groups = (columns / D - heads) / 2;
    if (!Number.isInteger(groups) || groups < 1 || heads % groups !== 0) {
      refuse("fused", `an axis of ${D} channels for each of ${heads} queries, and of keys and values`);
    }
    if (layout.order === "heads") {
      if (groups !== heads) refuse("fused", `an axis of ${3 * innerWidth}`);
      const [query, key, value] = [0, 1, 2].map((part) => into("fused", part * D, columns, heads, 3 * D));
      return { ...whole, query, key, value };
    }
    const key = into("fused", innerWidth, columns, groups);
    const value = into("fused", innerWidth + groups * D, columns, groups);
    return { ...whole, query: into("fused", 0, columns, heads), key, value };
  }
  const [query, key, value] = ["query", "key", "value"].map((part) => {
    const columns = columnsOf(part);
    const count = columns / D;
    if (!Number.isInteger(count) || heads % count !== 0 || part === "query" && count !== heads) {
      refuse(part, `an axis of ${D} channels for each of ${heads} heads, or of their groups`);
    }
    return into(part, 0, columns, count);
  });
  return { ...whole, query, key, value };
}

/** Fused weights of GPT-2 come as (in, out) and as (out, in): the longer axis is the output. */
function axesOf(
  layout: Names,
  names: ReadonlyMap<string, string>,
  shapeOf: (part: string) => readonly number[],
): WeightAxes {
  if (!names.has("fused") || layout.axes === "heads") return layout.axes;
  const [rows, columns] = shapeOf("fused");
  return rows === columns ? layout.axes : rows > columns ? "out-in" : "in-out";
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
