/**
 * Which matrices of a checkpoint are measured, and how each is read.
 *
 * @module
 */
import { quoted } from "../../checkpoint/checkpoint_error.ts";
import type { TensorSource } from "../../checkpoint/safetensors_file.ts";
import { UserError } from "../../io/errors.ts";
import { type AttentionPlaces, findAttention, readFactors } from "./circuits.ts";
import { NearbyConfiguration } from "./configuration.ts";
import { type HeadCounts, Need } from "./head_places.ts";
import { type Adapter, type Inventory, inventoryOf } from "./inventory.ts";
import type { FusedOrder } from "./layouts.ts";
import { layerOf, locate } from "./names.ts";
import type { CircuitChoice, HeadsChoice } from "./options.ts";
import { asWeight, gpt2Storage, type Stored, type Weight } from "./weights.ts";

/** Matrices of one shape that are measured together: the heads of a layer's circuit, or one weight. */
export interface Family {
  /** `QK`, `OV`, or `matrix`. */
  readonly circuit: "QK" | "OV" | "matrix";
  /** Layer, undefined if it belongs to none. */
  readonly layer: number | undefined;
  /** Prefix of the layer, or name of the weight. */
  readonly name: string;
  /** Series of its numbers in the log: the circuit with its tower, or the weight's name, one for each of a stack. */
  readonly series: readonly string[];
  /** Number of heads, or of matrices in a stack; 1 for a weight. */
  readonly heads: number;
  /** Replicas along the first axis of the tensors, 1 where there is none. */
  readonly replicas: number;
  /** M = A Bᵀ of A (M, D) and B (N, D); a weight is its A with D = N. */
  readonly sizes: { readonly M: number; readonly N: number; readonly D: number };
  /** Whether it is read as two factors. */
  readonly factored: boolean;
  /** Tensors that are read. */
  readonly tensors: readonly string[];
  /** Reads factors (R, H, M, D) and (R, H, N, D), or weights (R, H, M, N) without `b`. */
  read(read: (tensor: string) => Float32Array): { readonly a: Float32Array; readonly b?: Float32Array };
}

/** Options of a plan. */
export interface PlanOptions {
  /** Layouts of attention to look for. */
  readonly circuits: CircuitChoice;
  /** Names of weights; `auto` for all but embeddings and attention. */
  readonly matrices: RegExp | "auto" | "none";
  /** Heads of a layer, as far as the user says. */
  readonly heads: HeadsChoice;
  /** Order of fused weights, as far as the user says. */
  readonly fused?: FusedOrder | "auto";
  /** Which side of a weight is its input, as far as the user says. */
  readonly axes?: Stored | "auto";
  /** Whether row spaces are measured, so that it matters which side is the input; true unless given. */
  readonly spaces?: boolean;
}

/** Tensors that are left out, and why. */
export interface LeftOut {
  /** Reason why they are left out. */
  readonly why: string;
  /** Their names. */
  readonly names: readonly string[];
}

/** Weights and circuits that are read of each checkpoint of a series. */
export interface Plan {
  /** Circuits first, then weights, each in the order of layers. */
  readonly families: readonly Family[];
  /** Attention that was found. */
  readonly attention: readonly AttentionPlaces[];
  /** Weights that are measured. */
  readonly weights: readonly Weight[];
  /** Adapters that are measured. */
  readonly adapters: readonly Adapter[];
  /** All tensors by what they are. */
  readonly inventory: Inventory;
  /** Parameters that are not measured. */
  readonly leftOut: readonly LeftOut[];
  /** Remarks for the reader. */
  readonly notes: readonly string[];
  /** Facts that have to be told first; nothing is measured until then. */
  readonly needs: readonly Need[];
}

const EMBEDDINGS =
  /embed|wte|wpe|lm_head|pos_emb|W_E$|W_pos$|W_U$|tok_|position|(?:^|\.)shared\.weight$|relative_attention_bias/i;
const ATTENTION = /attn|attention/i;

/**
 * Plans what to read of each checkpoint of a series.
 *
 * @param source One of them, open.
 * @param options What is asked for.
 * @returns The plan, with what has yet to be told.
 * @throws {UserError} If nothing matches, listing what is there; or heads are given of towers that there are not.
 */
