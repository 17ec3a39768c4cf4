/**
 * Linear attention that learns linear regression in context: an ensemble of replicas trained by SGD on the GPU.
 *
 * Model (arXiv 2504.12916): tokens `z_i = (x_i; y_i)`, query `z_q = (x_q; 0)`, `f(Z) = Z + W_P (Z Zᵀ / N) W_Q Z`; the
 * prediction ŷ is the lower half of the last column, the loss `½ |ŷ − W x_q|²`. All entries of W_P and W_Q are free.
 *
 * Inputs are `x ~ N(0, S)` in coordinates of the eigenvectors of their covariance. That loses nothing: rotating inputs
 * and labels rotates W_P, W_Q and every SGD step along.
 */
import { advance } from "../../kernels/shared/advance.ts";
import { backwardLanes, linearIclBackward } from "../../kernels/linear_icl/linear_icl_backward.ts";
import { linearIclFused } from "../../kernels/linear_icl/linear_icl_fused.ts";
import { meanToRing } from "../../kernels/linear_icl/mean_to_ring.ts";
import { outerMean } from "../../kernels/linear_icl/outer_mean.ts";
import { DivergenceMask } from "../train/divergence_mask.ts";
import { currentGpu } from "../gpu/device.ts";
import { ShapeError } from "../gpu/errors.ts";
import { own, record } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { zerosLike } from "../optim/optimizer.ts";
import { sgd } from "../optim/sgd.ts";
import { drawKey } from "../random/random.ts";
import { poolEntries, regressionPrompts } from "../tasks/regression_prompts.ts";
import { TrainLoop } from "../train/loop.ts";
import {
  checkOptions,
  type LinearIclOptions,
  type LinearIclReplica,
  type LinearIclReport,
} from "./linear_icl_options.ts";
import { ParameterSet } from "./parameters.ts";

export { alignedInit, randomInit } from "./linear_icl_init.ts";
export type { LinearIclOptions, LinearIclReplica, LinearIclReport } from "./linear_icl_options.ts";

/**
 * Largest dimension of the fused kernel. On a software driver it trains a hundred times faster than separate kernels at
 * D = 12, but its unrolled code takes 3 s to compile at D = 8 and 10 s at D = 12, once per driver cache.
 */
export const MAX_FUSED_DIMENSION = 12;
/** The software driver ends a shader silently after 65 535 loop iterations; stay well below, also with rejected draws. */
const LOOP_BUDGET = 40_000;
/** Keeps a dispatch short enough for watchdogs and Ctrl-C. */
const MAX_STRIDE = 64;
const LANES = 8;
const LOSS_ROWS = 4096;
/** W_P then W_Q. */
const MATRICES = "attention.output_query";

/** R replicas of the model, trained side by side. */
export class LinearIcl implements Disposable {
  readonly #loop: TrainLoop;
  readonly #owned: { destroy(): void }[];

  private constructor(
    readonly dimension: number,
    readonly replicas: number,
    loop: TrainLoop,
    owned: { destroy(): void }[],
  ) {
    this.#loop = loop;
    this.#owned = [...owned, loop];
  }

