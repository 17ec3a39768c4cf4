/**
 * Facts from files beside a checkpoint that no shape tells: numbers of heads, and the order of fused weights.
 *
 * @module
 */
import { basename, dirname, join } from "@std/path";
import type { FusedOrder } from "./layouts.ts";
import type { ModuleName } from "./names.ts";

/** Values of a configuration file. */
export type Values = Readonly<Record<string, unknown>>;

/** A number, and where it comes from. */
export interface Told {
  /** The number. */
  readonly value: number;
  /** Such as `config.json (n_head)`. */
  readonly from: string;
}

const WIDTH_KEYS = ["head_dim", "d_head", "d_kv", "kv_channels", "head_size", "attention_head_size"];
const HEAD_KEYS = ["heads", "n_head", "n_heads", "num_heads", "num_attention_heads", "nhead"];
const NESTED: readonly (readonly [RegExp, readonly string[]])[] = [
  [/vision|visual|image|\bvit\b/i, ["vision_config", "vision_encoder", "vision"]],
  [/audio|speech/i, ["audio_config", "audio_encoder"]],
  [/text|language|llm|\blm\b/i, ["text_config", "llm_config", "language_config", "text_encoder"]],
  [/decoder/i, ["decoder"]],
  [/encoder/i, ["encoder"]],
];
const MOST_CONFIGURATION = 1 << 20;

/** `config.json` of transformers and `manifest.json` of this project, near a file or in a folder, the nearest first. */
export class NearbyConfiguration {
  readonly #files: readonly { readonly name: string; readonly values: Values }[];

  /**
   * @param path Checkpoint.
   * @param metadata What the checkpoint itself says.
   */
  constructor(path: string, metadata: ReadonlyMap<string, string>) {
    const folders = [path, dirname(path), dirname(dirname(path))];
    const found = folders.flatMap((folder) =>
      ["config.json", "manifest.json"].flatMap((name) => {
        const values = jsonAt(join(folder, name));
        const inner = values?.configuration;
        return values === undefined ? [] : [{ name, values: { ...values, ...(isObject(inner) ? inner : {}) } }];
      })
    );
    this.#files = [{ name: `metadata of ${basename(path)}`, values: Object.fromEntries(metadata) }, ...found];
  }

  /** Kind of model as transformers call it, undefined where none is said. */
  get modelType(): string | undefined {
    return this.#first((values) => typeof values.model_type === "string" ? values.model_type : undefined);
  }

  /**
   * Heads of an attention module.
   *
   * @param module Where it lies.
   * @returns Their number; undefined where nothing says it of this tower.
   */
  heads({ path, tower, prefix }: Pick<ModuleName, "path" | "tower" | "prefix">): Told | undefined {
    for (const { name, values } of this.#files) {
      const told = headsOfStage(values, prefix) ?? headsIn(values, path, tower !== "");
      if (told !== undefined) return { value: told[1], from: `${name} (${told[0]})` };
    }
    return undefined;
  }

  /**
   * Width of a head of an attention module.
   *
   * @param module Where it lies.
   * @returns Its channels; undefined where nothing says them of this tower.
   */
  headWidth({ path }: Pick<ModuleName, "path">): Told | undefined {
    for (const { name, values } of this.#files) {
      const told = widthIn(values, path);
      if (told !== undefined) return { value: told[1], from: `${name} (${told[0]})` };
    }
    return undefined;
  }

  /** Order of query, key and value in one weight, where the kind of model says it. */
  get fusedOrder(): FusedOrder | undefined {
    return this.#first(orderIn);
  }

