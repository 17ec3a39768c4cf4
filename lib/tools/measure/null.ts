/**
 * The null of a curve: the same measure of matrices with the same entries in random places.
 *
 * @module
 */
import { words } from "../../random/random.ts";
import type { Factors } from "./evaluate.ts";
import type { Family } from "./plan.ts";

/** Name of the null among theories. */
export const PERMUTED = "entries permuted";
/** Name of the largest range, at the last step, that a curve has by chance: that of as many draws of the null. */
export const CHANCE = "largest range of entries permuted";

/**
 * Permutes the entries of every matrix, of each of its factors apart, so that shape, norm and rank stay.
 *
 * @param family Matrices.
 * @param factors Their factors.
 * @param seed Root of the random streams.
 * @param draw Which of several permutations.
 * @returns Factors with the same entries.
 */
export function permuted(family: Family, { a, b }: Factors, seed: number, draw: number): Factors {
  const { heads, replicas, series } = family;
  const shuffled = (values: Float32Array, side: string) => {
    const out = values.slice();
    const each = values.length / (heads * replicas);
    for (let g = 0; g < heads * replicas; g++) {
      const key = `${PERMUTED} ${family.name} ${series[g % heads]} ${side}`;
      const [word] = words({ seed, key, step: draw, item: g }, 1);
      shuffle(out.subarray(g * each, (g + 1) * each), word);
    }
    return out;
  };
  return b === undefined ? { a: shuffled(a, "a") } : { a: shuffled(a, "a"), b: shuffled(b, "b") };
}

/** Fisher–Yates with a hash of each index: millions of entries take milliseconds, which the project's own streams would not. */
function shuffle(values: Float32Array, seed: number): void {
  for (let i = values.length - 1; i > 0; i--) {
    let x = (seed + Math.imul(i, 0x9e3779b9)) >>> 0;
    x = Math.imul(x ^ x >>> 16, 0x21f0aaad);
    x = Math.imul(x ^ x >>> 15, 0x735a2d97);
    const j = Math.floor(((x ^ x >>> 15) >>> 0) / 2 ** 32 * (i + 1));
    [values[i], values[j]] = [values[j], values[i]];
  }
}

/** From this many entries on a measure hardly scatters, and a draw costs as much as a checkpoint: spectra alone are drawn. */
export const LARGE = 1 << 16;

/**
 * Steps at which the null is measured: the first, one in the middle (of small matrices), and the last, this one several
 * times, which tells how far it scatters.
 *
 * @param steps Number of steps.
 * @param entries Entries of a matrix: fewer draws of large ones.
 * @returns Indices, ascending, and which draw.
 */
export function nullDraws(steps: number, entries: number): { readonly index: number; readonly draw: number }[] {
  const middle = entries < LARGE ? [Math.floor((steps - 1) / 2)] : [];
  const indices = [...new Set([0, ...middle, steps - 1])];
  const more = entries < LARGE ? 5 : 1;
  const last = Array.from({ length: more }, (_, k) => ({ index: steps - 1, draw: indices.length + k }));
  return [...indices.map((index, draw) => ({ index, draw })), ...last];
}

/**
 * Largest range of a curve that only scatters as its null does, in all but one of about a thousand curves: that quantile of
 * the range of T normal numbers, within a few per cent, wider where few draws tell the deviation, as of Student's t.
 *
 * @param T Number of checkpoints.
 * @param deviation Standard deviation of the null.
 * @param freedom Degrees of freedom that it is estimated with.
 * @returns The range.
 */
export function chanceRange(T: number, deviation: number, freedom = Infinity): number {
  return (4.3 + 0.66 * Math.log(Math.max(2, T))) * deviation * Math.exp(3.7 / freedom);
}
