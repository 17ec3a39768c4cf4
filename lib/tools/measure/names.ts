/**
 * Where in a model a weight lies, by its name: tower, layer, and kind of attention.
 *
 * The number of a layer is the one that counts along a list of like modules: in `encoder.block.3.layer.1.EncDecAttention`
 * it is 3, since the 1 is the same in every block. Where two numbers count (`stages.1.blocks.0`), layers are numbered
 * through.
 *
 * @module
 */

/** Where an attention module lies. */
export interface ModuleName {
  /** Prefix of the names of its weights, without a dot at the end. */
  readonly prefix: string;
  /** Name of the tower, empty where there is one alone. */
  readonly tower: string;
  /** Words of the tower's path, for configurations that count heads tower by tower. */
  readonly path: string;
  /** Layer, from its list; 0 where there is none. */
  readonly layer: number;
  /** `cross`, a name that tells it from others of its layer, or empty. */
  readonly kind: string;
}

/** Where modules lie, and which prefixes own which layer. */
export interface Located {
  /** In the order of towers, kinds and layers. */
  readonly modules: readonly ModuleName[];
  /** Layers by the prefix of all that belongs to them, as `model.layers.0`. */
  readonly layers: ReadonlyMap<string, number>;
  /** Stems whose layers are numbered through. */
  readonly counted: readonly string[];
}

const CROSS = /cross|encoder_attn|encdec|enc_dec/i;
const MAYBE_CROSS = /multihead_attn|attn2/i;
const LISTED = /^(?:layers?|blocks?|h|resblocks?|transformer_?blocks?|encoder_?layers?|decoder_?layers?)[_-]?(\d+)$/i;

/**
 * Locates attention modules.
 *
 * @param prefixes What stands before the names of their weights.
 * @returns Towers, layers and kinds.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { locate } from "./names.ts";
 *
 * const { modules } = locate(["encoder.block.0.layer.0.SelfAttention", "decoder.block.0.layer.1.EncDecAttention"]);
 * assertEquals(modules.map(({ tower, kind, layer }) => `${tower} ${kind} ${layer}`), ["encoder  0", "decoder cross 0"]);
 * ```
 */
export function locate(prefixes: readonly string[]): Located {
  const parts = prefixes.map((prefix) => ({ prefix, words: prefix.split(/[./]/) }));
  const layers = new Map<string, number>();
  const counted: string[] = [];
  const places = [
    ...Map.groupBy(parts, ({ words }) => words.map((word) => numberOf(word) === null ? word : "*").join(".")),
  ]
    .flatMap(([pattern, own]) => {
      const at = own[0].words.flatMap((word, index) => numberOf(word) === null ? [] : [index]);
      const counting = at.filter((index) => new Set(own.map(({ words }) => words[index])).size > 1);
      const last = counting.at(-1) ?? at[0] ?? -1;
      const key = (words: readonly string[]) =>
        (counting.length > 0 ? counting : at.slice(0, 1)).map((i) => numberOf(words[i])!);
      const order = own.toSorted((a, b) => compareNumbers(key(a.words), key(b.words)));
      if (counting.length > 1) counted.push(pattern);
      return order.map(({ prefix, words }, index) => {
        const layer = counting.length > 1 ? index : last < 0 ? 0 : numberOf(words[last])!;
        if (last >= 0) layers.set(words.slice(0, last + 1).join("."), layer);
        const stem = words.slice(0, Math.max(0, counting[0] ?? at[0] ?? words.length - 1));
        return { prefix, layer, stem, rest: words.slice(last + 1).join(".") };
      });
    });
  const stems = [...new Set(places.map(({ stem }) => stem.join(".")))];
  const named = places.map(({ prefix, layer, stem, rest }) => {
    const siblings = places.filter((other) => other.layer === layer && other.stem.join(".") === stem.join("."));
    const cross = CROSS.test(rest) || siblings.length > 1 && MAYBE_CROSS.test(rest);
    return { prefix, layer, tower: towerOf(stem, stems), path: stem.join("."), rest, kind: cross ? "cross" : "" };
  });
  const modules = named.map(({ rest, ...module }): ModuleName => {
    const same = named.filter((other) =>
      other.tower === module.tower && other.kind === module.kind && other.layer === module.layer
    );
    return same.length > 1 ? { ...module, kind: [module.kind, rest].filter((word) => word !== "").join(" ") } : module;
  });
  const last = (stem: string) => Number(/(?:^|\.)decoder(?:\.|$)/.test(stem));
  const rank = new Map(stems.toSorted((a, b) => last(a) - last(b)).map((stem, index) => [stem, index]));
  const sorted = modules.toSorted((a, b) =>
    rank.get(a.path)! - rank.get(b.path)! || (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : a.layer - b.layer)
  );
  return { modules: sorted, layers, counted };
}

/**
 * The layer of a weight that is no attention.
 *
 * @param name Name of the weight.
 * @param layers Layers that attention has, by prefix.
 * @returns Its layer, undefined if it is in none.
 */
export function layerOf(name: string, layers: ReadonlyMap<string, number>): number | undefined {
  const words = name.split(/[./]/);
  for (let length = words.length - 1; length > 0; length--) {
    const found = layers.get(words.slice(0, length).join("."));
    if (found !== undefined) return found;
  }
  // Layers without attention, of the same list.
  const stems = new Set([...layers.keys()].map((prefix) => prefix.replace(/\d+$/, "")));
  for (let length = words.length - 1; length > 0; length--) {
    const [, stem, number] = /^(.*?)(\d+)$/.exec(words.slice(0, length).join(".")) ?? [];
    if (stem !== undefined && stems.has(stem)) return Number(number);
  }
  // Beside known lists a number elsewhere counts something else, such as the layers of a classifier.
  if (layers.size > 0) return undefined;
  for (const word of words) {
    const number = numberOf(word);
    if (number !== null) return number;
  }
  return undefined;
}

function numberOf(word: string): number | null {
  const text = /^\d{1,6}$/.test(word) ? word : LISTED.exec(word)?.[1];
  return text === undefined ? null : Number(text);
}

/** The first word in which the stem differs from others, and the next one where several stems have that too. */
function towerOf(stem: readonly string[], stems: readonly string[]): string {
  if (stems.length === 1) return "";
  const words = stems.map((other) => other.split("."));
  let at = 0;
  while (at < stem.length && words.every((other) => other[at] === stem[at])) at++;
  if (at === stem.length) return "main";
  const short = stem[at].replace(/_(?:model|tower|transformer)$/, "");
  const rest = words.filter((other) => other[at] === stem[at]).map((other) => other.slice(at + 1).join("."));
  const more = towerOf(stem.slice(at + 1), rest);
  return more === "" ? short : `${short} ${more}`;
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return 0;
}