  #first<T>(of: (values: Values) => T | undefined): T | undefined {
    for (const { values } of this.#files) {
      const found = of(values);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** Heads of a stage, where a configuration lists them stage by stage. */
function headsOfStage({ num_heads: list }: Values, prefix: string): [key: string, heads: number] | undefined {
  if (!Array.isArray(list)) return undefined;
  const stage = /(?:^|\.)(?:layers|stages)\.(\d+)(?:\.|$)/.exec(prefix)?.[1];
  return stage !== undefined && positive(list[Number(stage)])
    ? [`num_heads[${stage}]`, Number(list[Number(stage)])]
    : undefined;
}

function headsIn(values: Values, path: string, several: boolean): [key: string, heads: number] | undefined {
  for (const [words, keys] of NESTED) {
    if (!words.test(path)) continue;
    const key = keys.find((key) => isObject(values[key]));
    if (key === undefined) continue;
    const found = headsIn(values[key] as Values, path.replace(words, ""), false);
    // A tower with a configuration of its own that does not say it has the default of its class, which is unknown here.
    return found === undefined ? undefined : [`${key}.${found[0]}`, found[1]];
  }
  const sided = [["decoder", /decoder/i], ["encoder", /encoder/i]] as const;
  for (const [side, words] of sided) {
    const key = `${side}_attention_heads`;
    if (words.test(path) && positive(values[key])) return [key, Number(values[key])];
  }
  const key = HEAD_KEYS.find((key) => positive(values[key]));
  if (key !== undefined) return [key, Number(values[key])];
  const [encoder, decoder] = [values.encoder_attention_heads, values.decoder_attention_heads];
  if (positive(encoder) && encoder === decoder) return ["encoder_attention_heads", Number(encoder)];
  // A checkpoint of one tower beside the configuration of a model of several.
  const nested = several ? [] : Object.entries(values).flatMap(([name, inner]) => {
    const inside = /_config$/.test(name) && isObject(inner) ? headsIn(inner, "", false) : undefined;
    return inside === undefined ? [] : [[`${name}.${inside[0]}`, inside[1]] as [string, number]];
  });
  return nested.length === 1 ? nested[0] : undefined;
}

function widthIn(values: Values, path: string): [key: string, width: number] | undefined {
  for (const [words, keys] of NESTED) {
    const key = words.test(path) ? keys.find((key) => isObject(values[key])) : undefined;
    if (key === undefined) continue;
    const found = widthIn(values[key] as Values, path.replace(words, ""));
    return found === undefined ? undefined : [`${key}.${found[0]}`, found[1]];
  }
  const key = WIDTH_KEYS.find((key) => positive(values[key]));
  return key === undefined ? undefined : [key, Number(values[key])];
}

function positive(value: unknown): boolean {
  const number = typeof value === "string" || typeof value === "number" ? Number(value) : NaN;
  return Number.isInteger(number) && number > 0;
}

/** Finds the order in which the modelling code of transformers reads the fused weight of each kind of model. */
function orderIn(values: Values): FusedOrder | undefined {
  switch (values.model_type) {
    case "gpt2":
    case "imagegpt":
    case "decision_transformer":
    case "phi3":
    case "mpt":
    case "dbrx":
    case "qwen":
    case "baichuan":
    case "chatglm":
    case "modernbert":
    case "vit":
      return "parts";
    case "gpt_bigcode":
      return values.multi_query === false ? "interleaved" : "parts";
    case "falcon":
    case "RefinedWeb":
    case "RefinedWebModel":
      return values.new_decoder_architecture === true || values.model_type === "RefinedWeb"
        ? "grouped"
        : values.multi_query === false
        ? "interleaved"
        : "parts";
    case "bloom":
    case "gpt_neox":
    case "gpt_neox_japanese":
    case "persimmon":
      return "interleaved";
    case "internlm2":
      return "grouped";
    case "codegen":
      return "codegen";
  }
  return undefined;
}

function jsonAt(path: string): Values | undefined {
  try {
    if (Deno.statSync(path).size > MOST_CONFIGURATION) return undefined;
    const value: unknown = JSON.parse(Deno.readTextFileSync(path));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // No such file, or not what its name says: what it would say is asked for instead.
  }
}

function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
