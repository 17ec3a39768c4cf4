/**
 * Changes of matrices since the first step, ΔM = M(t) − M(0).
 *
 * @module
 */
import type { Factors } from "./evaluate.ts";
import type { Family } from "./plan.ts";

/**
 * Sizes of the changes of a family: of products twice the inner width, since A Bᵀ − A₀ B₀ᵀ = [A, −A₀] [B, B₀]ᵀ.
 *
 * @param family Matrices.
 * @returns The same matrices with the sizes of their changes.
 */
export function changeFamily(family: Family): Family {
  const { M, N, D } = family.sizes;
  return family.factored ? { ...family, sizes: { M, N, D: 2 * D } } : family;
}

/**
 * The change of matrices.
 *
 * @param family Matrices, with the sizes they have themselves.
 * @param now Factors at a step.
 * @param first Factors at the first step.
 * @returns Factors of the change.
 */
export function changeOf({ sizes: { M, N, D }, heads, replicas }: Family, now: Factors, first: Factors): Factors {
  if (now.b === undefined || first.b === undefined) return { a: now.a.map((value, index) => value - first.a[index]) };
  const G = heads * replicas;
  const beside = (x: Float32Array, y: Float32Array, rows: number, sign: number) => {
    const out = new Float32Array(2 * x.length);
    for (let row = 0; row < G * rows; row++) {
      for (let j = 0; j < D; j++) {
        out[row * 2 * D + j] = x[row * D + j];
        out[row * 2 * D + D + j] = sign * y[row * D + j];
      }
    }
    return out;
  };
  return { a: beside(now.a, first.a, M, -1), b: beside(now.b, first.b, N, 1) };
}
