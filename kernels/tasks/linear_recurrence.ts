/** Linear dynamical systems: transition matrices of a given spectral radius, and states driven by noise. */
import { kernel } from "../../lib/gpu/kernel.ts";
import { checkLoopIterations } from "../../lib/gpu/loops.ts";
import { own } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import recurrence from "./linear_recurrence.wgsl" with { type: "text" };
import { matmul } from "../matmul/matmul.ts";
import { randomFiles } from "../random/random_fill.ts";
import rescale from "./spectral_rescale.wgsl" with { type: "text" };
import unit from "./linear_recurrence_unit.wgsl" with { type: "text" };

/** Squarings of a matrix: the error of ln ρ, the logarithm of a condition number over 2²², is below 1e-5. */
const SQUARINGS = 22;

const unitMatrices = kernel({
  label: "linear_recurrence_unit",
  code: { ...randomFiles, "kernels/tasks/linear_recurrence_unit.wgsl": unit },
  inputs: { x: ["M", "N"], log_radius: ["M"] },
  outputs: { y: ["M", "N"] },
  scalars: ["first", "weight"],
  groups: ({ M, N }) => {
    checkLoopIterations("linear_recurrence_unit", 2 * N);
    return Math.ceil(M / 64);
  },
});

const rescaleKernel = kernel({
  label: "spectral_rescale",
  code: { "kernels/tasks/spectral_rescale.wgsl": rescale },
  inputs: { radius: ["R"], log_radius: ["M"], a: ["M", "N"] },
  outputs: {},
  scalars: ["B"],
  groups: ({ M, N }) => Math.ceil(M * N / 64),
});

/**
 * Rescales matrices in place, `A ← radius / ρ(A) · A`, with the spectral radius by Gelfand's formula
 * `ρ = lim ‖A^k‖^(1/k)`.
 *
 * A is divided by its norm and squared, 22 times over: with n_k the norms, `ln ρ = Σ_k 2^−k ln n_k`, whether the
 * largest eigenvalue is real or one of a complex pair. The relative error of ρ is a few 10⁻⁶ for Gaussian matrices. A
 * nilpotent matrix has no radius to rescale: it becomes a finite multiple of itself.
 *
 * @param a Matrices (R, B, D, D); D ≤ 181 on a software adapter.
 * @param radius Spectral radius for each replica (R).
 */
export function spectralRescale(a: Tensor, radius: Tensor): void {
  const [R, B, D] = a.shape;
  const [M, N] = [R * B, D * D];
  const log_radius = own(new Tensor([M], "f32", "log radius"));
  let power = a.detached;
  for (let k = 0; k <= SQUARINGS; k++) {
    const factor = unitMatrices({ x: power.reshape([M, N]), log_radius, first: k === 0 ? 1 : 0, weight: 2 ** -k }).y;
    if (k === SQUARINGS) break;
    const square = factor.detached.reshape([M, D, D]);
    power = matmul(square, square);
  }
  rescaleKernel({ a: a.reshape([M, N]), log_radius, radius, B });
}

/**
 * {@linkcode spectralRescale} of one matrix in double precision.
 *
 * @param a Matrix (D, D).
 * @param radius Spectral radius of the result.
 * @returns Matrix (D, D).
 */
export function spectralRescaleReference(a: Float64Array, radius: number): Float64Array {
  const scale = radius / spectralRadius(a);
  return a.map((value) => scale * value);
}

/**
 * Finds the spectral radius by Gelfand's formula with k = 2⁴⁰.
 *
 * @param a Matrix (D, D).
 * @returns The largest modulus of its eigenvalues; 0 for a nilpotent matrix.
 */
export function spectralRadius(a: Float64Array): number {
  const D = Math.sqrt(a.length);
  let power = a;
  let logRadius = 0;
  for (let weight = 1; weight > 2 ** -40; weight /= 2) {
    const norm = Math.sqrt(power.reduce((sum, value) => sum + value * value, 0));
    if (norm === 0) return 0;
    logRadius += weight * Math.log(norm);
    const factor = power.map((value) => value / norm);
    power = factor.map((_, e) => {
      const [i, j] = [Math.floor(e / D), e % D];
      let sum = 0;
      for (let k = 0; k < D; k++) sum += factor[i * D + k] * factor[k * D + j];
      return sum;
    });
  }
  return Math.exp(logRadius);
}

const recurrenceKernel = kernel({
  label: "linear_recurrence",
  code: { "kernels/tasks/linear_recurrence.wgsl": recurrence },
  inputs: { a: ["M", "D", "D"], x: ["M", "T", "D"] },
  outputs: {},
  groups: ({ M, T, D, LANES }) => {
    checkLoopIterations("linear_recurrence", T * (1 + Math.ceil(D / LANES) * (1 + D)));
    return M;
  },
});

/**
 * Runs states `x_t = x_{t−1} A + e_t` with `x_0 = 0`, in place of the noise e_1 … e_T.
 *
 * @param a Transition matrices A (R, B, D, D).
 * @param x Noise (R, B, T, D), overwritten by the states x_1 … x_T.
 */
export function linearRecurrence(a: Tensor, x: Tensor): void {
  const [R, B, T, D] = x.shape;
  const LANES = D > 32 ? 64 : D > 16 ? 32 : D > 8 ? 16 : 8;
  recurrenceKernel({ a: a.reshape([R * B, D, D]), x: x.reshape([R * B, T, D]) }, { LANES });
}

/**
 * {@linkcode linearRecurrence} of one sequence in double precision.
 *
 * @param a Transition matrix (D, D).
 * @param noise Noise (T, D).
 * @returns States (T, D).
 */
export function linearRecurrenceReference(a: ArrayLike<number>, noise: ArrayLike<number>): Float64Array {
  const D = Math.sqrt(a.length);
  const x = Float64Array.from(noise);
  for (let entry = D; entry < x.length; entry++) {
    const [d, before] = [entry % D, entry - entry % D - D];
    for (let j = 0; j < D; j++) x[entry] += x[before + j] * a[j * D + d];
  }
  return x;
}
