/** In-context tasks that are linear in a fixed representation of their inputs: regression, and dynamical systems. */
import { add } from "../../kernels/elementwise/binary.ts";
import { concatenate, pad, slice } from "../../kernels/arrange/blocks.ts";
import { lawAt } from "../../kernels/random/law_at.ts";
import { linearLabels } from "../../kernels/tasks/linear_labels.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import type { RandomRepresentation } from "./random_representation.ts";
import { checkCounts, type PerReplica, perReplica, rowPerReplica, type TaskSampler } from "./sampler.ts";
import { choosePrompts, type TaskList } from "./task_list.ts";

/** Regression on a representation. */
export interface RepresentationRegressionOptions {
  /** Φ, of as many replicas as the sampler is called for. */
  readonly representation: Pick<RandomRepresentation, "dimension" | "features" | "apply">;
  /** Pairs N of a prompt. */
  readonly context: number;
  /** Prompts B per replica and step. */
  readonly batch: number;
  /** Noise level σ ≥ 0 of the labels; none by default. */
  readonly noise?: PerReplica;
  /** Where weights come from: new ones by default. */
  readonly list?: TaskList;
}

/** A batch of prompts. */
export interface RepresentationRegressionBatch {
  /** Inputs (R, B, N, d). */
  readonly x: Tensor;
  /** Φ(x) (R, B, N, D). */
  readonly features: Tensor;
  /** Labels (R, B, N). */
  readonly y: Tensor;
  /** Weights (R, B, D). */
  readonly w: Tensor;
}

/**
 * `y = w · Φ(x) + σ ε`, x ~ N(0, I), w ~ N(0, I) new for every prompt, ε ~ N(0, 1): regression through a representation that
 * all prompts share (Guo et al., arXiv 2310.10616). Ridge regression on Φ(x) with λ = σ² is the posterior mean, `E y² = 1 + σ²`.
 *
 * @param options The task.
 * @returns A sampler; prompt b depends on seed, key, step and b only.
 * @throws {RangeError} If an option is out of its domain; per-replica options are checked by the sampler.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { meanSquare } from "../losses.ts";
 * import { ridge } from "../models/baselines/mod.ts";
 * import { randomRepresentation } from "./random_representation.ts";
 * import { representationRegression } from "./representation_tasks.ts";
 * import { assertLess } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * using representation = randomRepresentation({ seeds: [1], dimension: 4, features: 4, layers: 2 });
 * const prompts = representationRegression({ representation, context: 16, batch: 200, noise: 0.1 });
 * using risk = await evaluate(() => {
 *   const { features, y } = prompts({ seeds, clock, key: "test" });
 *   return meanSquare(ridge({ lambda: 0.01 }).apply({ x: features, y }), y, { reduction: "positions" });
 * });
 * assertLess((await risk.read())[15], 0.03);
 * ```
 */
export function representationRegression(
  { representation, context: N, batch: B, noise = 0, list = {} }: RepresentationRegressionOptions,
): TaskSampler<RepresentationRegressionBatch> {
  const NAME = "representation_regression";
  checkCounts(NAME, { context: N, batch: B });
  const { dimension: d, features: D } = representation;
  return (draw) => {
    const [R] = draw.seeds.shape;
    const { task, sequence, keys } = choosePrompts(NAME, draw, list, B);
    const x = lawAt(sequence, rowPerReplica(NAME, "ones", 1, [R, d]), "normal", keys("inputs"), N);
    const w = lawAt(task, rowPerReplica(NAME, "ones", 1, [R, D]), "normal", keys("weights"), 1);
    const features = representation.apply(x);
    const sigma = levels(NAME, noise, R);
    const names = { noise: keys("noise"), level: keys("level") };
    const table = own(Tensor.from(sigma, [R, 1], "noise levels"));
    const { y } = linearLabels(
      { place: sequence, x: features, w, levels: table },
      names,
      "real",
      sigma.some((s) => s > 0),
    );
    return { x, features, y: y.reshape([R, B, N]), w: w.reshape([R, B, D]) };
  };
}

