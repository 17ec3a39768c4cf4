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

/** Pace of a loop that something else sets: a page in which training is paused, made step by step, or leaves time for frames. */
export interface Pace {
  /** Milliseconds of work that are queued at a time, about; the loop then waits for the GPU. */
  readonly ms: number;
  /**
   * Asked at the start and whenever the loop has waited for the GPU.
   *
   * @param step Steps taken.
   * @param loss Losses (R) of the last step, before its update; null at the start.
   * @returns How many steps may be made until it is asked again, at least one, Infinity for as many as `ms` allows; resolves too
   *   once the run is told to end.
   */
  next(step: number, loss: Float32Array | null): Promise<number>;
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
  /** Sets the pace; as fast as the GPU goes unless given. */
  readonly pace?: Pace;
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
