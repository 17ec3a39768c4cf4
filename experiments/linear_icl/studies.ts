/** The ensembles beside the main one: fixed points against N, unaligned starts, a shifted covariance at test time. */
import { type LinearIcl, randomInit } from "../../lib/models/linear_icl.ts";
import { commutingFixedPoint, denseFixedPoint } from "../../lib/theory/exact_fixed_points.ts";
import { fixedPoint } from "../../lib/theory/linear_icl.ts";
import { blocksOf, populationFlow } from "../../lib/theory/linear_icl_flow.ts";
import { decoupledTestLoss, testLoss } from "../../lib/theory/miscalibration.ts";
import { each, follow, type Watch } from "./follow.ts";
import { ensemble, reportSteps, type Setting, taskLaw } from "./setting.ts";
import { offDiagonalRms, productsOf, type State, stateOf } from "./state.ts";

/** Fixed point of every mode at one context length, under one law of tasks. */
export interface FixedPointRow {
  readonly tasks: "commuting" | "dense";
  readonly context: number;
  /** Counted from 0. */
  readonly mode: number;
  readonly paper: number;
  readonly exact: number;
  /** Measured a_α of each replica, averaged over the last quarter of its run. */
  readonly measured: readonly number[];
}

/** Fixed points a (d) by the paper and by the exact flow. */
export function predictedFixedPoints(
  problem: { spectrum: readonly number[]; context: number },
  tasks: "commuting" | "dense",
): { paper: Float64Array; exact: Float64Array } {
  const { products } = tasks === "dense" ? denseFixedPoint(problem, 1) : commutingFixedPoint(problem);
  return { paper: fixedPoint(problem), exact: products };
}

/** Start of a fixed-point run: half of the paper's products, with p ∝ 1 for dense tasks and p = q for commuting ones. */
function halfway(
  problem: { spectrum: readonly number[]; context: number },
  tasks: "commuting" | "dense",
): Float32Array {
  const d = problem.spectrum.length;
  const a = fixedPoint(problem).map((value) => value / 2);
  const balanced = (a.reduce((sum, value) => sum + value * value) / d) ** 0.25;
  const init = new Float32Array(8 * d * d);
  a.forEach((product, mode) => {
    const p = tasks === "dense" ? balanced : Math.sqrt(product);
    init[(d + mode) * 2 * d + d + mode] = p;
    init[4 * d * d + mode * 2 * d + mode] = product / p;
  });
  return init;
}

/**
 * Trains at every context length, all in one ensemble, and averages a_α over the last quarter of the run.
 *
 * Few tokens make gradients heavy-tailed, so the learning rate is scaled by N/(N + 8); dense tasks add up d outputs of every
 * mode, so theirs is also divided by d.
 */
export async function fixedPoints(
  setting: Setting,
  seeds: readonly number[],
  watch: Watch,
): Promise<FixedPointRow[]> {
  const { spectrum, contexts } = setting;
  const d = spectrum.length;
  const rows: FixedPointRow[] = [];
  for (const tasks of ["commuting", "dense"] as const) {
    const rate = setting.lr / (tasks === "dense" ? d : 1);
    const replicas = contexts.flatMap((context) => {
      const init = halfway({ spectrum, context }, tasks);
      return seeds.map((seed) => ({ seed, context, lr: rate * context / (context + 8), spectrum, init }));
    });
    using model = await ensemble({ ...setting, tasks }, replicas);
    const last = setting["study-steps"];
    const steps = [...new Set(Array.from({ length: 51 }, (_, index) => Math.round(last * (0.75 + index / 200))))];
    const sums = replicas.map(() => new Float64Array(d));
    for await (const { parameters } of follow(model, `fixed points, ${tasks} tasks`, steps, watch)) {
      replicas.forEach((_, replica) =>
        productsOf(stateOf(parameters, replica, d)).forEach((a, mode) => sums[replica][mode] += a / steps.length)
      );
    }
    contexts.forEach((context, index) => {
      const problem = { spectrum, context };
      const { paper, exact } = predictedFixedPoints(problem, tasks);
      for (let mode = 0; mode < d; mode++) {
        const measured = seeds.map((_, replica) => sums[index * seeds.length + replica][mode]);
        rows.push({ tasks, context, mode, paper: paper[mode], exact: exact[mode], measured });
      }
    });
  }
  return rows;
}

/** Off-diagonal size of p2 and q1 at one step, simulated and from each replica's exact flow. */
export interface AlignmentRow {
  readonly step: number;
  readonly block: "p2" | "q1";
  readonly exact: readonly number[];
  readonly measured: readonly number[];
}

/** Scale of the unaligned start: large against SGD noise, small against the fixed point. */
export const UNALIGNED_SCALE = 0.2;

