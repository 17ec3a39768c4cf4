/**
 * Which matrices of a checkpoint are measured, and how each is read.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { FLOATING } from "../../checkpoint/dtype.ts";
import type { TensorSource } from "../../checkpoint/safetensors_file.ts";
import { UserError } from "../../io/errors.ts";
import { type AttentionPlaces, findAttention, type HeadCounts, readFactors } from "./circuits.ts";
import type { CircuitChoice } from "./options.ts";

/** Matrices of one shape that are measured together: the heads of a layer's circuit, or one weight. */
export interface Family {
  /** `QK`, `OV`, or `matrix`. */
  readonly circuit: "QK" | "OV" | "matrix";
  /** Layer, −1 if the name has none. */
  readonly layer: number;
  /** Prefix of the layer, or name of the weight. */
  readonly name: string;
  /** Number of heads; 1 for a weight. */
  readonly heads: number;
  /** Replicas along the first axis of the tensors, 1 where there is none. */
  readonly replicas: number;
  /** M = A Bᵀ of A (M, D) and B (N, D); a weight is its A with D = N. */
  readonly sizes: { readonly M: number; readonly N: number; readonly D: number };
  /** Tensors that are read. */
  readonly tensors: readonly string[];
  /** Reads factors (R, H, M, D) and (R, H, N, D), or weights (R, 1, M, N) without `b`. */
  read(read: (tensor: string) => Float32Array): { readonly a: Float32Array; readonly b?: Float32Array };
}

/** What is asked for. */
export interface PlanOptions {
  /** Layouts of attention to look for. */
  readonly circuits: CircuitChoice;
  /** Names of weights; `auto` for all but embeddings and attention. */
  readonly matrices: RegExp | "auto" | "none";
  /** Heads of a layer, 0 where unknown. */
  readonly heads: number;
}

const EMBEDDINGS = /embed|wte|wpe|lm_head|pos_emb|W_E$|W_pos$|W_U$|tok_|position/i;
const HEAD_KEYS = ["heads", "n_head", "n_heads", "num_heads", "num_attention_heads", "nhead"];
const MOST_CONFIGURATION = 1 << 20;

/**
 * Plans what to read of each checkpoint of a series.
 *
 * @param source One of them, open.
 * @param options What is asked for.
 * @returns Families, circuits first, in the order of layers.
 * @throws {UserError} If nothing matches (listing what is there), or the number of heads is unknown.
 */
export function planFamilies(source: TensorSource, options: PlanOptions): Family[] {
  const replicas = replicasOf(source);
  const counts = headCounts(source, options);
  const attention = findAttention(source, options.circuits.layouts, counts, replicas !== null);
  if (attention.length === 0 && options.circuits.text !== "auto" && options.circuits.text !== "none") {
    throw nothing(source, `attention as --circuits=${options.circuits.text} names it`);
  }
  const circuits = attention.flatMap((places) =>
    (["QK", "OV"] as const).map((circuit) => family(places, circuit, replicas))
  );
  const taken = new Set(circuits.flatMap(({ tensors }) => tensors));
  const inOut = attention.length > 0 ? attention[0].axes === "in-out" : replicas !== null;
  const matrices = [...source.tensors].flatMap(([name, { shape: whole, dtype }]) => {
    const shape = replicas === null ? whole : whole.slice(1);
    if (shape.length !== 2 || Math.min(...shape) < 2 || !FLOATING.includes(dtype)) return [];
    if (/^(optimizer|run)\./.test(name) || !wanted(name, options.matrices, taken)) return [];
    return [weight(name, shape, replicas, inOut)];
  });
  const families = [...circuits, ...matrices.sort((a, b) => a.layer - b.layer || (a.name < b.name ? -1 : 1))];
  if (families.length === 0) throw nothing(source, `a matrix that matches --matrices=${shown(options.matrices)}`);
  return families;
}