/** Dynamical systems on a representation. */
export interface RepresentationDynamicsOptions {
  /** Φ of a window: its input dimension is window · d. */
  readonly representation: Pick<RandomRepresentation, "dimension" | "features" | "apply">;
  /** States k that the next one depends on. */
  readonly window: number;
  /** States T of a trajectory, more than k: one more than a model that predicts the next one sees. */
  readonly length: number;
  /** Trajectories B per replica and step. */
  readonly batch: number;
  /** Noise level σ ≥ 0; none by default. */
  readonly noise?: PerReplica;
  /** Where systems come from: new ones by default. */
  readonly list?: TaskList;
}

/** A batch of trajectories. */
export interface RepresentationDynamicsBatch {
  /** States (R, B, T, d). */
  readonly states: Tensor;
  /** The last k states at every position, oldest first, zeros before the first (R, B, T, k d). */
  readonly windows: Tensor;
  /** Φ of the windows (R, B, T, D). */
  readonly features: Tensor;
  /** W of each trajectory (R, B, d, D). */
  readonly transition: Tensor;
}

/**
 * `x_{i+1} = W Φ(x_{i−k+1}, …, x_i) + σ ε`, the first k states N(0, I), W with N(0, 1) entries new for every trajectory (Guo et
 * al., arXiv 2310.10616). Ridge regression of the next states on Φ with λ = σ² is the posterior mean; `E x² = 1 + σ²` an entry.
 *
 * @param options The task.
 * @returns A sampler; trajectory b depends on seed, key, step and b only.
 * @throws {RangeError} If an option is out of its domain; per-replica options are checked by the sampler.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { randomRepresentation } from "./random_representation.ts";
 * import { representationDynamics } from "./representation_tasks.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * using representation = randomRepresentation({ seeds: [1], dimension: 6, features: 5, layers: 1 });
 * const systems = representationDynamics({ representation, window: 2, length: 9, batch: 7, noise: 0.1 });
 * using states = await evaluate(() => systems({ seeds, clock, key: "test" }).states);
 * assertEquals(states.shape, [1, 7, 9, 3]);
 * ```
 */
export function representationDynamics(
  { representation, window: k, length: T, batch: B, noise = 0, list = {} }: RepresentationDynamicsOptions,
): TaskSampler<RepresentationDynamicsBatch> {
  const NAME = "representation_dynamics";
  checkCounts(NAME, { window: k, length: T, batch: B });
  const d = representation.dimension / k, D = representation.features;
  if (!Number.isInteger(d)) {
    throw new RangeError(
      `${NAME}: expected a dimension divisible by the window of ${k}, found ${representation.dimension}`,
    );
  }
  if (T <= k) throw new RangeError(`${NAME}: expected more states than the window of ${k}, found ${T}`);
  return (draw) => {
    const [R] = draw.seeds.shape;
    const { task, sequence, keys } = choosePrompts(NAME, draw, list, B);
    const transition = lawAt(task, rowPerReplica(NAME, "ones", 1, [R, D]), "normal", keys("transition"), d);
    const first = lawAt(sequence, rowPerReplica(NAME, "ones", 1, [R, d]), "normal", keys("first"), k);
    const deviations = levels(NAME, noise, R).map((sigma) => Array<number>(d).fill(sigma));
    const noises = lawAt(sequence, rowPerReplica(NAME, "noise", deviations, [R, d]), "normal", keys("noise"), T - k);
    const names = { noise: keys("no noise"), level: keys("no level") };
    const silent = own(new Tensor([R, 1], "f32", "no noise"));
    const states = Array.from({ length: k }, (_, i) => slice(first, 2, i, i + 1));
    for (let i = k; i < T; i++) {
      const features = representation.apply(concatenate(states.slice(i - k), 3));
      const { y } = linearLabels({ place: sequence, x: features, w: transition, levels: silent }, names, "real", false);
      states.push(add(y, slice(noises, 2, i - k, i - k + 1)));
    }
    const all = concatenate(states, 2);
    const padded = pad(all, 2, k - 1, 0);
    const windows = concatenate(Array.from({ length: k }, (_, i) => slice(padded, 2, i, i + T)), 3);
    return { states: all, windows, features: representation.apply(windows), transition };
  };
}

function levels(name: string, noise: PerReplica, R: number): number[] {
  const sigma = perReplica(name, "noise", noise, R);
  const wrong = sigma.find((value) => value < 0);
  if (wrong !== undefined) throw new RangeError(`${name}: expected noise levels ≥ 0, found ${wrong}`);
  return sigma;
}
