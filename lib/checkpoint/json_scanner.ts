/**
 * JSON of a known form, read strictly: what the form does not foresee is an error at the place where it stands.
 *
 * `JSON.parse` builds whatever it is given and keeps the last of two equal keys. This reader goes as deep as its caller
 * asks for values and no deeper, keeps nothing that is not asked for, and refuses a key that comes twice.
 *
 * @module
 */
import { quoted } from "./checkpoint_error.ts";

/** Ends the reading: what was expected, and what stood there. */
export type Fail = (expected: string, found: string) => never;

/** Reads values in the order in which they stand in a text. */
export class JsonScanner {
  readonly #text: string;
  readonly #fail: Fail;
  #at = 0;

  /**
   * @param text The JSON text.
   * @param fail Called at the first thing that is not as expected; must throw.
   */
  constructor(text: string, fail: Fail) {
    this.#text = text;
    this.#fail = fail;
  }

  /**
   * An object; `entry` reads the value of each key.
   *
   * @param what What the object is, for errors.
   * @param entry Must read exactly one value.
   */
  object(what: string, entry: (key: string) => void): void {
    const seen = new Set<string>();
    this.#expect("{", `${what} to be an object`);
    if (this.#skip("}")) return;
    do {
      const key = this.text(`a key of ${what}`);
      if (seen.has(key)) this.#fail(`keys of ${what} once each`, `${quoted(key)} twice`);
      seen.add(key);
      this.#expect(":", `":" after key ${quoted(key)} of ${what}`);
      entry(key);
    } while (this.#skip(","));
    this.#expect("}", `"," or "}" in ${what}`);
  }

  /**
   * A list of whole numbers in [0, 2⁵³).
   *
   * @param what What the list is, for errors.
   * @param longest How many there may be.
   * @returns The numbers.
   */
  naturals(what: string, longest: number): number[] {
    const values: number[] = [];
    this.#expect("[", `${what} to be a list`);
    if (this.#skip("]")) return values;
    do {
      if (values.length === longest) this.#fail(`${what} of at most ${longest} numbers`, "more");
      values.push(this.#natural(what));
    } while (this.#skip(","));
    this.#expect("]", `"," or "]" in ${what}`);
    return values;
  }

  /**
   * A text without lone surrogates.
   *
   * @param what What the text is, for errors.
   * @returns The text, unescaped.
   */
  text(what: string): string {
    this.#expect('"', `${what} to be a text`);
    const start = this.#at - 1;
    let end = start;
    do {
      end = this.#text.indexOf('"', end + 1);
      if (end === -1) this.#fail(`${what} to end with a quote`, "the end of the text");
    } while (this.#isEscaped(end));
    this.#at = end + 1;
    let value = "";
    try {
      value = JSON.parse(this.#text.slice(start, this.#at));
    } catch {
      this.#fail(`${what} to be a text`, quoted(this.#text.slice(start, Math.min(this.#at, start + 41))));
    }
    if (!value.isWellFormed()) this.#fail(`${what} of whole Unicode characters`, "half a surrogate pair");
    return value;
  }

  /** The end; only white space may follow. */
  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail("nothing after the JSON", this.#here());
  }

  #natural(what: string): number {
    this.#skipSpace();
    const start = this.#at;
    // One digit more than the largest safe integer has: what is longer is refused without being read to its end.
    while (this.#at - start < 17 && this.#text[this.#at] >= "0" && this.#text[this.#at] <= "9") this.#at++;
    const digits = this.#text.slice(start, this.#at);
    const value = Number(digits);
    const goesOn = /^[\d.eE]/.test(this.#text.slice(this.#at, this.#at + 1));
    if (!/^(0|[1-9]\d*)$/.test(digits) || goesOn || !Number.isSafeInteger(value)) {
      this.#at = start;
      this.#fail(`${what} to hold whole numbers in [0, 2^53)`, this.#here());
    }
    return value;
  }

  #isEscaped(quote: number): boolean {
    let slashes = 0;
    while (this.#text[quote - 1 - slashes] === "\\") slashes++;
    return slashes % 2 === 1;
  }

  #expect(mark: string, expected: string): void {
    if (!this.#skip(mark)) this.#fail(expected, this.#here());
  }

  #skip(mark: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    while (" \t\n\r".includes(this.#text[this.#at] ?? "x")) this.#at++;
  }

  #here(): string {
    const rest = this.#text.slice(this.#at, this.#at + 41);
    return rest === "" ? "the end of the text" : `${quoted(rest)} at character ${this.#at}`;
  }
}
