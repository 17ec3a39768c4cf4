/**
 * Linear regression prompts: pairs (x, y) of a linear function that differs from prompt to prompt.
 *
 * With other options the same sampler draws sparse functions, functions with an intercept, and classification.
 */
import { add, multiply } from "../../kernels/elementwise/binary.ts";
import { factorRows } from "../../kernels/tasks/factor_rows.ts";
import { keepRandom } from "../../kernels/random/keep_random.ts";
import { type Law, lawAt } from "../../kernels/random/law_at.ts";
import { type LabelKind, linearLabels } from "../../kernels/tasks/linear_labels.ts";
import type { PlaceKeys } from "../../kernels/random/prompt_place.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { choosePrompts, listPlaces, type TaskList } from "./task_list.ts";
import { checkCounts, type PerReplica, perReplica, rowPerReplica, type TaskSampler } from "./sampler.ts";

/** Law of a vector with independent entries `scale · z`. */
export interface VectorLaw {
  /** Law of z: N(0, 1) (`"normal"`, the default), U(−1, 1), or ½ N(−1, 1) + ½ N(1, 1); one, or one for each replica (R). */
  readonly law?: Law | readonly Law[];
  /** Factors: one number (1 by default), a row (D) for all replicas, or a row for each (R, D). */
  readonly scale?: number | readonly number[] | readonly (readonly number[])[];
}

/** A linear regression task. */
export interface LinearRegressionOptions {
  /** Input dimension D. */
  readonly dimension: number;
  /** Pairs N of a prompt; where a model answers a query, that is the last one. */
  readonly context: number;
  /** Prompts B per replica and step. */
  readonly batch: number;
  /** Where tasks come from: new ones by default. */
  readonly list?: TaskList;
  /** Law of the inputs; `factor` L makes them L z, of covariance L Lᵀ: rows (D²) for all replicas, or (R, D²). */
  readonly inputs?: VectorLaw & { readonly factor?: readonly number[] | readonly (readonly number[])[] };
  /** Law of the weights; with `nonzero`, only so many of the D entries, chosen at random, are kept. */
  readonly weights?: VectorLaw & { readonly nonzero?: number };
  /** Labels O of each input; without it there is one, and `y` and `w` lack the axis O. */
  readonly outputs?: number;
  /** Whether the weights end in an intercept. */
  readonly intercept?: boolean;
  /** Noise level σ ≥ 0 of the labels, or levels of which every prompt has one, chosen uniformly. None by default. */
  readonly noise?: PerReplica | { readonly levels: readonly number[] };
  /** `"real"` (the default): w·x + σ ε; `"sign"`: its sign; `"logistic"`: +1 with probability 1/(1 + e^−w·x), else −1. */
  readonly labels?: LabelKind;
}

/** A batch of linear regression prompts. */
export interface LinearRegressionBatch {
  /** Inputs (R, B, N, D). */
  readonly x: Tensor;
  /** Labels (R, B, N), or (R, B, N, O). */
  readonly y: Tensor;
  /** Weights (R, B, D), or (R, B, O, D); one entry more with an intercept. */
  readonly w: Tensor;
  /** Noise level of each prompt (R, B). */
  readonly sigma: Tensor;
  /** Which task of the list (R, B); the number of the prompt where tasks are new. */
  readonly choice: Tensor<"u32">;
}

const NAME = "linear_regression";

/**
 * `y = w·x + σ ε` with x and w of given laws, ε ~ N(0, 1), and w new for every prompt or from a fixed list.
 *
 * @param options The task.
 * @returns A sampler; its batch depends on seeds, key and step only, and prompt b on b but not on B.
 * @throws {RangeError} If an option is out of its domain; per-replica options are checked by the sampler.
 *
 * @example In distribution: one of 16 tasks; out of distribution: new tasks under another key.
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { record } from "../gpu/program.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { linearRegression } from "./linear_regression.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1, 2));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * const task = { dimension: 8, context: 16, batch: 32, noise: Math.sqrt(0.125) };
 * const train = linearRegression({ ...task, list: { tasks: 16 } });
 * const test = linearRegression(task);
 * using program = await record("prompts", () => {
 *   const { x, y } = train({ seeds, clock, key: "train" });
 *   assertEquals([x.shape, y.shape], [[2, 32, 16, 8], [2, 32, 16]]);
 *   test({ seeds, clock, key: "test" });
 * });
 * program.replay();
 * ```
 */
export function linearRegression(options: LinearRegressionOptions): TaskSampler<LinearRegressionBatch> {
  const { dimension: D, context: N, batch: B, list = {}, inputs = {}, weights = {}, labels = "real" } = options;
  const O = options.outputs ?? 1;
  const W = D + (options.intercept ? 1 : 0);
  checkCounts(NAME, { dimension: D, context: N, batch: B, outputs: O });
  checkOptions(options, W);
  return (draw) => {
    const [R] = draw.seeds.shape;
    const { task, sequence, choice, keys } = choosePrompts(NAME, draw, list, B);
    const scale = rowPerReplica(NAME, "the scale of inputs", inputs.scale ?? 1, [R, D]);
    let x = lawsAt("inputs", sequence, scale, inputs.law, keys("inputs"), N);
    if (inputs.factor) {
      const factor = rowPerReplica(NAME, "the factor of inputs", inputs.factor, [R, D * D]).reshape([R, D, D]);
      x = factorRows({ z: x.reshape([R, B * N, D]), factor }).y.reshape([R, B, N, D]);
    }
    const w = taskWeights(task, weights, keys, [R, B, O, W]);
    const levels = noiseLevels(options.noise ?? 0, R);
    const noisy = levels.some((row) => row.some((level) => level !== 0));
    const table = own(Tensor.from(levels.flat(), [R, levels[0].length], "noise levels"));
    const names = { noise: keys("noise"), level: keys("level") };
    const { y, sigma } = linearLabels({ place: sequence, x, w, levels: table }, names, labels, noisy);
    if (options.outputs !== undefined) return { x, y, w, sigma, choice };
    return { x, y: y.reshape([R, B, N]), w: w.reshape([R, B, W]), sigma, choice };
  };
}

