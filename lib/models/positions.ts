/** Positions as vectors. */

/**
 * Sinusoidal positions: `p[t, 2k] = sin(t / 10000^(2k/C))`, `p[t, 2k + 1] = cos(t / 10000^(2k/C))` (Vaswani et al. 2017).
 *
 * @param length Number of positions T.
 * @param width Width C.
 * @returns Row-major (T, C), in [−1, 1].
 *
 * @example
 * ```ts
 * import { sinusoidalPositions } from "./positions.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...sinusoidalPositions(2, 2)], [0, 1, Math.fround(Math.sin(1)), Math.fround(Math.cos(1))]);
 * ```
 */
export function sinusoidalPositions(length: number, width: number): Float32Array {
  return Float32Array.from({ length: length * width }, (_, index) => {
    const [t, c] = [Math.floor(index / width), index % width];
    const angle = t / 10_000 ** (2 * Math.floor(c / 2) / width);
    return c % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
}
