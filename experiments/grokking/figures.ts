/** Figures of the run: curves with bands, and the two that need marks of their own. */
import {
  type Axis,
  bandOver,
  type BandRow,
  describeBand,
  type Rule,
  type Spec,
  theoryAndSimulation,
} from "../../lib/figures/mod.ts";
import { branchCurve, curveOf, type Evidence, indicesOf, mainTimes, measureOf } from "./evidence.ts";
import { circles, heatMap } from "./fourier_figures.ts";
import { INTERVENTIONS } from "./interventions.ts";
import type { Measured } from "./progress_study.ts";
import { MATRICES } from "./spectral.ts";

/** All figures by file name. */
export function figures(evidence: Evidence): Record<string, Spec> {
  const branched = evidence.branches.length > 0;
  return {
    losses: losses(evidence),
    accuracy: accuracy(evidence),
    controls: controls(evidence),
    fourier: heatMap(evidence),
    circles: circles(evidence),
    effective_rank: matrices(evidence, "ranks", "effective rank"),
    subspace_distance: matrices(evidence, "distances", "distance to the final subspace"),
    weight_norm: weightNorm(evidence),
    ...(branched ? { interventions: interventions(evidence) } : {}),
  };
}

const STEP: Axis = { title: "full-batch step", scale: "log" };

/** Ends of the phases: geometric means over the main replicas that reached them. */
function phaseEnds(evidence: Evidence): { readonly name: string; readonly x: number }[] {
  const times = mainTimes(evidence);
  return ([["memorised", "memorised"], ["circuit", "circuit formed"], ["generalised", "generalised"]] as const)
    .flatMap(([key, name]) => {
      const reached = times.flatMap((one) => one[key] === null ? [] : [one[key]]);
      if (reached.length === 0) return [];
      return [{ name, x: Math.exp(reached.reduce((sum, time) => sum + Math.log(time), 0) / reached.length) }];
    }).sort((a, b) => a.x - b.x);
}

const phaseRules = (evidence: Evidence): Rule[] => phaseEnds(evidence).map(({ x }) => ({ x }));

/** What the dotted lines are. */
function phaseWords(evidence: Evidence): string {
  const ends = phaseEnds(evidence).map(({ name, x }) => `${name} ${Math.round(x)}`);
  return ends.length === 0 ? "no phase has ended" : `dotted, geometric means: ${ends.join(", ")}`;
}

/** Bands over the main replicas of named curves. */
function bands(evidence: Evidence, curves: readonly (readonly [string, (replica: number) => readonly number[]])[]) {
  const rows = curves.flatMap(([group, of]) =>
    indicesOf(evidence, "main").flatMap((replica) =>
      of(replica).map((value, index) => ({ step: evidence.snapshots[index].step, group, replica, value }))
    )
  );
  return bandOver(rows, { x: "step", value: "value", group: "group" });
}

const taskOf = ({ setting: { operation, modulus, fraction } }: Evidence) =>
  `${operation} modulo ${modulus}, ${Math.round(100 * fraction)} % of the pairs`;

function under(evidence: Evidence, simulation: readonly BandRow[]): string {
  return `${taskOf(evidence)}; ${describeBand(simulation)}`;
}

function losses(evidence: Evidence): Spec {
  const simulation = bands(evidence, [
    ["train", (r) => curveOf(evidence, r, "trainLoss")],
    ["test", (r) => curveOf(evidence, r, "testLoss")],
    ["restricted", (r) => measureOf(evidence, r, ({ restrictedLoss }) => restrictedLoss)],
    [
      "restricted, test pairs",
      (r) => measureOf(evidence, r, ({ testRestrictedLoss }) => testRestrictedLoss),
    ],
    ["excluded", (r) => measureOf(evidence, r, ({ excludedLoss }) => excludedLoss)],
  ]);
  return theoryAndSimulation({
    title: "Losses: memorisation, circuit formation, cleanup",
    subtitle: [under(evidence, simulation), phaseWords(evidence)],
    description: "Training, test, restricted and excluded loss of the main replicas against the step.",
    x: STEP,
    y: { title: "cross-entropy (nats)", scale: "log" },
    theory: [],
    simulation,
    groupTitle: "loss",
    rules: phaseRules(evidence),
    width: 520,
  });
}

