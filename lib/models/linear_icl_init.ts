/** Where training starts: parameters of one replica of `LinearIcl`. */
import { normals } from "../random/random.ts";

/**
 * An aligned start: p2 = q1 = `scale` · I in the eigenbasis, every other entry 0.
 *
 * @param dimension D.
 * @param scale Initial value ε of every mode's p and q.
 * @returns W_P then W_Q, row-major (2, 2D, 2D).
 */
export function alignedInit(dimension: number, scale: number): Float32Array {
  const W = 2 * dimension;
  const init = new Float32Array(2 * W * W);
  for (let mode = 0; mode < dimension; mode++) {
    init[(dimension + mode) * W + dimension + mode] = scale;
    init[W * W + mode * W + mode] = scale;
  }
  return init;
}

/**
 * An unaligned start: entries from N(0, scale²).
 *
 * Commuting tasks are symmetric, so p1 and q2 can take over the part of p2 and q1 (`p1 Σ̂ Wᵀ q2 = p1 Σ̂ W q2`): which
 * pair wins a mode depends on the start. By default the null blocks p1 and q2 start at zero and stay out of it.
 *
 * @param dimension D.
 * @param scale Standard deviation.
 * @param seed Seed of the replica.
 * @param blocks `learning`: p2 and q1 only; `all`: every entry of W_P and W_Q.
 * @returns W_P then W_Q, row-major (2, 2D, 2D).
 */
export function randomInit(
  dimension: number,
  scale: number,
  seed: number,
  blocks: "learning" | "all" = "learning",
): Float32Array {
  const W = 2 * dimension;
  const draws = normals({ seed, key: "init" }, 2 * W * W);
  return Float32Array.from(draws, (value, index) => {
    const [row, column] = [Math.floor(index / W) % W, index % W];
    const learning = index < W * W ? row >= dimension && column >= dimension : row < dimension && column < dimension;
    return blocks === "all" || learning ? scale * value : 0;
  });
}
