/** Theory of the main ensemble, and the ensembles beside it. */
import * as lab from "../../mod.ts";
import {
  closedForm,
  EXACT,
  main,
  mainSteps,
  NOISE,
  type options,
  PAPER,
  type Run,
  settled,
  shift,
  studySetting,
} from "./options.ts";

/** Logs the curves of a theory of a cell of the main ensemble. */
function logCurves(cell: lab.RunCell<typeof options>, theory: string, curves: lab.IclCurves | lab.NoiseCurves): void {
  const steps = mainSteps(cell.configuration);
  for (const [quantity, values] of Object.entries(curves)) cell.theory(theory, main(quantity), steps, values);
}

/**
 * Logs the paper's closed form of a cell of the main ensemble, which needs an aligned start, and the exact flow.
 *
 * @returns Blocks at the end of each replica's exact flow.
 */
export async function flowsOfMain(
  run: Run,
  cell: lab.RunCell<typeof options>,
  replicas: readonly lab.LinearIclReplica[],
): Promise<lab.Blocks[]> {
  const setting = cell.configuration;
  const { spectrum, lr: rate, pool, init } = setting;
  const [d, steps, aligned] = [spectrum.length, mainSteps(setting), init === "aligned"];
  const alike = aligned && pool === "fresh";
  if (aligned) logCurves(cell, PAPER, closedForm(setting));
  const flows = await lab.each(alike ? replicas.slice(0, 1) : replicas, EXACT, ({ seed, init }) => {
    return lab.exactCurves(setting, lab.taskLaw(setting, seed), lab.learningBlocks(init, 0, d), { rate, steps });
  }, run);
  run.note(`exact flow integrated to ${Math.max(...flows.map(({ error }) => error)).toExponential(1)}`);
  logCurves(cell, EXACT, lab.meanCurves(flows.map(({ curves }) => curves)));
  return replicas.map((_, replica) => flows[alike ? 0 : replica].end);
}

/** Logs the theory of SGD noise, which is derived for an aligned start and fresh commuting tasks. */
export function noiseOfMain(cell: lab.RunCell<typeof options>): void {
  const setting = cell.configuration;
  const { lr: rate, scale: initial, tasks, pool, batch, init } = setting;
  if (init !== "aligned" || pool !== "fresh" || tasks !== "commuting") return;
  logCurves(cell, NOISE, lab.noiseCurves(setting, { initial, rate, batch, steps: mainSteps(setting) }));
}

/** Seeds of the studies beside the main ensemble. */
const studySeeds = ({ seed, configuration }: Run) => lab.consecutiveSeeds(seed, configuration["study-replicas"]);

/** Replicas of those studies that start from entries N(0, scale²). */
const randomStarts = (run: Run, scale: number, blocks: "learning" | "all"): lab.LinearIclReplica[] =>
  studySeeds(run).map((seed) => {
    const { spectrum, context, lr } = run.configuration;
    return { seed, context, lr, spectrum, init: lab.randomInit(spectrum.length, scale, seed, blocks) };
  });

/**
 * Fixed points against the context length, for both laws of tasks: trains at every context length, all in one ensemble, and
 * measures a_α over the last quarter of the run.
 *
 * Few tokens make gradients heavy-tailed, so the learning rate is scaled by N/(N + 8); dense tasks add up d outputs of every
 * mode, so theirs is also divided by d.
 */
export async function fixedPoints(run: Run): Promise<void> {
  const setting = studySetting(run.configuration);
  const { spectrum, contexts, "study-steps": last } = setting;
  const reports = lab.unionOfSteps(Array.from({ length: 51 }, (_, index) => Math.round(last * (0.75 + index / 200))));
  for (const tasks of ["commuting", "dense"] as const) {
    const rate = setting.lr / (tasks === "dense" ? spectrum.length : 1);
    const design = new lab.Conditions(contexts.map((context) => ({
      name: settled(tasks, context).series,
      seeds: studySeeds(run),
      spectrum,
      context,
      lr: rate * context / (context + 8),
      init: lab.halfwayInit({ spectrum, context }, tasks),
    })));
    const label = `fixed points, ${tasks} tasks`;
    const from = run.restored(label);
    using training = await lab.linearIcl({ ...setting, tasks, replicas: design.replicas, from });
    for await (const { step, evaluations } of lab.follow(training, { label, reports }, run)) {
      const { product } = lab.blockMeasures(evaluations.parameters, spectrum.length);
      run.measure({ series: design, step }, { product });
    }
    const means = design.each(({ condition: series, replica }) =>
      spectrum.map((_, index) => {
        const { y } = run.measured.curve({ series, quantity: "product", index }, replica);
        return y.reduce((sum, a) => sum + a / y.length, 0);
      })
    );
    run.measure({ series: design, step: last }, { "settled product": means });
    for (const context of contexts) {
      const { paper, exact } = lab.fixedPoints({ spectrum, context }, tasks);
      run.theory(PAPER, settled(tasks, context), [last], [...paper].map((a) => [a]));
      run.theory(EXACT, settled(tasks, context), [last], [...exact].map((a) => [a]));
    }
  }
}

/** Scale of the unaligned start: large against SGD noise, small against the fixed point. */
const UNALIGNED_SCALE = 0.2;

