/** The local learning coefficient beside the losses, on one axis of time. */
import {
  type Axis,
  band,
  bandOver,
  type BandRow,
  describeBand,
  type Frame,
  meanLine,
  ruleAt,
  smallMultiples,
  type Spec,
} from "../../lib/figures/mod.ts";
import { curveOf, type Evidence } from "./evidence.ts";
import { bands, phaseRules, phaseWords, STEP, taskOf } from "./figure_parts.ts";

/** Losses above, coefficients of the main replicas and of the controls below, with the phases in both. */
export function coefficientFigure(evidence: Evidence): Spec {
  const { setting, coefficients, replicas } = evidence;
  const losses = bands(evidence, [
    ["train loss", (r) => curveOf(evidence, r, "trainLoss")],
    ["test loss", (r) => curveOf(evidence, r, "testLoss")],
  ]).filter(({ x }) => x > 0);
  const estimates = bandOver(
    coefficients.map(({ step, replica, coefficient: value }) => ({
      step,
      replica,
      value,
      group: `LLC, ${replicas[replica].condition}`,
    })),
    { x: "step", value: "value", group: "group" },
  );
  const order = [...new Set([...losses, ...estimates].map(({ group }) => group))];
  const frame = (y: Axis): Frame => ({
    x: { ...STEP, domain: [1, setting.steps] },
    y,
    groups: { title: "quantity", order },
    sources: ["simulation"],
  });
  const drawn = (rows: readonly BandRow[]) => rows.map((row) => ({ ...row, series: "simulation" as const }));
  const rules = phaseRules(evidence).flatMap(ruleAt);
  const panel = (title: string, y: Axis, dataset: string) => ({
    title,
    layers: [...rules, band(frame(y), dataset), meanLine(frame(y), dataset)],
  });
  return smallMultiples(
    {
      title: "Local learning coefficient of the training loss along the run",
      subtitle: [
        `${taskOf(evidence)}; ${describeBand(estimates)}; γ = ${setting["coefficient-pull"]}, ${
          setting["coefficient-chains"]
        } chains of ${setting["coefficient-draws"]} draws`,
        phaseWords(evidence),
      ],
      description:
        "Losses of the main replicas, and local learning coefficients of main replicas and controls, against the step.",
      width: 520,
      height: 190,
    },
    { losses: drawn(losses), estimates: drawn(estimates) },
    [
      panel("losses of the main replicas", { title: "cross-entropy (nats)", scale: "log" }, "losses"),
      panel("local learning coefficients", { title: "local learning coefficient", zero: true }, "estimates"),
    ],
    1,
  );
}
