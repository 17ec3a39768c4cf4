/** Products of matrices in a workspace. */
import type { Stored, Workspace } from "./workspace.ts";

/** Numbers of a row that are summed at a time, and rows of the second factor that stay in a core's cache meanwhile. */
const [DEPTH, BLOCK] = [256, 96];
const NUMBER = 8;

/**
 * Adds `A Bᵀ` to C.
 *
 * @param space Where they lie.
 * @param c Sums (M, N).
 * @param a Rows (M, K).
 * @param b Rows (N, K).
 * @param part `lower` leaves out blocks above the diagonal.
 */
export function addProducts(space: Workspace, c: Stored, a: Stored, b: Stored, part: "all" | "lower" = "all"): void {
  const bytes = Math.ceil(a.columns / 4) * 4 * NUMBER;
  for (let k = 0; k < bytes; k += DEPTH * NUMBER) {
    const depth = Math.min(DEPTH * NUMBER, bytes - k);
    for (let j = 0; j < b.rows; j += BLOCK) {
      const first = part === "lower" ? j : 0;
      space.loops.addProducts(
        a.at + first * a.ld + k,
        b.at + j * b.ld + k,
        c.at + first * c.ld + j * NUMBER,
        a.rows - first,
        Math.min(BLOCK, b.rows - j),
        depth,
        a.ld,
        b.ld,
        c.ld,
      );
    }
  }
}

/**
 * `A Aᵀ`, added to C.
 *
 * @param space Where they lie.
 * @param c Sums (M, M); right on and below the diagonal, until {@linkcode mirror}.
 * @param a Rows (M, K).
 */
export function addGram(space: Workspace, c: Stored, a: Stored): void {
  addProducts(space, c, a, a, "lower");
}

/** Copies what is below the diagonal to above. */
export function mirror({ numbers }: Workspace, { at, rows, ld }: Stored): void {
  const [from, stride] = [at / NUMBER, ld / NUMBER];
  const TILE = 32;
  for (let top = 0; top < rows; top += TILE) {
    for (let left = 0; left <= top; left += TILE) {
      for (let i = top; i < Math.min(rows, top + TILE); i++) {
        for (let j = left; j < Math.min(i, left + TILE); j++) {
          numbers[from + j * stride + i] = numbers[from + i * stride + j];
        }
      }
    }
  }
}

/**
 * Copies a stretch of a matrix's columns.
 *
 * @param space Where it is copied to.
 * @param to Rows (M, N).
 * @param values Matrix (M, `width`), row-major.
 * @param width Its columns.
 * @param first First column that is copied.
 */
export function copyColumns(
  { numbers }: Workspace,
  { at, rows, columns, ld }: Stored,
  values: ArrayLike<number>,
  width: number,
  first = 0,
): void {
  for (let i = 0; i < rows; i++) {
    const [to, from] = [at / NUMBER + i * ld / NUMBER, i * width + first];
    for (let j = 0; j < columns; j++) numbers[to + j] = values[from + j];
  }
}

/**
 * Copies a stretch of a matrix's rows, as columns.
 *
 * @param space Where it is copied to.
 * @param to Rows (N, M): as many columns as rows are copied.
 * @param values Matrix (·, N), row-major.
 * @param first First row that is copied.
 */
export function copyRows(
  { numbers }: Workspace,
  { at, rows, columns, ld }: Stored,
  values: ArrayLike<number>,
  first = 0,
): void {
  const [start, stride] = [at / NUMBER, ld / NUMBER];
  const TILE = 16;
  for (let top = 0; top < columns; top += TILE) {
    for (let left = 0; left < rows; left += TILE) {
      const [bottom, right] = [Math.min(columns, top + TILE), Math.min(rows, left + TILE)];
      for (let j = left; j < right; j++) {
        const to = start + j * stride;
        for (let i = top; i < bottom; i++) numbers[to + i] = values[(first + i) * rows + j];
      }
    }
  }
}