function taskWeights(
  place: Tensor<"u32">,
  { law, scale = 1, nonzero }: NonNullable<LinearRegressionOptions["weights"]>,
  keys: (what: string) => { key: string; listKey: string },
  [R, B, O, W]: readonly number[],
): Tensor {
  const w = lawsAt(
    "weights",
    place,
    rowPerReplica(NAME, "the scale of weights", scale, [R, W]),
    law,
    keys("weights"),
    O,
  );
  if (nonzero !== undefined) keepRandom(place, w.reshape([R, B, O * W]), keys("support"), nonzero);
  return w;
}

/** Draws numbers whose law may differ from replica to replica: a sum over laws, each with scale 0 where it is not the replica's. */
function lawsAt(
  name: string,
  place: Tensor<"u32">,
  scale: Tensor,
  laws: NonNullable<VectorLaw["law"]> = "normal",
  keys: PlaceKeys,
  rows: number,
): Tensor {
  if (typeof laws === "string") return lawAt(place, scale, laws, keys, rows);
  const [R] = place.shape;
  if (laws.length !== R) throw new RangeError(`${NAME}: expected ${R} laws of ${name}, found ${laws.length}`);
  return [...new Set(laws)].map((law) => {
    const chosen = own(Tensor.from(laws.map((one) => Number(one === law)), [R, 1], `replicas with ${law} ${name}`));
    return lawAt(place, multiply(scale, chosen), law, keys, rows);
  }).reduce((sum, drawn) => add(sum, drawn));
}

/** All tasks of the lists that {@linkcode linearRegression} chooses from. */
export interface RegressionTasks {
  /** Weights (R, M, D) or (R, M, O, D) with M the longest list; entry (r, m) is task m of list r. */
  readonly w: Tensor;
  /** Tasks M_r of each list (R), 0 where tasks are new; entries of `w` beyond are not of the list. */
  readonly count: Tensor<"u32">;
}

/**
 * The lists themselves, as exact posterior means over them need them.
 *
 * @param options The task, with a list for at least one replica.
 * @returns A sampler of which only the seeds matter.
 * @throws {RangeError} If an option is out of its domain.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { regressionTasks } from "./linear_regression.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using seeds = Tensor.from(Uint32Array.of(1, 1));
 * using clock = Tensor.from(Uint32Array.of(0, 9, 1));
 * const options = { dimension: 3, context: 16, batch: 32, list: { tasks: [2, 4] } };
 * const { w } = regressionTasks(options)({ seeds, clock, key: "train" });
 * assertEquals(w.shape, [2, 4, 3]);
 * const lists = await w.read();
 * assertEquals(lists.slice(0, 6), lists.slice(12, 18));
 * ```
 */
export function regressionTasks(options: LinearRegressionOptions): TaskSampler<RegressionTasks> {
  const { dimension: D, list = {}, weights = {} } = options;
  const O = options.outputs ?? 1;
  const W = D + (options.intercept ? 1 : 0);
  checkCounts(NAME, { dimension: D, outputs: O });
  checkOptions(options, W);
  return (draw) => {
    const [R] = draw.seeds.shape;
    const { place, count, keys } = listPlaces(NAME, draw, list);
    const M = place.shape[1];
    const w = taskWeights(place, weights, keys, [R, M, O, W]);
    return { w: options.outputs === undefined ? w.reshape([R, M, W]) : w, count };
  };
}

function noiseLevels(noise: NonNullable<LinearRegressionOptions["noise"]>, R: number): number[][] {
  if (typeof noise === "object" && "levels" in noise) return Array<number[]>(R).fill([...noise.levels]);
  return perReplica(NAME, "noise", noise, R).map((level) => [level]);
}

function checkOptions({ outputs, intercept, noise = 0, weights, labels }: LinearRegressionOptions, W: number): void {
  const levels = typeof noise === "number" ? [noise] : "levels" in noise ? noise.levels : noise;
  if (levels.length === 0) throw new RangeError(`${NAME}: expected at least one noise level, found none`);
  const wrong = levels.find((level) => !(level >= 0 && Number.isFinite(level)));
  if (wrong !== undefined) throw new RangeError(`${NAME}: expected noise levels ≥ 0, found ${wrong}`);
  if (labels === "logistic" && levels.some((level) => level > 0)) {
    throw new RangeError(`${NAME}: expected no noise beside logistic labels, found ${levels.join(", ")}`);
  }
  const nonzero = weights?.nonzero;
  if (nonzero === undefined) return;
  if (!(Number.isInteger(nonzero) && nonzero >= 1 && nonzero <= W)) {
    throw new RangeError(`${NAME}: expected from 1 to ${W} non-zero weights, found ${nonzero}`);
  }
  if (outputs !== undefined || intercept) {
    throw new RangeError(`${NAME}: expected sparse weights without outputs or intercept, found either`);
  }
}
