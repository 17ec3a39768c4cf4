/** Parts, options and reports of a training loop. */
import type { DivergenceMask } from "./divergence_mask.ts";
import type { Program } from "../gpu/program.ts";
import type { Tensor } from "../gpu/tensor.ts";

/** Parts of a loop: the program that it replays, and the tensors that it watches. */
export interface LoopParts {
  /** One training step, or `stride` of them; it ends by advancing the clock. */
  readonly program: Pick<Program<unknown>, "replay">;
  /** Clock (3): step, step to stop at, steps per replay. */
  readonly clock: Tensor<"u32">;
  /** Ring (K, R): row `step mod K` holds the losses of that step, taken before its update. */
  readonly losses: Tensor;
  /** Tensors to copy at every report. */
  readonly watched: readonly Tensor[];
  /** Queues the work that fills the watched tensors, at every report. */
  readonly observe?: () => void;
  /** Steps that one replay makes; 1 by default. */
  readonly stride?: number;
  /** Step to start from; 0 by default. */
  readonly from?: number;
  /** Losses of earlier steps that no report has had yet. */
  readonly pending?: readonly Float32Array[];
  /** Mask of diverged replicas, beside which the others go on; without one a divergence ends the loop. */
  readonly mask?: DivergenceMask | null;
  /** Names of the watched tensors, for the error that ends a masked loop. */
  readonly names?: readonly string[];
}

/** Steps that a loop reports, and its end. */
export interface LoopOptions {
  /** Steps to report, ascending, from the current step on. */
  readonly steps: Iterable<number>;
  /** Reports at which nothing further is queued until the caller asks for the next one; costs 11 ms or more each. */
  readonly pause?: (step: number) => boolean;
  /** Ends the loop early once aborted. */
  readonly signal?: AbortSignal;
  /** Told of the steps that are done, a few times a second, wherever reports lie. */
  readonly onWait?: (step: number) => void;
}

/** State at a reported step. */
export interface LoopReport {
  /** Steps taken. */
  readonly step: number;
  /** Losses (R) of every step since the last report, each taken before its update. */
  readonly losses: readonly Float32Array[];
  /** Copies of the watched tensors. */
  readonly watched: readonly Float32Array[];
  /** Step at which each diverged replica was lost, by replica; empty without a mask. */
  readonly diverged: ReadonlyMap<number, number>;
}
