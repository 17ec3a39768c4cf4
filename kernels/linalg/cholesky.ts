/** Cholesky factors of packed matrices. */
import { currentGpu } from "../../lib/gpu/device.ts";
import { kernel, type KernelOf } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import code from "./cholesky.wgsl" with { type: "text" };

const steps: KernelOf<"a", "l", "start" | "end" | "undefined_bits"> = kernel({
  label: "cholesky",
  code: { "kernels/linalg/cholesky.wgsl": code },
  inputs: { a: ["B", "N", "H"] },
  outputs: { l: ["B", "N", "H"] },
  scalars: ["start", "end", "undefined_bits"],
  groups: ({ B, N, LANES, WITHIN }) => B * (WITHIN === 1 ? 1 : Math.ceil(N / LANES)),
});

/** Rows up to which a matrix lies in one workgroup. */
const WITHIN = 128;
/** A quiet NaN. */
const UNDEFINED_BITS = 0x7fc0_0000;

/**
 * Factors matrices into lower triangles, `l lᵀ = a`, four columns a step.
 *
 * @param a Symmetric matrices (B, N, H), H the next multiple of 4 from N on; the lower triangle is read.
 * @returns Factors (B, N, H), NaN from the column on whose pivot is not positive; the caller frees them.
 */
export function choleskyFactor(a: Tensor): Tensor {
  const [, N, H] = a.shape;
  const within = N <= WITHIN;
  const LANES = currentGpu().adapter.software ? 8 : Math.min(64, Math.ceil(N / 8) * 8);
  checkLoopIterations("cholesky", H / 4 + 2);
  const constants = { LANES, WITHIN: Number(within) };
  if (within) return steps({ a, start: 0, end: H / 4, undefined_bits: UNDEFINED_BITS }, constants).l;
  const { l } = steps({ a, start: 0, end: 1, undefined_bits: UNDEFINED_BITS }, constants);
  for (let step = 1; step < H / 4; step++) {
    steps({ a, l, start: step, end: step + 1, undefined_bits: UNDEFINED_BITS }, constants);
  }
  return l;
}
