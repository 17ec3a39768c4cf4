/** Products on the CPU, in float64. */
import { ShapeError } from "../../gpu/errors.ts";
import { addProducts, copyColumns } from "./products.ts";
import { workspace } from "./workspace.ts";

/**
 * `A Bᵀ` on the CPU, in float64.
 *
 * @example
 * ```ts
 * import { hostProduct } from "./host_product.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...hostProduct([1, 2, 3, 4], [5, 6], 2)], [17, 39]);
 * ```
 *
 * @param a Rows (M, K), row-major.
 * @param b Rows (N, K), row-major.
 * @param K Entries of a row.
 * @returns Product (M, N), row-major.
 * @throws {ShapeError} If the rows are not whole.
 */
export function hostProduct(a: ArrayLike<number>, b: ArrayLike<number>, K: number): Float64Array {
  const [M, N] = [a.length / K, b.length / K];
  if (!Number.isInteger(M) || !Number.isInteger(N)) {
    throw new ShapeError(`hostProduct: expected whole rows of ${K} entries, found ${a.length} and ${b.length} entries`);
  }
  const space = workspace();
  return space.scope(() => {
    const [left, right, product] = [space.zeros(M, K), space.zeros(N, K), space.zeros(M, N)];
    copyColumns(space, left, a, K);
    copyColumns(space, right, b, K);
    addProducts(space, product, left, right);
    const out = new Float64Array(M * N);
    for (let i = 0; i < M; i++) {
      const from = product.at / 8 + i * product.ld / 8;
      out.set(space.numbers.subarray(from, from + N), i * N);
    }
    return out;
  });
}
