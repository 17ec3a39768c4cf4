/** Linear dynamical systems: every prompt is a trajectory of a system of its own. */
import { expand, permute } from "../../kernels/arrange/strided.ts";
import { slice } from "../../kernels/arrange/blocks.ts";
import { lawAt } from "../../kernels/random/law_at.ts";
import { linearLabels } from "../../kernels/tasks/linear_labels.ts";
import { linearRecurrence, spectralRescale } from "../../kernels/tasks/linear_recurrence.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import type { PromptPairs } from "./changed_prompts.ts";
import { checkCounts, type PerReplica, perReplica, positives, rowPerReplica, type TaskSampler } from "./sampler.ts";
import { choosePrompts, type TaskList } from "./task_list.ts";

/** A task of linear dynamical systems. */
export interface LinearDynamicsOptions {
  /** Dimension D of the state. */
  readonly dimension: number;
  /** States T of a trajectory: one more than a model that predicts the next one sees. */
  readonly length: number;
  /** Trajectories B per replica and step. */
  readonly batch: number;
  /** Spectral radius of A, > 0; 0.9 by default. */
  readonly radius?: PerReplica;
  /** Standard deviation of the noise, 0.1 by default. */
  readonly noise?: PerReplica;
  /** Observations O = x C with entries of C (D, O) from N(0, 1/O); by default the state itself is observed. */
  readonly observed?: number;
  /** Where systems come from: new ones by default. */
  readonly list?: TaskList;
}

/** A batch of trajectories. */
export interface LinearDynamicsBatch {
  /** States x_1 … x_T (R, B, T, D). */
  readonly states: Tensor;
  /** Observations that a model sees (R, B, T, O): x_t C, or the states. */
  readonly observations: Tensor;
  /** Transition matrix A of each trajectory (R, B, D, D). */
  readonly transition: Tensor;
  /** Which system of the list (R, B); the number of the trajectory where systems are new. */
  readonly choice: Tensor<"u32">;
}

const NAME = "linear_dynamics";

/**
 * `x_{t+1} = x_t A + σ ξ`, `x_0 = 0`, ξ ~ N(0, I), A with N(0, 1) entries rescaled to a given spectral radius.
 *
 * @param options The task.
 * @returns A sampler; trajectory b depends on seed, key, step and b only.
 * @throws {RangeError} If an option is out of its domain; per-replica options are checked by the sampler.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { linearDynamics } from "./linear_dynamics.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1, 2));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * const { states, observations } = linearDynamics({ dimension: 5, length: 11, batch: 64, observed: 3 })(
 *   { seeds, clock, key: "train" },
 * );
 * assertEquals([states.shape, observations.shape], [[2, 64, 11, 5], [2, 64, 11, 3]]);
 * ```
 */
export function linearDynamics(options: LinearDynamicsOptions): TaskSampler<LinearDynamicsBatch> {
  const { dimension: D, length: T, batch: B, radius = 0.9, noise = 0.1, observed, list = {} } = options;
  checkCounts(NAME, { dimension: D, length: T, batch: B, observed: observed ?? 1 });
  return (draw) => {
    const [R] = draw.seeds.shape;
    const { task, sequence, choice, keys } = choosePrompts(NAME, draw, list, B);
    const ones = rowPerReplica(NAME, "ones", 1, [R, D]);
    const transition = lawAt(task, ones, "normal", keys("transition"), D);
    spectralRescale(transition, own(Tensor.from(positives(NAME, "radius", radius, R))));
    const deviations = perReplica(NAME, "noise", noise, R).map((sigma) => Array<number>(D).fill(sigma));
    const states = lawAt(sequence, rowPerReplica(NAME, "noise", deviations, [R, D]), "normal", keys("noise"), T);
    linearRecurrence(transition, states);
    if (observed === undefined) return { states, observations: states, transition, choice };
    const scale = rowPerReplica(NAME, "the scale of observations", 1 / Math.sqrt(observed), [R, D]);
    const w = lawAt(task, scale, "normal", keys("observation"), observed);
    const levels = own(new Tensor([R, 1], "f32", "no noise"));
    const names = { noise: keys("no noise"), level: keys("no level") };
    const { y } = linearLabels({ place: sequence, x: states, w, levels }, names, "real", false);
    return { states, observations: y, transition, choice };
  };
}

/**
 * Writes trajectories as regression prompts, one for each coordinate: pairs of a state and that coordinate of the next one,
 * so that exact baselines predict the next state from the transitions before.
 *
 * @param states States (R, B, T, D).
 * @returns Inputs (R, B D, T − 1, D) and labels (R, B D, T − 1); the prompt of coordinate d is b D + d.
 *
 * @example Least squares on the past transitions.
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { leastSquares } from "../models/baselines/mod.ts";
 * import { transitionPredictions, transitionPrompts } from "./linear_dynamics.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using states = Tensor.from([1, 0.5, 0.25, 0.125], [1, 1, 4, 1]);
 * const next = transitionPredictions(leastSquares().apply(transitionPrompts(states)), 1);
 * assertAlmostEquals((await next.read())[2], 0.125, 1e-6);
 * ```
 */
export function transitionPrompts(states: Tensor): PromptPairs {
  const [R, B, T, D] = states.shape;
  const before = slice(states, 2, 0, T - 1).reshape([R, B, 1, T - 1, D]);
  return {
    x: expand(before, [R, B, D, T - 1, D]).reshape([R, B * D, T - 1, D]),
    y: permute(slice(states, 2, 1, T), [0, 1, 3, 2]).reshape([R, B * D, T - 1]),
  };
}

/**
 * Writes predictions of {@linkcode transitionPrompts} as states.
 *
 * @param predictions Predictions (R, B D, T − 1).
 * @param dimension Dimension D of the state.
 * @returns Predictions of states 2 … T, (R, B, T − 1, D).
 */
export function transitionPredictions(predictions: Tensor, dimension: number): Tensor {
  const [R, prompts, steps] = predictions.shape;
  return permute(predictions.reshape([R, prompts / dimension, dimension, steps]), [0, 1, 3, 2]);
}