export function planCheckpoint(source: TensorSource, options: PlanOptions): Plan {
  const replicas = replicasOf(source);
  const inventory = inventoryOf(source);
  const beside = new NearbyConfiguration(source.path, source.metadata);
  const { parameters } = inventory;
  const needs: Need[] = [];
  const { layouts, text } = options.circuits;
  const gpt2 = gpt2Storage(parameters, beside.modelType, replicas !== null);
  const counts: HeadCounts = {
    heads: (module) => options.heads.of(module) ?? beside.heads(module),
    headWidth: (module) => beside.headWidth(module),
    ...orderOf(options, beside, gpt2),
    ...(gpt2 && { storage: gpt2 }),
  };
  const attention = findAttention(
    { path: source.path, tensors: parameters },
    layouts,
    counts,
    replicas !== null,
    needs,
  );
  if (needs.length === 0) options.heads.check(source.path, attention);
  if (attention.length === 0 && needs.length === 0 && text !== "auto" && text !== "none") {
    throw nothing(source, `attention as --circuits=${text} names it`);
  }
  const circuits = attention.flatMap((places) =>
    (["QK", "OV"] as const).map((circuit) => circuitFamily(places, circuit, replicas))
  );
  const taken = new Set(circuits.flatMap(({ tensors }) => tensors));
  const { layers, counted } = locate(attention.map(({ prefix }) => prefix));
  const about = {
    modelType: beside.modelType,
    gpt2,
    width: attention[0]?.width,
    own: replicas !== null || attention.some(({ layout }) => layout === "icl-lab"),
    given: options.axes === undefined || options.axes === "auto" ? undefined : options.axes,
  };
  const lora = new Set(inventory.adapters.flatMap(({ a, b }) => [a, b]));
  const out = new Map<string, string[]>();
  const leave = (why: string, name: string) => void (out.get(why) ?? out.set(why, []).get(why)!).push(name);
  const weights: Weight[] = [];
  const unread: string[] = [];
  for (const [name, { shape: whole }] of parameters) {
    if (taken.has(name) || lora.has(name)) continue;
    const weight = asWeight(name, replicas === null ? whole : whole.slice(1), about);
    if (weight === null) leave("vectors and scalars", name);
    else if (options.matrices === "none") leave("weights (--matrices=none)", name);
    else if (options.matrices instanceof RegExp && !options.matrices.test(name)) {
      leave("weights that --matrices leaves out", name);
    } else if (options.matrices === "auto" && EMBEDDINGS.test(name)) {
      leave("embeddings (--matrices=REGEX measures them)", name);
    } else {
      weights.push(weight);
      if (layouts.length > 0 && ATTENTION.test(name) && weight.form === "matrix") unread.push(name);
    }
  }
  if (needs.length === 0 && options.spaces !== false) {
    const open = weights.find(({ open }) => open);
    if (open !== undefined) {
      needs.push(
        new Need(
          `${source.path}: expected which side of ${quoted(open.name)} is the input, which its name and shape ` +
            `[${open.rows}, ${open.columns}] do not tell, in config.json (model_type) or --axes=in-out|out-in, found none; ` +
            "measures of the spectrum alone do not need it",
        ),
      );
    }
  }
  const matrices = weights.map((weight) => weightFamily(weight, replicas, layerOf(weight.name, layers)));
  const adapters = inventory.adapters.map((adapter) => adapterFamily(adapter, parameters, layers));
  const order = (a: Family, b: Family) => (a.layer ?? -1) - (b.layer ?? -1) || (a.name < b.name ? -1 : 1);
  const families = [...circuits, ...[...matrices, ...adapters].sort(order)];
  if (families.length === 0 && needs.length === 0) {
    const kinds = inventory.quantised.length > 0 ? `; ${inventory.quantised.length} tensors are quantised` : "";
    throw nothing(source, `a matrix that matches --matrices=${shown(options.matrices)}`, kinds);
  }
  const notes = [
    ...contradictions(attention, beside),
    ...counted.map((pattern) => `layers of ${pattern} are numbered through, since two of its numbers count`),
    ...(unread.length > 0 && needs.length === 0
      ? [`attention that no layout reads is measured as plain weights: ${listed(unread)}`]
      : []),
    ...(adapters.length > 0 ? ["adapters are measured as B·A, without alpha / r"] : []),
  ];
  const leftOut = [...out].map(([why, names]) => ({ why, names }));
  const apart = needs.filter(({ message }, index) => needs.findIndex((other) => other.message === message) === index);
  return { families, attention, weights, adapters: inventory.adapters, inventory, leftOut, notes, needs: apart };
}

/**
 * Plans what to read, as {@linkcode planCheckpoint}.
 *
 * @param source A checkpoint, open.
 * @param options What is asked for.
 * @returns Families, circuits first, in the order of layers.
 * @throws {UserError} If nothing matches, or something has to be told first.
 */
export function planFamilies(source: TensorSource, options: PlanOptions): readonly Family[] {
  const { families, needs } = planCheckpoint(source, options);
  if (needs.length > 0) throw needs[0];
  return families;
}

/**
 * Replicas along the first axis of every parameter, as checkpoints of this project have them.
 *
 * @param source Open checkpoint.
 * @returns Their number, null where tensors have no such axis.
 */
export function replicasOf({ metadata }: Pick<TensorSource, "metadata">): number | null {
  const text = metadata.get("replicas");
  return text !== undefined && metadata.has("step") && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}

