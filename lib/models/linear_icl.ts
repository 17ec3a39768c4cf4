/**
 * Linear attention that learns linear regression in context: an ensemble's replicas, their start, and what they must satisfy.
 *
 * Model (arXiv 2504.12916): tokens `z_i = (x_i; y_i)`, query `z_q = (x_q; 0)`, `f(Z) = Z + W_P (Z Zᵀ / N) W_Q Z`; the
 * prediction ŷ is the lower half of the last column, the loss `½ |ŷ − W x_q|²`. All entries of W_P and W_Q are free.
 *
 * Inputs are `x ~ N(0, S)` in coordinates of the eigenvectors of their covariance. That loses nothing: rotating inputs
 * and labels rotates W_P, W_Q and every SGD step along.
 *
 * @module
 */
import { ShapeError } from "../gpu/errors.ts";
import { normals } from "../random/random.ts";
import type { Sampler, TaskFamily } from "../tasks/regression_prompts.ts";

/** One replica of the ensemble: its draws, its data and where it starts. */
export interface LinearIclReplica {
  /** Seed of all its random draws, an unsigned 32-bit integer. */
  readonly seed: number;
  /** Number of tokens N in a context, 1 … 2²⁴. */
  readonly context: number;
  /** Learning rate η, finite; 0 measures the loss of the start. */
  readonly lr: number;
  /** Eigenvalues s of the input covariance (D), positive and finite. */
  readonly spectrum: readonly number[];
  /** W_P then W_Q, row-major (2, 2D, 2D). */
  readonly init: Float32Array;
}

/** An ensemble: its replicas and all that they share. */
export interface LinearIclOptions {
  /** Replicas, all of one dimension. */
  readonly replicas: readonly LinearIclReplica[];
  /** Fresh prompts per step and replica, ≥ 1. */
  readonly batch: number;
  /** Law of the tasks. */
  readonly tasks: TaskFamily;
  /** Tasks of a fixed pool, drawn once per replica; `"fresh"` draws a new task for every prompt. */
  readonly pool: number | "fresh";
  /**
   * Method of drawing the context covariance; both have the same law. With `"statistics"` a seed's numbers beyond 8
   * dimensions depend on `step` too: the fused step draws only what the covariance does to the vectors that it is applied to.
   */
  readonly sampler: Sampler;
  /** One fused dispatch for many steps, or the separate kernels; by default whichever suits dimension and adapter. */
  readonly step?: "fused" | "separate";
  /**
   * Consequence for the ensemble when a replica diverges: `"stop"` (default) ends training; with `"mask"` the others train on,
   * bit for bit as without it, and its losses and parameters are NaN from then on, as `TrainingOptions` describes.
   */
  readonly divergence?: "stop" | "mask";
}

/**
 * Makes an aligned start with entries of its own for every mode: p2 = diag(p), q1 = diag(q) in the eigenbasis, every other
 * entry 0.
 *
 * @param p Entries p_α (D).
 * @param q Entries q_α (D).
 * @returns W_P then W_Q, row-major (2, 2D, 2D).
 *
 * @example
 * ```ts
 * import { diagonalInit } from "./linear_icl.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([...diagonalInit([2], [3])], [0, 0, 0, 2, 3, 0, 0, 0]);
 * ```
 */
export function diagonalInit(p: ArrayLike<number>, q: ArrayLike<number>): Float32Array {
  const W = 2 * p.length;
  const init = new Float32Array(2 * W * W);
  for (let mode = 0; mode < p.length; mode++) {
    init[(p.length + mode) * W + p.length + mode] = p[mode];
    init[W * W + mode * W + mode] = q[mode];
  }
  return init;
}

/**
 * Makes an aligned start: p2 = q1 = `scale` · I in the eigenbasis, every other entry 0.
 *
 * @param dimension D.
 * @param scale Initial value ε of every mode's p and q.
 * @returns W_P then W_Q, row-major (2, 2D, 2D).
 */
export function alignedInit(dimension: number, scale: number): Float32Array {
  const entries = new Float64Array(dimension).fill(scale);
  return diagonalInit(entries, entries);
}

/**
 * Draws an unaligned start: entries from N(0, scale²).
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

/** Tokens that single precision counts exactly. */
const MAX_CONTEXT = 2 ** 24;

/**
 * Refuses an ensemble that no kernel can train.
 *
 * @param options Replicas and what they share.
 * @throws {ShapeError} If replicas disagree in dimension.
 * @throws {RangeError} If there is no replica, or a number is out of its domain.
 */
export function checkOptions({ replicas, batch }: LinearIclOptions): void {
  const refuse = (expected: string, found: unknown): never => {
    throw new RangeError(`linear_icl: expected ${expected}, found ${found}`);
  };
  if (replicas.length === 0) refuse("at least one replica", "none");
  if (!(Number.isInteger(batch) && batch >= 1)) refuse("a batch of at least one prompt", batch);
  const D = replicas[0].spectrum.length;
  const M = 2 * (2 * D) ** 2;
  replicas.forEach(({ seed, context, lr, spectrum, init }, replica) => {
    if (spectrum.length !== D || init.length !== M) {
      throw new ShapeError(
        `linear_icl: expected ${D} eigenvalues and ${M} parameters in every replica, found ${spectrum.length} and ${init.length}`,
      );
    }
    const of = `of replica ${replica}`;
    if (seed !== seed >>> 0) refuse(`the seed ${of} to be an unsigned 32-bit integer`, seed);
    if (!(Number.isInteger(context) && context >= 1 && context <= MAX_CONTEXT)) {
      refuse(`the context ${of} to be an integer from 1 to ${MAX_CONTEXT}`, context);
    }
    if (!Number.isFinite(lr)) refuse(`a finite learning rate ${of}`, lr);
    const wrong = spectrum.find((s) => !(s > 0 && Number.isFinite(s)));
    if (wrong !== undefined) refuse(`positive finite eigenvalues ${of}`, wrong);
    const lost = init.find((value) => !Number.isFinite(value));
    if (lost !== undefined) refuse(`finite parameters ${of}`, lost);
  });
}
