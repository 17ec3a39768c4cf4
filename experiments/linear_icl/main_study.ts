/** Theory of the main ensemble, at the steps at which the simulation is looked at. */
import type { LinearIclReplica } from "../../lib/models/linear_icl.ts";
import { decoupledLoss, decoupledProducts } from "../../lib/theory/linear_icl/closed_form.ts";
import { blocksOf, populationFlow, populationGradient } from "../../lib/theory/linear_icl/flow.ts";
import { sgdNoise, type SgdPrediction } from "../../lib/theory/linear_icl/sgd_noise.ts";
import { mean } from "./evidence.ts";
import { each, type Watch } from "./follow.ts";
import { type Setting, taskLaw } from "./setting.ts";
import { modeImbalances, productsOf, type State, stateOf } from "./state.ts";

/** One theory's view of the ensemble at one step. */
export interface TheoryPoint {
  readonly step: number;
  /** a_α (d). */
  readonly products: ArrayLike<number>;
  /** Loss before the step's update: what the batch loss of a report at this step is a sample of. */
  readonly loss: number;
  /** p_α² − q_α² (d). */
  readonly imbalances: ArrayLike<number>;
}

/** Theories that apply to a setting; the paper's and the noise's need an aligned start, the latter fresh commuting tasks. */
export interface MainTheory {
  readonly paper: readonly TheoryPoint[] | null;
  /** The exact flow, averaged over replicas where their starts or pools differ. */
  readonly exact: readonly TheoryPoint[];
  readonly noise: readonly SgdPrediction[] | null;
  /** End of the exact flow of each replica. */
  readonly ends: readonly Pick<State, "p2" | "q1">[];
  /** Measured error of integrating the exact flow, in units of the parameters. */
  readonly integrationError: number;
}

/** Computes every theory curve of the main ensemble. */
export async function mainTheory(
  setting: Setting,
  replicas: readonly LinearIclReplica[],
  steps: readonly number[],
  watch: Watch,
): Promise<MainTheory> {
  const { spectrum, context, lr, init, scale, pool, tasks, batch } = setting;
  const problem = { spectrum, context };
  const d = spectrum.length;
  const aligned = init === "aligned";
  const alike = aligned && pool === "fresh";
  const before = steps.map((step) => Math.max(0, step - 1));
  const times = [...new Set([...steps, ...before])].sort((a, b) => a - b);
  const at = steps.map((step) => times.indexOf(step));
  const atBefore = before.map((step) => times.indexOf(step));

  const flows = await each(alike ? replicas.slice(0, 1) : replicas, "exact flow", ({ seed, init }) => {
    const law = taskLaw(setting, seed);
    const { p2, q1 } = stateOf(init, 0, d);
    const { states, errorEstimate } = populationFlow(problem, law, { p: p2, q: q1 }, lr, times);
    const points = steps.map((_, report) => {
      const { p, q } = blocksOf(states[at[report]]);
      const blocks = { p2: p, q1: q };
      return {
        products: productsOf(blocks),
        imbalances: modeImbalances(blocks),
        loss: populationGradient(problem, law, blocksOf(states[atBefore[report]])).loss,
      };
    });
    const { p, q } = blocksOf(states[states.length - 1]);
    return { points, errorEstimate, end: { p2: p, q1: q } };
  }, watch);
  const exact = steps.map((step, index) => {
    const points = flows.map((flow) => flow.points[index]);
    const perMode = (of: (point: typeof points[number]) => number[]) =>
      Array.from({ length: d }, (_, mode) => mean(points.map((point) => of(point)[mode])));
    return {
      step,
      products: perMode((point) => point.products),
      imbalances: perMode((point) => point.imbalances),
      loss: mean(points.map(({ loss }) => loss)),
    };
  });
  // Dense tasks have d outputs of each mode's variance; the paper states its loss for commuting ones.
  const outputs = tasks === "dense" ? d : 1;
  const curves = aligned ? decoupledProducts(problem, scale * scale, lr, times) : null;
  const paper = curves && steps.map((step, report) => ({
    step,
    products: curves[at[report]],
    loss: outputs * decoupledLoss(problem, curves[atBefore[report]]),
    imbalances: new Float64Array(d),
  }));
  const noise = alike && tasks === "commuting"
    ? sgdNoise(problem, { start: new Float64Array(2 * d).fill(scale), rate: lr, batch, steps })
    : null;
  return {
    paper,
    exact,
    noise,
    ends: replicas.map((_, replica) => flows[alike ? 0 : replica].end),
    integrationError: Math.max(...flows.map(({ errorEstimate }) => errorEstimate)),
  };
}
