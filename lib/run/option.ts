/**
 * Options of an experiment as a typed literal: each has a default, a domain, and one line of help.
 *
 * The type of every value follows from the literal, and one parser serves defaults, presets and the command line,
 * so a preset cannot hold what `--key=value` would refuse.
 *
 * @module
 */

/** One option: its default, its domain in words, and how text becomes a value of it. */
export interface Option<T> {
  /** Value where neither a preset nor the command line gives one. */
  readonly fallback: T;
  /** The domain in words, completing "expected --key to be …". */
  readonly expected: string;
  /** Meaning of the option, with its unit. */
  readonly help: string;
  /** Placeholder of a value in the help, as in `--out=FILE`; made from the domain, which is then told, unless given. */
  readonly placeholder?: string;
  /** Whether the option stands alone (`--png`) instead of taking a value. */
  readonly flag: boolean;
  /** Text to value. @throws {Mismatch} If the text is outside the domain. */
  parse(text: string): T;
  /** Value to the text that {@linkcode Option.parse} reads back. */
  show(value: T): string;
}

/** The options of an experiment by their names on the command line. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** The values of a set of options. */
export type Configuration<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** Named partial configurations. */
export type Presets<O extends Options> = Readonly<Record<string, Partial<Configuration<O>>>>;

/** A text outside an option's domain; `found` is the offending part as the user wrote it. */
export class Mismatch extends Error {
  /**
   * A mismatch.
   *
   * @param found The offending part, quoted.
   */
  constructor(readonly found: string) {
    super(`found ${found}`);
    this.name = "Mismatch";
  }
}
