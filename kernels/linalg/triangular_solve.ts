/** Forward substitution on packed matrices. */
import { currentGpu } from "../../lib/gpu/device.ts";
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations, MAX_LOOP_ITERATIONS } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import code from "./triangular_solve.wgsl" with { type: "text" };

const steps: KernelOf<"t" | "y", never, "start" | "end"> = kernel({
  label: "triangularSolve",
  code: { "kernels/linalg/triangular_solve.wgsl": code },
  inputs: { t: ["B", "N", "N"], y: ["B", "C", "N"] },
  outputs: {},
  scalars: ["start", "end"],
  groups: ({ B, C, COLUMNS }) => Math.ceil(B * Math.ceil(C / COLUMNS) / 8),
});

/**
 * Solves `t x = y` for lower triangular t: `y[b,c,i] ← (y[b,c,i] − Σ_{k<i} t[b,i,k] y[b,c,k]) / t[b,i,i]`.
 *
 * @param t Lower triangles (B, N, N), N a multiple of 4 and the diagonal of the padding 1.
 * @param y Right-hand sides as rows (B, C, N); updated.
 */
export function substitute(t: Tensor, y: Tensor): void {
  const [, C, N] = y.shape;
  const COLUMNS = C >= 32 ? 4 : 1;
  const { software } = currentGpu().adapter;
  checkLoopIterations("triangularSolve", N / 4 + 3);
  for (let start = 0; start < N / 4;) {
    let [end, iterations] = [start, 0];
    // Step k makes k iterations and ends two loops.
    while (end < N / 4 && (!software || iterations + end + 3 <= MAX_LOOP_ITERATIONS)) iterations += end++ + 2;
    steps({ t, y, start, end }, { COLUMNS });
    start = end;
  }
}
