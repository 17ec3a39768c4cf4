/** Numbers in ascending order. */
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { argsort } from "./argsort.ts";
import { embedding } from "./embedding.ts";

/**
 * Sorts each row: `y[…, k] ≤ y[…, k + 1]`. The gradient of a number goes back to its place. Costs C² comparisons a row of C.
 *
 * @param x Any shape (…, C), finite; C ≤ 65 535 on a software adapter.
 * @returns The same numbers in ascending order (…, C).
 *
 * @example
 * ```ts
 * import { openGpu } from "../../lib/gpu/device.ts";
 * import { evaluate } from "../../lib/gpu/program.ts";
 * import { Tensor } from "../../lib/gpu/tensor.ts";
 * import { sort } from "./sort.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using x = Tensor.from([3, -1, 2, 2], [1, 4]);
 * using y = await evaluate(() => sort(x));
 * assertEquals([...await y.read()], [-1, 2, 2, 3]);
 * ```
 */
export function sort(x: Tensor): Tensor {
  const C = x.shape.at(-1) ?? 1;
  const rows = [x.size / C, C];
  return embedding(argsort(x).reshape(rows), x.reshape([...rows, 1])).reshape(x.shape);
}