/** Trains from random p2 and q1 (p1 = q2 = 0) and follows their off-diagonal entries beside the exact flow. */
export async function alignment(
  setting: Setting,
  seeds: readonly number[],
  watch: Watch,
): Promise<AlignmentRow[]> {
  const { spectrum, context, lr } = setting;
  const d = spectrum.length;
  const replicas = seeds.map((seed) => {
    const init = randomInit(d, UNALIGNED_SCALE, seed);
    return { seed, context, lr, spectrum, init };
  });
  using model = await ensemble(setting, replicas);
  const steps = reportSteps(setting["study-steps"], 60);
  const flows = await each(replicas, "alignment, exact flow", ({ seed, init }) => {
    const { p2, q1 } = stateOf(init, 0, d);
    return populationFlow({ spectrum, context }, taskLaw(setting, seed), { p: p2, q: q1 }, lr, steps).states.map(
      blocksOf,
    );
  }, watch);
  const rows: AlignmentRow[] = [];
  for await (const { step, parameters } of follow(model, "alignment", steps, watch)) {
    const index = steps.indexOf(step);
    const states = seeds.map((_, replica) => stateOf(parameters, replica, d));
    rows.push({
      step,
      block: "p2",
      exact: flows.map((flow) => offDiagonalRms(flow[index].p)),
      measured: states.map(({ p2 }) => offDiagonalRms(p2)),
    }, {
      step,
      block: "q1",
      exact: flows.map((flow) => offDiagonalRms(flow[index].q)),
      measured: states.map(({ q1 }) => offDiagonalRms(q1)),
    });
  }
  return rows;
}

/** Share of the mirror solution, p1 q2 / (p1 q2 + p2 q1), in what each mode has learned. */
export interface MirrorRow {
  readonly step: number;
  /** Counted from 0. */
  readonly mode: number;
  /** Share of each replica; null where the mode has learned less than a tenth of its fixed point. */
  readonly shares: readonly (number | null)[];
}

/** Trains from small random entries in all four blocks: which pair of blocks learns a mode? */
export async function mirror(setting: Setting, seeds: readonly number[], watch: Watch): Promise<MirrorRow[]> {
  const { spectrum, context, lr, scale } = setting;
  const d = spectrum.length;
  const replicas = seeds.map((seed) => ({ seed, context, lr, spectrum, init: randomInit(d, scale, seed, "all") }));
  using model = await ensemble(setting, replicas);
  const plateau = fixedPoint({ spectrum, context });
  const rows: MirrorRow[] = [];
  const steps = reportSteps(setting["study-steps"], 40);
  for await (const { step, parameters } of follow(model, "mirror", steps, watch)) {
    const states = seeds.map((_, replica) => stateOf(parameters, replica, d));
    for (let mode = 0; mode < d; mode++) {
      const shares = states.map(({ p1, p2, q1, q2 }) => {
        const [mirrored, direct] = [productsOf({ p2: p1, q1: q2 })[mode], productsOf({ p2, q1 })[mode]];
        return mirrored + direct < 0.1 * plateau[mode] ? null : mirrored / (mirrored + direct);
      });
      rows.push({ step, mode, shares });
    }
  }
  return rows;
}

/** Loss of the trained models on prompts whose inputs have `factor` times the training covariance. */
export interface ShiftRow {
  readonly factor: number;
  /** The paper's fixed point, put into its decoupled loss. */
  readonly paper: number;
  /** The exact loss of the exact flow's end, averaged over replicas. */
  readonly exact: number;
  /** Measured loss of each replica; empty where only theory is asked for. */
  readonly measured: readonly number[];
}

const TEST_STEPS = 64;

/** Tests the trained ensemble on shifted covariances, by training steps with a learning rate of zero on fresh prompts. */
export async function covarianceShift(
  setting: Setting,
  seeds: readonly number[],
  trained: readonly { init: Float32Array; flow: Pick<State, "p2" | "q1"> }[],
  watch: Watch,
): Promise<ShiftRow[]> {
  const { spectrum, context, shifts } = setting;
  const outputs = setting.tasks === "dense" ? spectrum.length : 1;
  const replicas = shifts.flatMap((factor) =>
    seeds.map((seed, replica) => ({
      // Half of the seed space away: prompts that no replica was trained on.
      seed: (seed + 2 ** 31) >>> 0,
      context,
      lr: 0,
      spectrum: spectrum.map((s) => factor * s),
      init: trained[replica].init,
    }))
  );
  using model: LinearIcl = await ensemble(setting, replicas);
  const sums = new Float64Array(replicas.length);
  const steps = Array.from({ length: TEST_STEPS }, (_, step) => step + 1);
  for await (const { loss } of follow(model, "covariance shift", steps, watch)) {
    loss?.forEach((value, replica) => sums[replica] += value / TEST_STEPS);
  }
  const measured = (factor: number) => {
    const index = shifts.indexOf(factor);
    return index < 0 ? [] : [...sums.subarray(index * seeds.length, (index + 1) * seeds.length)];
  };
  const [low, high] = [Math.min(...shifts), Math.max(...shifts)];
  const grid = Array.from({ length: 41 }, (_, index) => low * (high / low) ** (index / 40));
  return [...new Set([...shifts, ...grid])].sort((a, b) => a - b).map((factor) => {
    const shifted = spectrum.map((s) => factor * s);
    const data = { context: shifted, query: shifted, length: context };
    const exact = trained.map(({ flow }, replica) =>
      testLoss(taskLaw(setting, seeds[replica]), { p: flow.p2, q: flow.q1 }, data)
    );
    return {
      factor,
      paper: outputs * decoupledTestLoss(fixedPoint({ spectrum, context }), { spectrum: shifted, context }, shifted),
      exact: exact.reduce((sum, value) => sum + value) / exact.length,
      measured: measured(factor),
    };
  });
}
