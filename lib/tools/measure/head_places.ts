/** Where the maps of a layer's attention heads lie in the tensors of a checkpoint. */
import { CheckpointError, quoted } from "../../checkpoint/checkpoint_error.ts";
import type { TensorSource } from "../../checkpoint/safetensors_file.ts";
import { UserError } from "../../io/errors.ts";
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

/** Tensors of one layer by their part. */
export interface LayerTensors {
  /** What stands before the names. */
  readonly prefix: string;
  /** Names by part: query, key, value or fused, and output. */
  readonly names: ReadonlyMap<string, string>;
}

/** The tensors of one layer, with what is needed to read and to refuse them. */
interface Weights {
  readonly path: string;
  readonly names: ReadonlyMap<string, string>;
  /** Shape of a part, without the replicas' axis. */
  shapeOf(part: string): readonly number[];
  /** Throws an error that names the part's tensor, what was expected of it, and its shape. */
  refuse(part: string, expected: string): never;
}

/** The maps of a layer. */
type Maps = Omit<AttentionPlaces, "prefix" | "layer" | "axes">;

/**
 * Where the four maps of a layer lie.
 *
 * @param source Open checkpoint.
 * @param layout How the weights are named, and how their axes stand.
 * @param tensors Tensors of the layer.
 * @param counts Numbers of heads where shapes do not tell.
 * @param replicated Whether tensors have replicas along their first axis.
 * @returns The places.
 * @throws {UserError} If the number of heads is neither given nor told by shapes.
 * @throws {CheckpointError} If a shape does not fit.
 */
export function placesOf(
  source: TensorSource,
  layout: Layout,
  { prefix, names }: LayerTensors,
  { heads }: HeadCounts,
  replicated: boolean,
): AttentionPlaces {
  const shapeOf = (part: string) => {
    const { shape } = source.tensors.get(names.get(part)!)!;
    return replicated ? shape.slice(1) : shape;
  };
  const refuse = (part: string, expected: string): never => {
    throw new CheckpointError(
      source.path,
      `${expected} of tensor ${quoted(names.get(part)!)}`,
      `[${shapeOf(part)}]`,
    );
  };
  const weights: Weights = { path: source.path, names, shapeOf, refuse };
  const axes = axesOf(layout, weights);
  const rank = axes === "heads" ? 3 : 2;
  for (const part of names.keys()) if (shapeOf(part).length !== rank) refuse(part, `${rank} axes`);
  const layer = Number(prefix.match(/\d+/)?.[0] ?? 0);
  if (axes === "heads") return { prefix, layer, axes, ...stackedMaps(weights) };
  if (heads === undefined) {
    throw new UserError(
      `${source.path}: expected the number of heads, which shapes of ${layout.id} weights do not tell, in metadata ` +
        "(heads), config.json or --heads=N, found none; --circuits=none measures matrices alone",
    );
  }
  return { prefix, layer, axes, ...matrixMaps(weights, layout, heads, axes === "out-in") };
}

/** Weights of three axes: one matrix a head. */
function stackedMaps({ names, shapeOf, refuse }: Weights): Maps {
  const [H, C, D] = shapeOf("query");
  const stacked = (part: string): HeadPlace => {
    const [heads, first, second] = shapeOf(part);
    const [c, d] = part === "output" ? [second, first] : [first, second];
    if (c !== C || d !== D || H % heads !== 0) refuse(part, `shape (heads, …) of ${C} and ${D} channels`);
    const [model, inner] = part === "output" ? [1, C] : [D, 1];
    return { tensor: names.get(part)!, offset: 0, head: C * D, model, inner, heads };
  };
  const [query, key, value, output] = ["query", "key", "value", "output"].map(stacked);
  return { heads: H, width: C, headWidth: D, query, key, value, output };
}

/** Weights of two axes: heads side by side, query, key and value in tensors of their own or in one. */
function matrixMaps(
  { names, shapeOf, refuse }: Weights,
  layout: Names,
  heads: number,
  transposed: boolean,
): Maps {
  const [a, b] = shapeOf("output");
  const [innerWidth, C] = transposed ? [b, a] : [a, b];
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
  const whole = { heads, width: C, headWidth: D, output };
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
function axesOf(layout: Names, { names, shapeOf }: Weights): WeightAxes {
  if (!names.has("fused") || layout.axes === "heads") return layout.axes;
  const [rows, columns] = shapeOf("fused");
  return rows === columns ? layout.axes : rows > columns ? "out-in" : "in-out";
}