/**
 * Replicas along the first axis of every parameter, as checkpoints of this project have them.
 *
 * @param source Open checkpoint.
 * @returns Their number, null where tensors have no such axis.
 */
export function replicasOf({ metadata }: TensorSource): number | null {
  const text = metadata.get("replicas");
  return text !== undefined && metadata.has("step") && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}

function wanted(name: string, matrices: PlanOptions["matrices"], taken: ReadonlySet<string>): boolean {
  if (matrices === "none") return false;
  return matrices === "auto" ? !taken.has(name) && !EMBEDDINGS.test(name) : matrices.test(name);
}

function family(places: AttentionPlaces, circuit: "QK" | "OV", replicas: number | null): Family {
  const { query, key, value, output, heads, width, headWidth: D, layer, prefix } = places;
  const tensors = (circuit === "QK" ? [query, key] : [output, value]).map(({ tensor }) => tensor);
  return {
    circuit,
    layer,
    name: prefix.replace(/\.$/, ""),
    heads,
    replicas: replicas ?? 1,
    sizes: { M: width, N: width, D },
    tensors: [...new Set(tensors)],
    read: (read) => readFactors(read, places, circuit, replicas ?? 1),
  };
}

/** Weights stand as maps (out, in), so that their row space lies in the input. */
function weight(name: string, shape: readonly number[], replicas: number | null, transposed: boolean): Family {
  const [rows, columns] = shape;
  const R = replicas ?? 1;
  const [M, N] = transposed ? [columns, rows] : [rows, columns];
  const numbers = name.match(/\d+/g);
  return {
    circuit: "matrix",
    layer: numbers === null ? -1 : Number(numbers[0]),
    name,
    heads: 1,
    replicas: R,
    sizes: { M, N, D: N },
    tensors: [name],
    read(read) {
      const data = read(name);
      if (!transposed) return { a: data };
      const a = new Float32Array(data.length);
      for (let r = 0; r < R; r++) {
        for (let i = 0; i < M; i++) for (let j = 0; j < N; j++) a[(r * M + i) * N + j] = data[(r * N + j) * M + i];
      }
      return { a };
    },
  };
}

/** From the command line, metadata, or a configuration beside the checkpoint. */
function headCounts(source: TensorSource, { heads }: PlanOptions): HeadCounts {
  if (heads > 0) return { heads };
  for (const values of [Object.fromEntries(source.metadata), ...configurationsNear(source.path)]) {
    for (const key of HEAD_KEYS) {
      const value = Number(values[key]);
      if (Number.isInteger(value) && value > 0) return { heads: value };
    }
  }
  return {};
}

/** `config.json` of transformers and `manifest.json` of this project, near a file or in a folder. */
function configurationsNear(path: string): Record<string, unknown>[] {
  const folders = [path, dirname(path), dirname(dirname(path))];
  return folders.flatMap((folder) =>
    ["config.json", "manifest.json"].flatMap((name) => {
      const values = jsonAt(join(folder, name));
      const inner = values?.configuration;
      return values === undefined ? [] : [{ ...values, ...(isObject(inner) ? inner : {}) }];
    })
  );
}

function jsonAt(path: string): Record<string, unknown> | undefined {
  try {
    if (Deno.statSync(path).size > MOST_CONFIGURATION) return undefined;
    const value: unknown = JSON.parse(Deno.readTextFileSync(path));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // No such file, or not what its name says: the number of heads is asked for instead.
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nothing(source: TensorSource, expected: string): UserError {
  const names = [...source.tensors].map(([name, { shape, dtype }]) => `${name} ${dtype} [${shape.join(",")}]`);
  const listed = names.slice(0, 30).join("; ");
  const more = names.length > 30 ? `; … ${names.length - 30} more` : "";
  return new UserError(
    `${source.path}: expected ${expected}, found ${names.length === 0 ? "no tensors" : listed + more}`,
  );
}

function shown(matrices: PlanOptions["matrices"]): string {
  return matrices instanceof RegExp ? matrices.source : matrices;
}