/** Trains from random p2 and q1 (p1 = q2 = 0) and follows their off-diagonal entries beside each replica's exact flow. */
export async function alignment(run: Run): Promise<void> {
  const setting = studySetting(run.configuration);
  const d = setting.spectrum.length;
  const replicas = randomStarts(run, UNALIGNED_SCALE, "learning");
  const reports = lab.linearAndLogarithmicSteps(60, setting["study-steps"]);
  const flows = await lab.each(replicas, "alignment, exact flow", ({ seed, init }) => {
    const start = lab.learningBlocks(init, 0, d);
    return lab.populationFlow(setting, lab.taskLaw(setting, seed), start, setting.lr, reports).states.map(lab.blocksOf);
  }, run);
  for (const [quantity, block] of [["off-diagonal rms p2", "p"], ["off-diagonal rms q1", "q"]] as const) {
    const exact = reports.map((_, report) => flows.map((flow) => lab.offDiagonalRms(flow[report][block])));
    const design = new lab.Conditions([{ name: "alignment, exact flow", seeds: studySeeds(run) }]);
    reports.forEach((step, at) => run.measure({ series: design, step }, { [quantity]: exact[at] }));
    run.theory(EXACT, { series: "alignment", quantity }, reports, exact.map(lab.statistics.mean));
  }
  const design = new lab.Conditions([{ name: "alignment", seeds: studySeeds(run) }]);
  using training = await lab.linearIcl({ ...setting, replicas, from: run.restored("alignment") });
  for await (const { step, evaluations } of lab.follow(training, { label: "alignment", reports }, run)) {
    run.measure({ series: design, step }, lab.blockMeasures(evaluations.parameters, d));
  }
}

/**
 * Trains from small random entries in all four blocks: which pair of blocks learns a mode? A share is measured where the mode
 * has learned at least a tenth of its fixed point.
 */
export async function mirror(run: Run): Promise<void> {
  const setting = studySetting(run.configuration);
  const replicas = randomStarts(run, setting.scale, "all");
  const least = lab.fixedPoint(setting).map((plateau) => 0.1 * plateau);
  const reports = lab.linearAndLogarithmicSteps(40, setting["study-steps"]);
  using training = await lab.linearIcl({ ...setting, replicas, from: run.restored("mirror") });
  for await (const { step, evaluations } of lab.follow(training, { label: "mirror", reports }, run)) {
    run.measure({ series: "mirror", step }, { "share of p1 q2": lab.mirrorShares(evaluations.parameters, least) });
  }
}

/** Covariance factors at which theory is drawn: those that are tested, and a grid between them. */
export function shiftGrid(shifts: readonly number[]): number[] {
  const [low, high] = [Math.min(...shifts), Math.max(...shifts)];
  const grid = Array.from({ length: 41 }, (_, index) => Number((low * (high / low) ** (index / 40)).toPrecision(3)));
  return [...new Set([...shifts, ...grid])].sort((a, b) => a - b);
}

const TEST_STEPS = 64;

/**
 * Tests the trained main ensemble on inputs with c times the training covariance, by training steps with a learning rate of
 * zero on fresh prompts. The paper's prediction is its fixed point in its decoupled loss, the exact one the exact loss of the
 * exact flow's end, averaged over replicas.
 */
export async function covarianceShift(run: Run, trained: Float32Array, ends: readonly lab.Blocks[]): Promise<void> {
  const setting = studySetting(run.configuration);
  const { spectrum, context, shifts } = setting;
  const [d, seeds] = [spectrum.length, run.seeds];
  const design = new lab.Conditions(shifts.map((factor) => ({
    name: shift(factor).series,
    // Half of the seed space away: prompts that no replica was trained on.
    seeds: seeds.map((seed) => (seed + 2 ** 31) >>> 0),
    context,
    lr: 0,
    spectrum: spectrum.map((s) => factor * s),
  })));
  const n = 8 * d * d;
  const replicas = design.each((one) => ({ ...one, init: trained.slice(one.replica * n, (one.replica + 1) * n) }));
  const label = "covariance shift";
  using training = await lab.linearIcl({ ...setting, replicas, from: run.restored(label) });
  for await (const { step, losses } of lab.follow(training, { label, reports: [TEST_STEPS] }, run)) {
    const loss = replicas.map((_, r) => losses.reduce((sum, batch) => sum + batch[r] / TEST_STEPS, 0));
    run.measure({ series: design, step }, { loss });
  }
  const outputs = setting.tasks === "dense" ? d : 1;
  for (const factor of shiftGrid(shifts)) {
    const shifted = spectrum.map((s) => factor * s);
    const test = { context: shifted, query: shifted, length: context };
    const decoupled = lab.decoupledTestLoss(lab.fixedPoint(setting), { spectrum: shifted, context }, shifted);
    const exact = ends.map((end, replica) => lab.testLoss(lab.taskLaw(setting, seeds[replica]), end, test));
    run.theory(PAPER, shift(factor), [TEST_STEPS], [outputs * decoupled]);
    run.theory(EXACT, shift(factor), [TEST_STEPS], [lab.statistics.mean(exact)]);
  }
}
