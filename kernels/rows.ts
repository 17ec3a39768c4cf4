/** How kernels that reduce rows spread them over invocations. */
import { currentGpu } from "../lib/gpu/device.ts";

/** How rows are spread over invocations. */
export interface RowOptions {
  /**
   * Invocations that share a row, a power of two up to 64. By default 1 on a software adapter, where every load costs the
   * same and barriers are dear, and 16 on a GPU, whose neighbouring invocations should read neighbouring numbers.
   */
  readonly lanes?: number;
}

/**
 * Invocations that share a row by default; the same for any number of rows, so that replicas have the same bits alone.
 *
 * @returns 1 or 16.
 */
export function lanesPerRow(): number {
  return currentGpu().adapter.software ? 1 : 16;
}
