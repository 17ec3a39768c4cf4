/**
 * Names of parameters in files that PyTorch has written, for models of this project.
 *
 * @module
 */
import { ShapeError } from "../gpu/errors.ts";
import type { TensorPart } from "./tensor_part.ts";

/** How names of the model lead to tensors of the file. */
export type NameMap = (name: string) => string | TensorPart;

/** Layout of a file with the names of GPT-2. */
export interface Gpt2Layout {
  /** Width C of the model. */
  readonly width: number;
  /** Prefix of every name, such as `transformer.`; nothing by default. */
  readonly prefix?: string;
  /** Whether matrices stand as (out, in), as nanoGPT's do; false by default: (in, out), as OpenAI's and Hugging Face's. */
  readonly transposed?: boolean;
}

/** Layout of a file with an `nn.TransformerEncoder`. */
export interface EncoderLayout {
  /** Width C of the model. */
  readonly width: number;
  /** Prefix of every name of the encoder, such as `encoder.`; nothing by default. */
  readonly prefix?: string;
  /** Where the parameters are that the encoder has not: of the embedding and the unembedding. */
  readonly others: Readonly<Record<string, string | TensorPart>>;
}

/**
 * Names of GPT-2 (Radford et al. 2019): `wte.weight`, `wpe.weight`, `h.0.ln_1.weight`, `h.0.attn.c_attn.weight`, which holds
 * query, key and value side by side, …, `ln_f.weight`; `lm_head.weight` (out, in) where the unembedding is not tied.
 *
 * The model is `transformer({ activation: "gelu-tanh", tied: true, … })`.
 *
 * @param layout Width, prefix, and how matrices stand.
 * @returns Where each parameter of the transformer lies.
 *
 * @example
 * ```ts
 * import { gpt2Names } from "./pytorch_names.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const names = gpt2Names({ width: 768, prefix: "transformer." });
 * assertEquals(names("blocks.0.mlp.in"), { name: "transformer.h.0.mlp.c_fc.weight", transposed: false });
 * assertEquals(names("blocks.3.attention.key_bias"), {
 *   name: "transformer.h.3.attn.c_attn.bias",
 *   columns: [768, 1536],
 * });
 * ```
 */
export function gpt2Names({ width, prefix = "", transposed = false }: Gpt2Layout): NameMap {
  const top: Readonly<Record<string, string | TensorPart>> = {
    "embedding.token": `${prefix}wte.weight`,
    "embedding.position": `${prefix}wpe.weight`,
    "norm.gain": `${prefix}ln_f.weight`,
    "norm.bias": `${prefix}ln_f.bias`,
    unembedding: { name: "lm_head.weight", transposed: true },
  };
  return (name) => top[name] ?? inBlock(name, { width, modules: GPT2_MODULES, prefix: `${prefix}h.`, transposed });
}

const GPT2_MODULES: Readonly<Record<string, string>> = {
  norm1: "ln_1.",
  norm2: "ln_2.",
  "attention.joined": "attn.c_attn.",
  "attention.output": "attn.c_proj.",
  "mlp.in": "mlp.c_fc.",
  "mlp.out": "mlp.c_proj.",
};

/**
 * Names of an `nn.TransformerEncoder` of `nn.TransformerEncoderLayer`s: `layers.0.self_attn.in_proj_weight`, which holds query,
 * key and value one below the other, `layers.0.linear1.weight`, `layers.0.norm1.weight`, …, `norm.weight`.
 *
 * The layers need `norm_first=True`, and the encoder a `norm`, as every transformer here is of pre-norm. The model is
 * `transformer({ causal: false, … })`, or a causal one if a causal mask was used.
 *
 * @param layout Width, prefix, and where embedding and unembedding are.
 * @returns Where each parameter of the transformer lies.
 *
 * @example
 * ```ts
 * import { encoderNames } from "./pytorch_names.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const names = encoderNames({ width: 8, prefix: "encoder.", others: { "embedding.token": "embed.weight" } });
 * assertEquals(names("embedding.token"), "embed.weight");
 * assertEquals(names("blocks.1.attention.value"), {
 *   name: "encoder.layers.1.self_attn.in_proj_weight",
 *   transposed: true,
 *   columns: [16, 24],
 * });
 * ```
 */
export function encoderNames({ width, prefix = "", others }: EncoderLayout): NameMap {
  const top = { "norm.gain": `${prefix}norm.weight`, "norm.bias": `${prefix}norm.bias`, ...others };
  const known: Readonly<Record<string, string | TensorPart>> = top;
  return (name) =>
    known[name] ?? inBlock(name, { width, modules: ENCODER_MODULES, prefix: `${prefix}layers.`, transposed: true });
}

const ENCODER_MODULES: Readonly<Record<string, string>> = {
  norm1: "norm1.",
  norm2: "norm2.",
  "attention.joined": "self_attn.in_proj_",
  "attention.output": "self_attn.out_proj.",
  "mlp.in": "linear1.",
  "mlp.out": "linear2.",
};

/** Modules of a block by the parameter of ours that they hold, up to the last part of the name. */
interface BlockLayout {
  readonly width: number;
  readonly modules: Readonly<Record<string, string>>;
  readonly prefix: string;
  readonly transposed: boolean;
}

/** Ours are `blocks.0.norm1.gain` and `.bias`, `blocks.0.attention.query` and `query_bias`; theirs all end in weight or bias. */
function inBlock(name: string, { width, modules, prefix, transposed }: BlockLayout): TensorPart {
  const [, layer, rest = ""] = /^blocks\.(\d+)\.(.+)$/.exec(name) ?? [];
  const [, ours, ending] = /^(.+?)((?:\.gain|[._]bias)?)$/.exec(rest) ?? [];
  const joined = ["query", "key", "value"].findIndex((part) => ours === `attention.${part}`);
  const module = modules[joined >= 0 ? "attention.joined" : ours];
  if (module === undefined) {
    throw new ShapeError(`expected a parameter of a transformer that the file's layout has, found "${name}"`);
  }
  const there = `${prefix}${layer}.${module}${ending.endsWith("bias") ? "bias" : "weight"}`;
  return {
    name: there,
    ...(ending === "" ? { transposed } : {}),
    ...(joined >= 0 ? { columns: [joined * width, (joined + 1) * width] } : {}),
  };
}
