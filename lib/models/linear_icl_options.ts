/** What an ensemble of `LinearIcl` is made of, and what it must satisfy before anything reaches the GPU. */
import { ShapeError } from "../gpu/errors.ts";
import type { Sampler, TaskFamily } from "../tasks/regression_prompts.ts";

/** What one replica of the ensemble is trained on. */
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

/** What all replicas share. */
export interface LinearIclOptions {
  /** Replicas, all of one dimension. */
  readonly replicas: readonly LinearIclReplica[];
  /** Fresh prompts per step and replica, ≥ 1. */
  readonly batch: number;
  /** Law of the tasks. */
  readonly tasks: TaskFamily;
  /** Tasks of a fixed pool, drawn once per replica; `"fresh"` draws a new task for every prompt. */
  readonly pool: number | "fresh";
  /** How the context covariance is drawn; both have the same law. */
  readonly sampler: Sampler;
  /** One fused dispatch for many steps, or the separate kernels; by default whichever suits dimension and adapter. */
  readonly step?: "fused" | "separate";
  /**
   * What becomes of the ensemble when a replica diverges: `"stop"` (default) ends training; with `"mask"` the others train on,
   * bit for bit as without it, and its losses and parameters are NaN from then on, as `TrainingOptions` describes.
   */
  readonly divergence?: "stop" | "mask";
}

/** State of the ensemble at one step. */
export interface LinearIclReport {
  /** SGD steps taken. */
  readonly step: number;
  /** Mean loss of the last batch (R), taken before its update, that is of the parameters one step earlier; null at step 0. */
  readonly loss: Float32Array | null;
  /** Parameters (R, 2, 2D, 2D). */
  readonly parameters: Float32Array;
  /** Step at which each diverged replica was lost, by replica; empty unless `divergence` is `"mask"`. */
  readonly diverged: ReadonlyMap<number, number>;
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
