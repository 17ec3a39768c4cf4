/**
 * Training of linear attention that learns linear regression in context, with all steps between two reports fused where that
 * is fastest.
 *
 * @module
 */
import { backwardLanes, linearIclBackward } from "../../kernels/linear_icl/linear_icl_backward.ts";
import { linearIclFused, linearIclWide } from "../../kernels/linear_icl/linear_icl_fused.ts";
import { meanToRing } from "../../kernels/linear_icl/mean_to_ring.ts";
import { outerMean } from "../../kernels/linear_icl/outer_mean.ts";
import { currentGpu } from "../gpu/device.ts";
import { ShapeError } from "../gpu/errors.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { checkOptions, type LinearIclOptions, type LinearIclReplica } from "../models/linear_icl.ts";
import { ParameterSet } from "../models/parameters.ts";
import { zerosLike } from "../optim/optimizer.ts";
import { sgd } from "../optim/sgd.ts";
import { drawKey } from "../random/random.ts";
import { poolEntries, regressionPrompts } from "../tasks/regression_prompts.ts";
import { type RecordedStep, type SavedState, type StepTensors, Training } from "./training.ts";

/** Largest dimension of the fused kernels: more rows of a matrix would be long to compile. */
export const MAX_FUSED_DIMENSION = 32;
/**
 * Up to here a lane of the fused kernel has a prompt of its own; beyond, a prompt is spread over lanes. That is faster from
 * D = 5 on, but kept runs of up to 8 dimensions shall have the same bits as ever.
 */
const MAX_LANE_DIMENSION = 8;
/** The software driver ends a shader silently after 65 535 loop iterations; stay well below, also with rejected draws. */
const LOOP_BUDGET = 40_000;
/** Keeps a dispatch short enough for watchdogs and Ctrl-C. */
const MAX_STRIDE = 64;
const LANES = 8;
/** W_P then W_Q. */
const MATRICES = "attention.output_query";

/** An ensemble, and where its training continues from. */
export interface LinearIclTrainingOptions extends LinearIclOptions {
  /** State to continue from instead of each replica's `init`; null or nothing for the start of training. */
  readonly from?: SavedState | null;
}

/** An ensemble of linear attention in training; each report has its parameters (R, 2, 2D, 2D) as an evaluation. */
export type LinearIclTraining = Training<{ parameters: Tensor }>;

/**
 * Trains linear attention by SGD on fresh prompts, whose law and parameters {@linkcode LinearIclOptions} describes.
 *
 * The training owns its parameters, `attention.output_query` (R, 2, 2D, 2D), and frees them with itself.
 *
 * @param options Replicas, what they share, and where to continue from.
 * @returns Training at its first step.
 * @throws {ShapeError} If replicas disagree in dimension, the fused kernel is asked for and does not fit, or a state to
 *   continue from does not fit.
 * @throws {RangeError} If there is no replica, or a number is out of its domain.
 * @throws {GpuError} If prompts or parameters do not fit the adapter.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { alignedInit } from "../models/linear_icl.ts";
 * import { linearIcl } from "./linear_icl.ts";
 * import { assert, assertEquals } from "@std/assert";
 *
 * await openGpu();
 * const spectrum = [2, 1];
 * const replicas = [1, 2].map((seed) => ({ seed, context: 8, lr: 0.02, spectrum, init: alignedInit(2, 0.1) }));
 * using training = await linearIcl({ replicas, batch: 64, tasks: "commuting", pool: "fresh", sampler: "statistics" });
 * for await (const { step, loss, evaluations } of training.run({ reports: [0, 400] })) {
 *   assertEquals(evaluations.parameters.length, 2 * 2 * 4 * 4);
 *   if (step === 400) assert(loss![0] < 1.2);
 * }
 * ```
 */
export async function linearIcl(options: LinearIclTrainingOptions): Promise<LinearIclTraining> {
  checkOptions(options);
  const { replicas, divergence, from } = options;
  const fusion = chosenFusion(options);
  const D = replicas[0].spectrum.length;
  const shape = [2, 2 * D, 2 * D];
  const specs = { [MATRICES]: { shape, init: { law: "constant", value: 0 } } } as const;
  const parameters = ParameterSet.create(specs, replicas.map(({ seed }) => seed));
  const data = Float32Array.from(replicas.flatMap(({ init }) => [...init]));
  parameters.load([{ name: MATRICES, shape: [replicas.length, ...shape], data }]);
  const law = lawOf(options);
  const record = fusion === null
    ? (tensors: StepTensors) => recordSeparate(options, parameters, law, tensors)
    : (tensors: StepTensors) => recordFused(options, parameters, law, tensors, fusion);
  const step: RecordedStep = {
    label: "linear_icl",
    stride: fusion ? Math.min(MAX_STRIDE, Math.floor(LOOP_BUDGET / fusion.iterations)) : 1,
    record,
    owned: [...Object.values(law), parameters],
  };
  const evaluations = { parameters: () => parameters.weights[MATRICES] };
  return await Training.ofStep({ parameters, evaluations, divergence, from }, step);
}

/** A fused kernel for an ensemble. */
interface Fusion {
  /** Lanes of a workgroup. */
  readonly lanes: number;
  /** Whether a prompt is spread over lanes. */
  readonly wide: boolean;
  /** Loop iterations of a step. */
  readonly iterations: number;
}

