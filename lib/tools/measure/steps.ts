/**
 * Steps in names of files and folders.
 *
 * ```txt
 * step-100  step_500k  step=1e3  checkpoint-1.5M  iter_0002B  step-500-epoch-1 (step wins)  model.7 (the only number)
 * ```
 *
 * @module
 */

/** A step that a name tells. */
export interface NamedStep {
  /** The step. */
  readonly step: number;
  /** Another number that the name has, which did not count, as `epoch 1`. */
  readonly besides: string | null;
}

/** Words before a step, the first that is there counts. */
const WORDS = ["steps?", "iter(?:ation)?s?", "(?:checkpoint|ckpt)s?", "tokens?", "epochs?"];
const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, b: 1e9 };
/** Words before a number that is no step. */
const OTHER = /(?:seed|replica|rank|fold|trial|shard|part|version|lr|layer|head)s?[-_=.]?$/i;
const NUMBER = /^(\d+(?:\.\d+)?(?:e\+?\d{1,2})?)([kmb]?)(?![a-z0-9,])/i;

/**
 * Reads the step out of a name.
 *
 * @param name Name without its ending.
 * @returns The step; null for a name without one; undefined for one that is not understood.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { stepIn } from "./steps.ts";
 *
 * assertEquals(stepIn("step-1e3")?.step, 1000);
 * assertEquals(stepIn("ckpt_500k")?.step, 500_000);
 * assertEquals(stepIn("step-500-epoch-1"), { step: 500, besides: "epoch 1" });
 * assertEquals(stepIn("step-12x"), undefined);
 * assertEquals(stepIn("final"), null);
 * ```
 */
export function stepIn(name: string): NamedStep | null | undefined {
  const found: { readonly word: string; readonly step: number }[] = [];
  for (const word of WORDS) {
    for (
      const match of name.matchAll(new RegExp(`(?<![a-z])(?:global|optimizer)?[-_]?(${word})[-_=.]?(?=\\d)`, "gi"))
    ) {
      const step = numberAt(name.slice(match.index + match[0].length));
      if (step === null) return undefined;
      found.push({ word: match[1].toLowerCase(), step });
    }
    const own = found.filter(({ word: other }) => new RegExp(`^${word}$`, "i").test(other));
    if (new Set(own.map(({ step }) => step)).size > 1) return undefined;
  }
  if (found.length > 0) {
    const others = found.filter(({ word }) => word !== found[0].word);
    const besides = others.map(({ word, step }) => `${word} ${step}`).join(", ");
    return { step: found[0].step, besides: besides === "" ? null : besides };
  }
  const runs = [...name.matchAll(/(?<![a-z\d])\d[\w.,]*|\d+/gi)];
  if (runs.length === 0) return null;
  const alone = runs.length === 1 && !OTHER.test(name.slice(0, runs[0].index));
  const step = alone ? numberAt(runs[0][0]) : null;
  return step === null ? undefined : { step, besides: null };
}

/**
 * Reads a whole step, such as `1500`, `1e3` or `2.5M`.
 *
 * @param text Text that begins with it.
 * @returns The step; null if it is none, or no whole number.
 */
export function numberAt(text: string): number | null {
  const match = NUMBER.exec(text);
  if (match === null) return null;
  const value = Number(match[1]) * UNITS[match[2].toLowerCase()];
  const step = Math.round(value);
  return Math.abs(value - step) < 1e-6 * Math.max(1, step) && Number.isSafeInteger(step) ? step : null;
}
