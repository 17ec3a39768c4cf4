/** From arrays of all heads to numbers of one place. */
import type { Place } from "./measurements.ts";

/**
 * Splits values of all heads by place, for `run.measure`.
 *
 * @param values By quantity: values (R, L, H), replicas first, in float32 or rounded to it.
 * @param sizes Layers L and heads H of each.
 * @returns Of every head, layer by layer: its place, and the values (R) by quantity.
 * @throws {RangeError} If values are not those of all heads of whole replicas.
 *
 * @example
 * ```ts
 * import { byHead } from "./by_head.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // Two replicas of one layer with two heads.
 * assertEquals([...byHead({ norm: [1, 2, 3, 4] }, { layers: 1, heads: 2 })], [
 *   [{ layer: 0, head: 0 }, { norm: Float32Array.of(1, 3) }],
 *   [{ layer: 0, head: 1 }, { norm: Float32Array.of(2, 4) }],
 * ]);
 * ```
 */
export function* byHead(
  values: Readonly<Record<string, ArrayLike<number>>>,
  { layers, heads }: { readonly layers: number; readonly heads: number },
): Generator<[Required<Pick<Place, "layer" | "head">>, Record<string, Float32Array>]> {
  const H = layers * heads;
  for (const [quantity, { length }] of Object.entries(values)) {
    if (length % H !== 0) throw new RangeError(`byHead: expected "${quantity}" of ${H} heads, found ${length} numbers`);
  }
  for (let h = 0; h < H; h++) {
    const own = Object.entries(values).map(([quantity, all]) => [
      quantity,
      Float32Array.from({ length: all.length / H }, (_, r) => all[r * H + h]),
    ]);
    yield [{ layer: Math.floor(h / heads), head: h % heads }, Object.fromEntries(own)];
  }
}
