/** Figures of what training itself gives: losses, accuracies, weights. */
import { bandOver, describeBand, type Spec, theoryAndSimulation } from "../../lib/figures/mod.ts";
import { curveOf, type Evidence, measureOf } from "./evidence.ts";
import { bands, phaseRules, phaseWords, STEP, taskOf, under } from "./figure_parts.ts";

/** Losses of the main replicas. */
export function losses(evidence: Evidence): Spec {
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

/** Accuracies of the main replicas. */
export function accuracy(evidence: Evidence): Spec {
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

/** Test accuracy of every condition. */
export function controls(evidence: Evidence): Spec {
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

/** Sum of squared weights of the main replicas. */
export function weightNorm(evidence: Evidence): Spec {
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
