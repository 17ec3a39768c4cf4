/**
 * The kinds of option: whole numbers, numbers, lists, words, switches, each with its domain.
 *
 * @module
 */
import { Mismatch, type Option } from "./option.ts";

/** The domain of a number. Bounds are inclusive but for `above` and `below`. */
export interface Domain {
  /** Smallest value allowed. */
  readonly min?: number;
  /** Largest value allowed. */
  readonly max?: number;
  /** Values must be larger than this. */
  readonly above?: number;
  /** Values must be smaller than this. */
  readonly below?: number;
}

/** One line of help, with the unit. */
export interface Described {
  /** What the option means. */
  readonly help: string;
}

/**
 * A whole number. `1e6` is read as a million.
 *
 * @param fallback Default, inside the domain.
 * @param about Domain and one line of help.
 * @returns An option with values in the safe integers.
 */
export function integer(fallback: number, about: Domain & Described): Option<number> {
  const expected = `an integer${inWords(about)}`;
  return {
    fallback,
    expected,
    help: about.help,
    flag: false,
    parse: (text) => parseNumber(text, about, Number.isSafeInteger),
    show: String,
  };
}

/**
 * A finite number.
 *
 * @param fallback Default, inside the domain.
 * @param about Domain and one line of help.
 * @returns An option with finite values.
 *
 * @example
 * ```ts
 * import { number } from "./options.ts";
 *
 * const lr = number(0.01, { above: 0, help: "learning rate" });
 * if (lr.parse("1e-3") !== 0.001) throw new Error("not read");
 * ```
 */
export function number(fallback: number, about: Domain & Described): Option<number> {
  const expected = `a number${inWords(about)}`;
  return {
    fallback,
    expected,
    help: about.help,
    flag: false,
    parse: (text) => parseNumber(text, about, Number.isFinite),
    show: String,
  };
}

/**
 * A comma-separated list of one or more finite numbers.
 *
 * @param fallback Default entries, each inside the domain.
 * @param about Domain of an entry and one line of help.
 * @returns An option with non-empty lists.
 */
export function numbers(fallback: readonly number[], about: Domain & Described): Option<readonly number[]> {
  return {
    fallback,
    expected: `a comma-separated list of numbers${inWords(about)}`,
    help: about.help,
    flag: false,
    parse: (text) =>
      text.split(",").map((entry, index) => {
        try {
          return parseNumber(entry, about, Number.isFinite);
        } catch {
          throw new Mismatch(`${JSON.stringify(entry)} as entry ${index + 1} of ${JSON.stringify(text)}`);
        }
      }),
    show: (value) => value.join(","),
  };
}

/**
 * One of some words.
 *
 * @param words The words allowed; the first is the default.
 * @param about One line of help, and another default if wanted.
 * @returns An option whose values are exactly these words.
 */
export function choice<const W extends string>(
  words: readonly W[],
  about: Described & { readonly fallback?: NoInfer<W> },
): Option<W> {
  return {
    fallback: about.fallback ?? words[0],
    expected: `one of ${words.join("|")}`,
    help: about.help,
    flag: false,
    parse: (text) => {
      const word = words.find((known) => known === text);
      if (word === undefined) throw new Mismatch(JSON.stringify(text));
      return word;
    },
    show: (value) => value,
  };
}

/**
 * A whole number or one word that stands for something a number cannot say, as in `--pool=64|fresh`.
 *
 * @param fallback Default: a number inside the domain, or the word.
 * @param about The word, the domain of the number, and one line of help.
 * @returns An option with values in the integers and the word.
 */
export function integerOr<const W extends string>(
  fallback: number | NoInfer<W>,
  about: Domain & Described & { readonly word: W },
): Option<number | W> {
  return {
    fallback,
    expected: `an integer${inWords(about)} or "${about.word}"`,
    help: about.help,
    flag: false,
    parse: (text) => text === about.word ? about.word : parseNumber(text, about, Number.isSafeInteger),
    show: String,
  };
}

/**
 * A text, such as the name of a file; not empty.
 *
 * @param fallback Default.
 * @param about One line of help.
 * @returns An option with any text but the empty one as its value.
 *
 * @example
 * ```ts
 * import { text } from "./options.ts";
 *
 * if (text("none", { help: "file" }).parse("a b") !== "a b") throw new Error("not read");
 * ```
 */
export function text(fallback: string, about: Described): Option<string> {
  const parse = (text: string) => {
    if (text === "") throw new Mismatch('""');
    return text;
  };
  return { fallback, expected: "a text", help: about.help, flag: false, parse, show: (value) => value };
}

/**
 * A switch that is off unless given.
 *
 * @param help One line of help.
 * @returns An option whose default is `false`.
 */
export function flag(help: string): Option<boolean> {
  return {
    fallback: false,
    expected: "given alone",
    help,
    flag: true,
    parse: (text) => {
      if (text !== "true" && text !== "false") throw new Mismatch(JSON.stringify(text));
      return text === "true";
    },
    show: String,
  };
}

const NUMERAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function parseNumber(text: string, domain: Domain, accepts: (value: number) => boolean): number {
  const value = NUMERAL.test(text.trim()) ? Number(text) : NaN;
  const inside = accepts(value) && value >= (domain.min ?? -Infinity) && value <= (domain.max ?? Infinity) &&
    value > (domain.above ?? -Infinity) && value < (domain.below ?? Infinity);
  if (!inside) throw new Mismatch(JSON.stringify(text));
  return value;
}

function inWords(domain: Domain): string {
  const bounds = [
    domain.min === undefined ? "" : `≥ ${domain.min}`,
    domain.above === undefined ? "" : `> ${domain.above}`,
    domain.max === undefined ? "" : `≤ ${domain.max}`,
    domain.below === undefined ? "" : `< ${domain.below}`,
  ].filter((bound) => bound !== "");
  return bounds.length === 0 ? "" : ` ${bounds.join(" and ")}`;
}
