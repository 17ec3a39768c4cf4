/** Spreading rows over invocations, for kernels that reduce rows. */
import { currentGpu } from "../../lib/gpu/device.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";

/** Options of kernels that reduce rows. */
export interface RowOptions {
  /**
   * Invocations that share a row, a power of two up to 64. By default 1 on a software adapter, where every load costs
   * the same and barriers are dear, and 16 on a GPU, whose neighbouring invocations should read neighbouring numbers;
   * more for rows of which one would have to sum more than 512 elements.
   */
  readonly lanes?: number;
}

/** Times that a kernel passes through a row. */
const SWEEPS = 3;
/** Lanes of a workgroup. */
const MOST = 64;

/** Summands that an invocation should take at most: each may cost a rounding. */
const SPAN = 512;

function summands(C: number, lanes: number): number {
  return Math.ceil((C % 4 === 0 ? C / 4 : C) / lanes);
}

/**
 * Chooses the number of invocations that share a row: the same for any number of rows, so that replicas have the same
 * bits alone.
 *
 * @param label Operation; stands in the error message.
 * @param C Numbers in a row.
 * @param options How many are asked for; by default more for long rows, whose sums are then more accurate.
 * @returns A power of two up to 64.
 * @throws {ShapeError} On a software adapter, if a row is too long even so.
 */
export function lanesPerRow(label: string, C: number, { lanes }: RowOptions): number {
  let chosen = lanes ?? (currentGpu().adapter.software ? 1 : 16);
  while (lanes === undefined && chosen < MOST && summands(C, chosen) > SPAN) chosen *= 2;
  checkLoopIterations(label, SWEEPS * (summands(C, chosen) + 1));
  return chosen;
}