/** The fused kernel that suits an ensemble; null if it has too many dimensions. */
function fusionOf({ replicas, batch, tasks, sampler }: LinearIclOptions): Fusion | null {
  const { subgroupSize } = currentGpu().adapter;
  const D = replicas[0].spectrum.length;
  const longest = Math.max(...replicas.map(({ context }) => context));
  if (D <= MAX_LANE_DIMENSION) {
    const perPrompt = 1 + (sampler === "tokens" ? longest : 3 * D);
    const iterations = Math.ceil(batch / LANES) * perPrompt + 2 * (2 * D) ** 2 / LANES + 2 * D + 2;
    return { lanes: LANES, wide: false, iterations };
  }
  const aside = Math.floor(subgroupSize / Math.ceil(D / 4));
  if (D > MAX_FUSED_DIMENSION || aside < 1) return null;
  const perPrompt = 1 + (sampler === "tokens" ? longest : 4) + (tasks === "dense" ? 4 * D : 0);
  return { lanes: subgroupSize, wide: true, iterations: Math.ceil(batch / aside) * perPrompt + 2 * D + 4 };
}

/** The fused kernel if it is asked for, or fits and suits the adapter; null for the separate kernels. */
function chosenFusion(options: LinearIclOptions): Fusion | null {
  const fusion = fusionOf(options);
  const fits = fusion !== null && fusion.iterations <= LOOP_BUDGET;
  const choice = options.step ?? (fits && currentGpu().adapter.software ? "fused" : "separate");
  if (choice === "separate") return null;
  if (!fits) {
    const D = options.replicas[0].spectrum.length;
    const most = `at most ${MAX_FUSED_DIMENSION} dimensions, beyond ${MAX_LANE_DIMENSION} on subgroups that hold them`;
    const found = fusion ? `${D} and ${fusion.iterations}` : D;
    throw new ShapeError(
      `linear_icl: expected ${most}, and ${LOOP_BUDGET} iterations a step for the fused kernel, found ${found}`,
    );
  }
  return fusion;
}

/** Tensors that say what the prompts of each replica are drawn from, and its learning rate. */
interface Law {
  readonly context: Tensor;
  readonly lr: Tensor;
  readonly deviation: Tensor;
  readonly pools: Tensor;
}

function lawOf({ replicas, tasks, pool }: LinearIclOptions): Law {
  const [R, D] = [replicas.length, replicas[0].spectrum.length];
  const entries = tasks === "dense" ? D * D : D;
  const each = <T>(value: (replica: LinearIclReplica) => T) => replicas.map(value);
  return {
    context: Tensor.from(each(({ context }) => context), [R], "context"),
    lr: Tensor.from(each(({ lr }) => lr), [R], "lr"),
    deviation: Tensor.from(each(({ spectrum }) => spectrum.map(Math.sqrt)).flat(), [R, D], "deviation"),
    pools: Tensor.from(
      each(({ seed }) => [...poolEntries(seed, pool, entries)]).flat(),
      [R, pool === "fresh" ? 1 : pool, entries],
      "pools",
    ),
  };
}

function recordFused(
  { replicas, batch, tasks, pool, sampler }: LinearIclOptions,
  set: ParameterSet,
  law: Law,
  { seeds, clock, losses }: StepTensors,
  { lanes, wide }: Fusion,
): void {
  const D = replicas[0].spectrum.length;
  const keys = {
    tokens: drawKey("tokens"),
    wishart: drawKey("wishart"),
    chi: drawKey("chi"),
    query: drawKey("query"),
    task: drawKey("task"),
    pool: drawKey("pool choice"),
  };
  const parameters = set.weights[MATRICES].reshape([replicas.length, 2 * (2 * D) ** 2]);
  const train = wide ? linearIclWide : linearIclFused;
  train({ ...law, seeds, clock, parameters, losses, B: batch, ...keys }, {
    D,
    LANES: lanes,
    DENSE: tasks === "dense" ? 1 : 0,
    POOLED: pool === "fresh" ? 0 : 1,
    TOKENS: sampler === "tokens" ? 1 : 0,
  });
}

function recordSeparate(
  { replicas, batch, tasks, pool, sampler }: LinearIclOptions,
  set: ParameterSet,
  { context, deviation, pools }: Law,
  { seeds, clock, losses }: StepTensors,
): void {
  const D = replicas[0].spectrum.length;
  const contexts = replicas.map(({ context }) => context);
  const prompts = regressionPrompts({ seeds, clock, context, deviation, pools }, {
    B: batch,
    tasks,
    pool,
    sampler,
    longest: Math.max(...contexts),
    contexts,
  });
  const parameters = set.weights[MATRICES].reshape([replicas.length, 2 * (2 * D) ** 2]);
  const { delta, hidden, back, token, loss } = linearIclBackward(
    { ...prompts, context, deviation, parameters },
    { D, WIDTH: 2 * D, LANES: backwardLanes(D) },
  );
  const gradient = own(zerosLike(set, "gradient"));
  const y = set.viewsOf(gradient)[MATRICES];
  outerMean({ a: delta, c: hidden, y, slot: 0 });
  outerMean({ a: back, c: token, y, slot: 1 });
  meanToRing({ x: loss, clock, ring: losses });
  const optimizer = sgd({ lr: replicas.map(({ lr }) => lr) });
  optimizer.update({ parameters: set, gradient, state: optimizer.init(set), clock });
}
