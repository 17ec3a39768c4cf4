/** Where the maps of a layer's attention heads lie in the tensors of a checkpoint. */
import { CheckpointError, quoted } from "../../checkpoint/checkpoint_error.ts";
import type { TensorSource } from "../../checkpoint/safetensors_file.ts";
import { UserError } from "../../io/errors.ts";
import type { FusedOrder, Layout, Names, WeightAxes } from "./layouts.ts";
import type { ModuleName } from "./names.ts";

/** Tensors that are looked at, without their values. */
export type Shapes = Pick<TensorSource, "path" | "tensors">;

/**
 * Where a map between residual stream and heads lies: entry (h, c, j) at `starts[h] + c·model + j·inner`, c the channel of
 * the stream, j that of the head.
 */
export interface HeadPlace {
  /** Tensor. */
  readonly tensor: string;
  /** First entry of each head, of keys and values of each group of heads. */
  readonly starts: readonly number[];
  /** Distance of neighbouring channels of the residual stream. */
  readonly model: number;
  /** Distance of neighbouring channels of a head. */
  readonly inner: number;
  /** Channels of the stream that is read or written. */
  readonly width: number;
}

/** Attention of one layer. */
export interface AttentionPlaces extends ModuleName {
  /** Layout that it was read by. */
  readonly layout: string;
  /** How the axes of its weights stand. */
  readonly axes: WeightAxes;
  /** Order of a fused weight; null where there is none. */
  readonly order: FusedOrder | null;
  /** Number of heads H. */
  readonly heads: number;
  /** Where their number comes from. */
  readonly headsFrom: string;
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

/** Numbers of heads, which shapes do not tell. */
export interface HeadCounts {
  /** Heads H, or where they are found for each module. */
  readonly heads?: number | ((module: ModuleName) => { readonly value: number; readonly from: string } | undefined);
  /** Channels of a head, where something says them: shapes are held to it. */
  readonly headWidth?: (module: ModuleName) => { readonly value: number; readonly from: string } | undefined;
  /** Order of fused weights whose names do not settle it. */
  readonly order?: FusedOrder;
  /** How weights are stored that GPT-2 calls c_attn and c_proj; told by their shapes unless given. */
  readonly storage?: "in-out" | "out-in";
}

/** Tensors of one layer by their part. */
export interface LayerTensors {
  /** Prefix of the names. */
  readonly prefix: string;
  /** Names by part: query, key, value, keyValue or fused, and output. */
  readonly names: ReadonlyMap<string, string>;
}

/** Request for a fact that has to be told before a checkpoint can be measured. */
export class Need extends UserError {}

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
type Maps = Pick<AttentionPlaces, "heads" | "width" | "headWidth" | "query" | "key" | "value" | "output" | "order">;

/**
 * Where the four maps of a layer lie.
 *
 * @param source Open checkpoint.
 * @param layout How the weights are named, and how their axes stand.
 * @param names Tensors of the layer by part.
 * @param module Where it lies in the model.
 * @param counts What shapes do not tell.
 * @param replicated Whether tensors have replicas along their first axis.
 * @returns The places.
 * @throws {Need} If the number of heads, or the order of a fused weight, is neither given nor told, or heads have another
 *   width than is told.
 * @throws {CheckpointError} If a shape does not fit.
 */
export function placesOf(
  source: Shapes,
  layout: Layout,
  names: ReadonlyMap<string, string>,
  module: ModuleName,
  counts: HeadCounts,
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
  const axes = axesOf(layout, weights, counts);
  const rank = axes === "heads" ? 3 : 2;
  for (const part of names.keys()) if (shapeOf(part).length !== rank) refuse(part, `${rank} axes`);
  const whole = { ...module, layout: layout.id, axes };
  const held = <P extends { readonly heads: number; readonly headWidth: number }>(maps: P, from: string): P => {
    const wanted = counts.headWidth?.(module);
    if (wanted === undefined || wanted.value === maps.headWidth || from === "--heads") return maps;
    throw new Need(
      `${source.path}: expected heads of ${wanted.value} channels in ${
        quoted(names.get("output")!)
      }, as ${wanted.from} says, ` +
        `found ${maps.heads} of ${maps.headWidth}, as ${from} and shape [${
          shapeOf("output")
        }] say; --heads=N says which, ` +
        "--circuits=none measures matrices alone",
    );
  };
  if (axes === "heads") return { ...whole, headsFrom: "shapes", ...held(stackedMaps(weights), "the first axis") };
  const told = typeof counts.heads === "number" ? { value: counts.heads, from: "given" } : counts.heads?.(module);
  if (told === undefined) {
    const tower = module.tower === "" ? "" : ` of ${module.tower}`;
    const form = module.tower === "" ? "--heads=N" : `--heads='${module.tower}=N …'`;
    throw new Need(
      `${source.path}: expected the number of heads${tower}, which shapes of ${layout.id} weights do not tell, in metadata ` +
        `(heads), config.json or ${form}, found none; --circuits=none measures matrices alone`,
    );
  }
  return {
    ...whole,
    headsFrom: told.from,
    ...held(matrixMaps(weights, layout, told.value, axes === "out-in", counts.order), told.from),
  };
}

/** Weights of three axes: one matrix a head. */
function stackedMaps({ names, shapeOf, refuse }: Weights): Maps {
  const [H, C, D] = shapeOf("query");
  const [, keyWidth] = shapeOf("key");
  const stacked = (part: string): HeadPlace => {
    const [heads, first, second] = shapeOf(part);
    const [c, d] = part === "output" ? [second, first] : [first, second];
    const width = part === "key" || part === "value" ? keyWidth : C;
    if (c !== width || d !== D || H % heads !== 0) refuse(part, `shape (heads, …) of ${width} and ${D} channels`);
    const [model, inner] = part === "output" ? [1, width] : [D, 1];
    const starts = Array.from({ length: heads }, (_, h) => h * width * D);
    return { tensor: names.get(part)!, starts, model, inner, width };
  };
  const [query, key, value, output] = ["query", "key", "value", "output"].map(stacked);
  return { heads: H, width: C, headWidth: D, order: null, query, key, value, output };
}

/** Weights of two axes: heads side by side, query, key and value in tensors of their own or in one. */
function matrixMaps(
  { path, names, shapeOf, refuse }: Weights,
  layout: Names,
  heads: number,
  transposed: boolean,
  told: FusedOrder | undefined,
): Maps {
  const [a, b] = shapeOf("output");
  const [innerWidth, C] = transposed ? [b, a] : [a, b];
  if (innerWidth % heads !== 0) refuse("output", `a multiple of ${heads} heads for an axis`);
  const D = innerWidth / heads;
  const output: HeadPlace = {
    tensor: names.get("output")!,
    starts: Array.from({ length: heads }, (_, h) => h * (transposed ? D : D * C)),
    model: transposed ? innerWidth : 1,
    inner: transposed ? 1 : C,
    width: C,
  };
  /** Channels of the stream that a part reads, and how many it maps them to. */
  const sizesOf = (part: string) => {
    const [rows, columns] = shapeOf(part);
    const [width, outputs] = transposed ? [columns, rows] : [rows, columns];
    const reads = part === "query" || part === "fused";
    if (reads && width !== C) refuse(part, `an axis of the ${C} channels of the residual stream`);
    return { width, outputs };
  };
  /** Outputs `firsts[h] …` of a weight that maps from the residual stream. */
  const into = (part: string, firsts: readonly number[]): HeadPlace => {
    const { width, outputs } = sizesOf(part);
    return {
      tensor: names.get(part)!,
      starts: firsts.map((first) => transposed ? first * width : first),
      model: transposed ? 1 : outputs,
      inner: transposed ? width : 1,
      width,
    };
  };
  const row = (count: number, from = 0) => Array.from({ length: count }, (_, h) => from + h * D);
  const whole = { heads, width: C, headWidth: D, output };
  const groupsOf = (part: string, outputs: number) => {
    const groups = outputs / D;
    if (!Number.isInteger(groups) || groups < 1 || heads % groups !== 0) {
      refuse(part, `an axis of ${D} channels for each of ${heads} heads, or of their groups`);
    }
    return groups;
  };
  if ("fused" in layout) {
    const groups = (sizesOf("fused").outputs / D - heads) / 2;
    if (!Number.isInteger(groups) || groups < 1 || heads % groups !== 0) {
      refuse("fused", `an axis of ${D} channels for each of ${heads} queries, and of keys and values`);
    }
    const order = settled(layout.order ?? told, path, names.get("fused")!, heads, groups);
    if (order === "interleaved" && groups !== heads) refuse("fused", `an axis of ${3 * innerWidth}`);
    const [query, key, value] = fusedRows(order, heads, groups, D).map((firsts) => into("fused", firsts));
    return { ...whole, order, query, key, value };
  }
  const query = into("query", row(heads));
  if (sizesOf("query").outputs !== innerWidth) refuse("query", `an axis of ${D} channels for each of ${heads} heads`);
  if ("keyValue" in layout) {
    const groups = groupsOf("keyValue", sizesOf("keyValue").outputs / 2);
    const [key, value] = [0, groups * D].map((from) => into("keyValue", row(groups, from)));
    return { ...whole, order: "parts", query, key, value };
  }
  const [key, value] = ["key", "value"].map((part) => into(part, row(groupsOf(part, sizesOf(part).outputs))));
  if (value.width !== key.width) refuse("value", `an axis of ${key.width} channels, as that of the key`);
  return { ...whole, order: null, query, key, value };
}

/** First output of each query, key and value in a fused weight. */
function fusedRows(order: FusedOrder, H: number, G: number, D: number): [number[], number[], number[]] {
  const each = (count: number, first: (h: number) => number) => Array.from({ length: count }, (_, h) => first(h));
  switch (order) {
    case "parts":
      return [each(H, (h) => h * D), each(G, (g) => (H + g) * D), each(G, (g) => (H + G + g) * D)];
    case "interleaved":
    case "grouped": {
      const n = H / G;
      const start = (g: number) => g * (n + 2) * D;
      return [
        each(H, (h) => start(Math.floor(h / n)) + (h % n) * D),
        each(G, (g) => start(g) + n * D),
        each(G, (g) => start(g) + (n + 1) * D),
      ];
    }
    case "codegen": {
      const block = H / 4;
      const at = (part: number) => each(H, (h) => (Math.floor(h / block) * 3 * block + part * block + h % block) * D);
      return [at(0), at(2), at(1)];
    }
  }
}

/** The order of a fused weight, asked for where neither names nor configuration settle it and it matters. */
function settled(
  order: FusedOrder | undefined,
  path: string,
  tensor: string,
  heads: number,
  groups: number,
): FusedOrder {
  if (order === "codegen" && heads % 4 !== 0) {
    throw new CheckpointError(path, `a multiple of four heads in ${quoted(tensor)}, as CodeGen has`, String(heads));
  }
  if (order !== undefined) return order;
  if (heads === 1 || groups === 1 && heads > 1) return "parts"; // One key head: parts and groups are the same.
  const other = groups === heads ? "interleaved, [q k v] head by head" : "grouped, [q … q k v] by key head";
  throw new Need(
    `${path}: expected the order of query, key and value in ${
      quoted(tensor)
    } (parts, [Q K V], or ${other}) in config.json ` +
      `(model_type) or --fused=parts|interleaved|grouped, found none, and names do not settle it; --circuits=none ` +
      "measures matrices alone",
  );
}

/** Fused weights of GPT-2 come as (in, out) and as (out, in): the longer axis is the output. */
function axesOf(layout: Layout, { names, shapeOf }: Weights, { storage }: HeadCounts): WeightAxes {
  if (!layout.id.startsWith("gpt2")) return layout.axes;
  if (storage !== undefined) return storage;
  const [rows, columns] = shapeOf(names.has("fused") ? "fused" : "keyValue");
  return rows === columns ? layout.axes : rows > columns ? "out-in" : "in-out";
}
