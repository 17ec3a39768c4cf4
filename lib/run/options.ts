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
  /** Meaning of the option. */
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
export function numbers(
  fallback: readonly number[],
  about: Domain & ListDomain & Described,
): Option<readonly number[]> {
  return list(fallback, { ...about, of: "numbers", accepts: Number.isFinite });
}

/** Conditions on a list of whole numbers beside the domain of its entries. */
export interface ListDomain {
  /** Whether no number comes twice. */
  readonly distinct?: boolean;
  /** Whether every number is larger than the one before. */
  readonly ascending?: boolean;
  /** Smallest number of entries; 1 unless given. */
  readonly entries?: number;
}

/**
 * A comma-separated list of one or more whole numbers.
 *
 * @param fallback Default entries.
 * @param about Domain of an entry and of the list, and one line of help.
 * @returns An option with lists of safe integers.
 *
 * @example
 * ```ts
 * import { integers } from "./options.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const depths = integers([1, 2, 4], { min: 1, distinct: true, help: "layers of each model" });
 * assertEquals(depths.parse("2,8"), [2, 8]);
 * assertThrows(() => depths.parse("2,2"));
 * ```
 */
export function integers(
  fallback: readonly number[],
  about: Domain & ListDomain & Described,
): Option<readonly number[]> {
  return list(fallback, { ...about, of: "integers", accepts: Number.isSafeInteger });
}

function list(
  fallback: readonly number[],
  about: Domain & ListDomain & Described & {
    readonly of: string;
    readonly accepts: (value: number) => boolean;
  },
): Option<readonly number[]> {
  const { of, accepts, distinct = false, ascending = false, entries = 1, help } = about;
  const kind = ascending ? "ascending " : distinct ? "distinct " : "";
  const least = entries === 1 ? "" : ` of at least ${entries}`;
  return {
    fallback,
    expected: `a comma-separated list${least}${least === "" ? " of" : ""} ${kind}${of}${inWords(about)}`,
    help,
    flag: false,
    parse: (text) => {
      const parts = text.split(",");
      const refuse = (index: number) => {
        throw new Mismatch(`${JSON.stringify(parts[index])} as entry ${index + 1} of ${JSON.stringify(text)}`);
      };
      const values = parts.map((entry, index) => {
        try {
          return parseNumber(entry, about, accepts);
        } catch {
          return refuse(index);
        }
      }) as number[];
      values.forEach((value, index) => {
        if (ascending && index > 0 && value <= values[index - 1]) refuse(index);
        if (distinct && values.indexOf(value) < index) refuse(index);
      });
      if (values.length < entries) throw new Mismatch(JSON.stringify(text));
      return values;
    },
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
 * A switch, as `--png`. One that is on unless told otherwise is switched off by `--no-NAME` or `--NAME=false`.
 *
 * @param help One line of help; of a switch that is on, a noun phrase: it is printed behind "without".
 * @param on Whether it is on unless told otherwise; default false.
 * @returns An option with truth values.
 *
 * @example
 * ```ts
 * import { flag } from "./options.ts";
 *
 * if (!flag("controls beside the main replicas", true).fallback) throw new Error("not on");
 * ```
 */
export function flag(help: string, on = false): Option<boolean> {
  return {
    fallback: on,
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
