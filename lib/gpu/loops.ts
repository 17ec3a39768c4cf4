/** A limit of software drivers that they do not report. */
import { currentGpu } from "./device.ts";
import { ShapeError } from "./errors.ts";

/**
 * Loop iterations after which Mesa's llvmpipe and lavapipe silently end the loops of an invocation.
 *
 * They count all loops of an invocation together; loops written out by `// unroll` do not count. Nothing is reported:
 * the kernel goes on with whatever its variables hold by then.
 */
export const MAX_LOOP_ITERATIONS = 65_535;

/**
 * Refuses a kernel call whose loops a software driver would cut short; a no-op on a real GPU.
 *
 * Call it on the host wherever a loop bound is not a small constant: a number of tokens, a batch, a matrix's inner size.
 *
 * @param label Kernel whose loops they are; stands in the error message.
 * @param iterations Most iterations that one invocation makes, summed over all its loops that are not unrolled.
 * @param software Whether the driver runs on the CPU; by default that of the open device.
 * @throws {ShapeError} If a software driver would stop early.
 *
 * @example
 * ```ts
 * import { checkLoopIterations } from "./loops.ts";
 * import { ShapeError } from "./errors.ts";
 * import { assertThrows } from "@std/assert";
 *
 * checkLoopIterations("sum", 65_535, true);
 * checkLoopIterations("sum", 65_536, false);
 * assertThrows(() => checkLoopIterations("sum", 65_536, true), ShapeError, "expected at most 65535 loop iterations");
 * ```
 */
export function checkLoopIterations(
  label: string,
  iterations: number,
  software: boolean = currentGpu().adapter.software,
): void {
  // Written so that NaN is refused too.
  if (!software || iterations <= MAX_LOOP_ITERATIONS) return;
  throw new ShapeError(
    `${label}: expected at most ${MAX_LOOP_ITERATIONS} loop iterations per invocation on a software adapter, ` +
      `found ${iterations}: spread the work over more workgroups or dispatches, or unroll inner loops`,
  );
}