function accuracy(evidence: Evidence): Spec {
  const simulation = bands(evidence, [
    ["train", (r) => curveOf(evidence, r, "trainAccuracy")],
    ["test", (r) => curveOf(evidence, r, "testAccuracy")],
  ]);
  return theoryAndSimulation({
    title: "Accuracy on training pairs and on test pairs",
    subtitle: [under(evidence, simulation), phaseWords(evidence)],
    description: "Accuracy on training and test pairs of the main replicas against the step.",
    x: STEP,
    y: { title: "accuracy", domain: [0, 1] },
    theory: [],
    simulation,
    groupTitle: "pairs",
    rules: phaseRules(evidence),
    width: 520,
  });
}

function controls(evidence: Evidence): Spec {
  const rows = evidence.replicas.flatMap(({ condition }, replica) =>
    curveOf(evidence, replica, "testAccuracy").map((value, index) => ({
      step: evidence.snapshots[index].step,
      condition,
      replica,
      value,
    }))
  );
  const simulation = bandOver(rows, { x: "step", value: "value", group: "condition" });
  return theoryAndSimulation({
    title: "Test accuracy of the main replicas and of the controls",
    subtitle: `${taskOf(evidence)} and weight decay ${
      evidence.setting["weight-decay"]
    } unless the panel says otherwise; ${describeBand(simulation)}`,
    description: "Test accuracy against the step, one panel for each condition.",
    x: STEP,
    y: { title: "test accuracy", domain: [0, 1] },
    theory: [],
    simulation,
    columns: 3,
    width: 200,
    height: 130,
  });
}

function matrices(evidence: Evidence, field: "ranks" | "distances", title: string): Spec {
  const simulation = bands(
    evidence,
    MATRICES.map((name) =>
      [name, (r: number) => measureOf(evidence, r, (measured: Measured) => measured[field][name])] as const
    ),
  );
  const heads = "QK and OV: means over heads";
  return theoryAndSimulation({
    title: field === "ranks"
      ? "Effective rank of circuits and matrices"
      : "Distance of circuits and matrices to their final subspace",
    subtitle: [`${heads}; ${describeBand(simulation)}`, phaseWords(evidence)],
    description: `${title} of QK, OV, the perceptron's matrices and the embeddings against the step.`,
    x: STEP,
    y: { title },
    theory: [],
    simulation,
    rules: phaseRules(evidence),
    columns: 3,
    width: 200,
    height: 140,
  });
}

function weightNorm(evidence: Evidence): Spec {
  const simulation = bands(evidence, [["", (r) => curveOf(evidence, r, "norm2")]]);
  return theoryAndSimulation({
    title: "Sum of squared weights",
    subtitle: [under(evidence, simulation), phaseWords(evidence)],
    description: "Sum of all squared weights of the main replicas against the step.",
    x: STEP,
    y: { title: "Σ w²", zero: true },
    theory: [],
    simulation,
    rules: phaseRules(evidence),
    width: 520,
  });
}

function interventions(evidence: Evidence): Spec {
  const { "branch-at": from, "branch-steps": more } = evidence.setting;
  const simulation = INTERVENTIONS.flatMap((group) =>
    bandOver(
      indicesOf(evidence, "main").flatMap((replica) =>
        branchCurve(evidence, group, replica).map(({ step, testAccuracy: value }) => ({ step, replica, value, group }))
      ),
      { x: "step", value: "value", group: "group" },
    )
  );
  return theoryAndSimulation({
    title: "Interventions on the subspace that heads write into",
    subtitle: `from step ${from} on; random: subspaces of the same dimension; ${describeBand(simulation)}`,
    description: "Test accuracy against the step under each intervention.",
    x: { title: "full-batch step", domain: [from, from + more] },
    y: { title: "test accuracy", domain: [0, 1] },
    theory: [],
    simulation,
    columns: 3,
    width: 200,
    height: 140,
  });
}