  /**
   * Allocates the ensemble and records its training step.
   *
   * @param options Replicas and what they share.
   * @returns The ensemble at step 0.
   * @throws {ShapeError} If replicas disagree in dimension, or the fused kernel is asked for and does not fit.
   * @throws {RangeError} If there is no replica, or a number is out of its domain.
   * @throws {GpuError} If prompts or parameters do not fit the adapter.
   *
   * @example
   * ```ts
   * import { openGpu } from "../gpu/device.ts";
   * import { alignedInit, LinearIcl } from "./linear_icl.ts";
   * import { assert } from "@std/assert";
   *
   * await openGpu();
   * const spectrum = [2, 1];
   * const replicas = [1, 2].map((seed) => ({ seed, context: 8, lr: 0.02, spectrum, init: alignedInit(2, 0.1) }));
   * using model = await LinearIcl.create({ replicas, batch: 64, tasks: "commuting", pool: "fresh", sampler: "statistics" });
   * let loss = 0;
   * for await (const report of model.train([0, 400])) if (report.loss) loss = report.loss[0];
   * assert(loss < 1.2);
   * ```
   */
  static async create(options: LinearIclOptions): Promise<LinearIcl> {
    checkOptions(options);
    const { replicas, batch, tasks, pool, sampler } = options;
    const [R, D] = [replicas.length, replicas[0].spectrum.length];
    const M = 2 * (2 * D) ** 2;
    const each = <T>(value: (replica: LinearIclReplica) => T) => replicas.map(value);
    const entries = tasks === "dense" ? D * D : D;
    const P = pool === "fresh" ? 1 : pool;
    const seeds = Tensor.from(Uint32Array.from(each(({ seed }) => seed)), [R], "seeds");
    const context = Tensor.from(each(({ context }) => context), [R], "context");
    const lr = Tensor.from(each(({ lr }) => lr), [R], "lr");
    const deviation = Tensor.from(each(({ spectrum }) => spectrum.map(Math.sqrt)).flat(), [R, D], "deviation");
    const pools = Tensor.from(
      each(({ seed }) => [...poolEntries(seed, pool, entries)]).flat(),
      [R, P, entries],
      "pools",
    );
    const shape = [2, 2 * D, 2 * D];
    const init = { law: "constant", value: 0 } as const;
    const set = ParameterSet.create({ [MATRICES]: { shape, init } }, each(({ seed }) => seed));
    set.load([{ name: MATRICES, shape: [R, ...shape], data: Float32Array.from(each(({ init }) => [...init]).flat()) }]);
    const parameters = set.weights[MATRICES].reshape([R, M]);
    const losses = new Tensor([LOSS_ROWS, R], "f32", "losses");

    const longest = Math.max(...each(({ context }) => context));
    const perStep = Math.ceil(batch / LANES) * (1 + (sampler === "tokens" ? longest : 3 * D)) + M / LANES + 2;
    const fits = D <= MAX_FUSED_DIMENSION && perStep <= LOOP_BUDGET;
    const fused = (options.step ?? (fits && currentGpu().adapter.software ? "fused" : "separate")) === "fused";
    if (fused && !fits) {
      throw new ShapeError(
        `linear_icl: expected at most ${MAX_FUSED_DIMENSION} dimensions and ${LOOP_BUDGET} iterations a step for the fused kernel, found ${D} and ${perStep}`,
      );
    }
    const stride = fused ? Math.min(MAX_STRIDE, Math.floor(LOOP_BUDGET / perStep)) : 1;
    const clock = Tensor.from(Uint32Array.of(0, 0, stride), [3], "clock");
    const program = await record("linear_icl", () => {
      if (fused) {
        const keys = {
          tokens: drawKey("tokens"),
          wishart: drawKey("wishart"),
          chi: drawKey("chi"),
          query: drawKey("query"),
          task: drawKey("task"),
          pool: drawKey("pool choice"),
        };
        linearIclFused({ seeds, clock, context, lr, deviation, pools, parameters, losses, B: batch, ...keys }, {
          D,
          LANES,
          DENSE: tasks === "dense" ? 1 : 0,
          POOLED: pool === "fresh" ? 0 : 1,
          TOKENS: sampler === "tokens" ? 1 : 0,
        });
      } else {
        const prompts = regressionPrompts({ seeds, clock, context, deviation, pools }, {
          B: batch,
          tasks,
          pool,
          sampler,
          longest,
          contexts: each(({ context }) => context),
        });
        const { delta, hidden, back, token, loss } = linearIclBackward(
          { ...prompts, context, deviation, parameters },
          { D, WIDTH: 2 * D, LANES: backwardLanes(D) },
        );
        const gradient = own(zerosLike(set, "gradient"));
        const y = set.viewsOf(gradient)[MATRICES];
        outerMean({ a: delta, c: hidden, y, slot: 0 });
        outerMean({ a: back, c: token, y, slot: 1 });
        meanToRing({ x: loss, clock, ring: losses });
        const optimizer = sgd({ lr: each(({ lr }) => lr) });
        optimizer.update({ parameters: set, gradient, state: optimizer.init(set), clock });
      }
      advance({ clock });
    });
    const loop = await TrainLoop.create({
      program,
      clock,
      stride,
      losses,
      watched: [parameters],
      mask: options.divergence === "mask" ? new DivergenceMask(R) : null,
      names: ["parameter"],
    });
    const owned = [seeds, context, lr, deviation, pools, set, clock, losses, program];
    return new LinearIcl(D, R, loop, owned);
  }

  /**
   * Trains and yields the state at chosen steps, in order. The GPU is awaited a few times a second, not once a step.
   *
   * @param steps Steps to report, ascending, from the current step on.
   * @param signal Ends the loop early once aborted.
   * @returns One report per step.
   * @throws {DivergenceError} Naming the first step and replica whose loss is not finite, after the reports before it; with
   *   `divergence: "mask"` once all replicas are lost, naming the last one.
   * @throws {GpuError} If any GPU operation has failed.
   */
  async *train(steps: readonly number[], signal?: AbortSignal): AsyncGenerator<LinearIclReport> {
    for await (const { step, losses, watched: [parameters], diverged } of this.#loop.run({ steps, signal })) {
      yield { step, loss: losses.at(-1) ?? null, parameters, diverged };
    }
  }

  /** Frees the GPU memory. */
  destroy(): void {
    for (const resource of this.#owned.splice(0)) resource.destroy();
  }

  /** Frees the GPU memory at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}