/** Some names, and how many more there are. */
export function listed(names: readonly string[], most = 4): string {
  const more = names.length - most;
  return names.slice(0, most).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** Numbers of heads that are given, while a configuration says others. */
function contradictions(attention: readonly AttentionPlaces[], beside: NearbyConfiguration): string[] {
  return [
    ...new Set(attention.flatMap((places) => {
      if (places.headsFrom !== "--heads") return [];
      const [heads, width] = [beside.heads(places), beside.headWidth(places)];
      const of = places.tower === "" ? "" : ` of ${places.tower}`;
      if (heads !== undefined && heads.value !== places.heads) {
        return [`${places.heads} heads${of} as --heads says, while ${heads.from} says ${heads.value}`];
      }
      if (width === undefined || width.value === places.headWidth) return [];
      return [`heads${of} of ${places.headWidth} channels as --heads says, while ${width.from} says ${width.value}`];
    })),
  ];
}

/** Finds the storage order from the user, the configuration, or the convention of GPT-2's own Conv1D. */
function orderOf(
  { fused }: PlanOptions,
  beside: NearbyConfiguration,
  gpt2: Stored | undefined,
): { order?: FusedOrder } {
  if (fused !== undefined && fused !== "auto") return { order: fused };
  const told = beside.fusedOrder;
  if (told !== undefined) return { order: told };
  return gpt2 === "in-out" ? { order: "parts" } : {};
}

function circuitFamily(places: AttentionPlaces, circuit: "QK" | "OV", replicas: number | null): Family {
  const { query, key, value, output, heads, headWidth: D, layer, prefix, tower, kind } = places;
  const [left, right] = circuit === "QK" ? [query, key] : [output, value];
  const series = [tower, kind, circuit].filter((word) => word !== "").join(" ");
  return {
    circuit,
    layer,
    name: prefix,
    series: new Array(heads).fill(series),
    heads,
    replicas: replicas ?? 1,
    sizes: { M: left.width, N: right.width, D },
    factored: true,
    tensors: [...new Set([left.tensor, right.tensor])],
    read: (read) => readFactors(read, places, circuit, replicas ?? 1),
  };
}

/** Weights stand as maps (out, in), so that their row space lies in the input. */
function weightFamily(
  { name, count, rows, columns, stored, form }: Weight,
  replicas: number | null,
  layer: number | undefined,
): Family {
  const R = replicas ?? 1;
  const transposed = stored === "in-out";
  const [M, N] = transposed ? [columns, rows] : [rows, columns];
  return {
    circuit: "matrix",
    layer,
    name,
    series: Array.from({ length: count }, (_, index) => form === "stack" ? `${name}[${index}]` : name),
    heads: count,
    replicas: R,
    sizes: { M, N, D: N },
    factored: false,
    tensors: [name],
    read(read) {
      const data = read(name);
      if (!transposed) return { a: data };
      const a = new Float32Array(data.length);
      for (let r = 0; r < R * count; r++) {
        for (let i = 0; i < M; i++) for (let j = 0; j < N; j++) a[(r * M + i) * N + j] = data[(r * N + j) * M + i];
      }
      return { a };
    },
  };
}

/** B A of B (out, r) and A (r, in), through its factors where it is of low rank. */
function adapterFamily(
  { name, a, b }: Adapter,
  parameters: Inventory["parameters"],
  layers: ReadonlyMap<string, number>,
): Family {
  const [r, N] = parameters.get(a)!.shape;
  const [M, inner] = parameters.get(b)!.shape;
  if (inner !== r) {
    throw new UserError(`expected ${quoted(b)} of shape [out, ${r}], as ${quoted(a)} says, found [${M}, ${inner}]`);
  }
  const dense = r > Math.min(M, N);
  return {
    circuit: "matrix",
    layer: layerOf(name, layers),
    name: `${name} (B·A)`,
    series: [`${name} (B·A)`],
    heads: 1,
    replicas: 1,
    sizes: { M, N, D: dense ? N : r },
    factored: !dense,
    tensors: [a, b],
    read(read) {
      const [A, B] = [read(a), read(b)];
      if (dense) return { a: product(B, A, M, r, N) };
      const transposed = new Float32Array(N * r);
      for (let i = 0; i < r; i++) for (let j = 0; j < N; j++) transposed[j * r + i] = A[i * N + j];
      return { a: B, b: transposed };
    },
  };
}

function product(a: Float32Array, b: Float32Array, M: number, K: number, N: number): Float32Array {
  const c = new Float32Array(M * N);
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < N; j++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += a[i * K + k] * b[k * N + j];
      c[i * N + j] = sum;
    }
  }
  return c;
}

function nothing(source: TensorSource, expected: string, more = ""): UserError {
  const names = [...source.tensors].map(([name, { shape, dtype }]) => `${name} ${dtype} [${shape.join(",")}]`);
  const some = names.slice(0, 30).join("; ");
  const rest = names.length > 30 ? `; … ${names.length - 30} more` : "";
  return new UserError(
    `${source.path}: expected ${expected}, found ${names.length === 0 ? "no tensors" : some + rest}${more}`,
  );
}

function shown(matrices: PlanOptions["matrices"]): string {
  return matrices instanceof RegExp ? matrices.source : matrices;
}
