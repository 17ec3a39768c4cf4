/** Finding the statements of a WGSL text that store an array's elements. */

/** A statement `NAME[index] = value;` of a text. */
export interface Store {
  /** Its first character, and the one after its semicolon. */
  readonly from: number;
  readonly to: number;
  /** Text of the index and of the value. */
  readonly index: string;
  readonly value: string;
}

const BINDING = /^[^\n]*@binding\([^\n]*$/gm;
const COMMENT = /\/\/[^\n]*/g;

/**
 * Finds all stores of an array.
 *
 * @param texts WGSL files.
 * @param name The array.
 * @returns Stores of each text, or null if there are none, or the array is used in another way: then nothing can be said.
 *
 * @example
 * ```ts
 * import { storesOf } from "./stores.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [[store]] = storesOf(["if (i < n) { y[i + a[0]] = f(x[i]); }"], "y")!;
 * assertEquals([store.index, store.value], ["i + a[0]", "f(x[i])"]);
 * assertEquals(storesOf(["y[i] += x[i];"], "y"), null);
 * ```
 */
export function storesOf(texts: readonly string[], name: string): Store[][] | null {
  const mention = new RegExp(`(?<![\\w.])${name}(?!\\w)`, "g");
  const found: Store[][] = [];
  for (const text of texts) {
    // Of the same length, so that places are those of the text.
    const blank = (part: string) => " ".repeat(part.length);
    const bare = text.replaceAll(BINDING, blank).replaceAll(COMMENT, blank);
    const stores: Store[] = [];
    for (const { index: from } of bare.matchAll(mention)) {
      const store = storeAt(bare, from, name.length);
      if (!store) return null;
      stores.push(store);
    }
    found.push(stores);
  }
  return found.some((stores) => stores.length > 0) ? found : null;
}

function storeAt(text: string, from: number, length: number): Store | null {
  const open = from + length;
  if (text[open] !== "[") return null;
  let depth = 0;
  let close = open;
  for (; close < text.length; close++) {
    if (text[close] === "[") depth++;
    if (text[close] === "]" && --depth === 0) break;
  }
  const assigned = /^\s*=(?!=)\s*([^;]*);/.exec(text.slice(close + 1));
  if (!assigned) return null;
  return { from, to: close + 1 + assigned[0].length, index: text.slice(open + 1, close), value: assigned[1] };
}
