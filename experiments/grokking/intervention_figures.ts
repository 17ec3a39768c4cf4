/** Figures of the interventions. */
import { bandOver, describeBand, type Spec, theoryAndSimulation } from "../../lib/figures/mod.ts";
import { type Evidence, indicesOf } from "./evidence.ts";
import { INTERVENTIONS } from "./interventions.ts";
import { branchCurve, branchTime } from "./times.ts";

/** Test accuracy under every intervention, a row of panels for each checkpoint. */
export function interventionCurves(evidence: Evidence): Spec {
  const { "branch-at": checkpoints, "branch-steps": more } = evidence.setting;
  const simulation = checkpoints.flatMap((from) =>
    INTERVENTIONS.flatMap((intervention) =>
      bandOver(
        indicesOf(evidence, "main").flatMap((replica) =>
          branchCurve(evidence, { from, intervention, replica }).map(({ step, testAccuracy: value }) => ({
            step,
            replica,
            value,
            group: `${intervention}, from ${from}`,
          }))
        ),
        { x: "step", value: "value", group: "group" },
      )
    )
  );
  return theoryAndSimulation({
    title: "Interventions on the subspace that heads write into",
    subtitle: `from steps ${checkpoints.join(", ")} on; random: subspaces of the same dimension; ${
      describeBand(simulation)
    }`,
    description: "Test accuracy against the step under each intervention, one row for each checkpoint.",
    x: { title: "full-batch step", domain: [0, checkpoints[checkpoints.length - 1] + more] },
    y: { title: "test accuracy", domain: [0, 1] },
    theory: [],
    simulation,
    columns: INTERVENTIONS.length,
    width: 140,
    height: 110,
  });
}

/** Steps to generalisation under every intervention against the step that it began at. */
export function interventionTimes(evidence: Evidence): Spec {
  const { "branch-at": checkpoints, "branch-steps": more } = evidence.setting;
  const simulation = bandOver(
    INTERVENTIONS.flatMap((group) =>
      checkpoints.flatMap((from) =>
        indicesOf(evidence, "main").map((replica) => ({
          from,
          group,
          replica,
          value: branchTime(evidence, { from, intervention: group, replica }).step,
        }))
      )
    ),
    { x: "from", value: "value", group: "group" },
  );
  return theoryAndSimulation({
    title: "Steps to generalisation by intervention and checkpoint",
    subtitle: [
      `95 % of the test pairs; the last step, ${more} after the checkpoint, where that is not reached`,
      describeBand(simulation).replace("band", "interval"),
    ],
    description: "Step of generalisation against the step at which an intervention began, one panel for each.",
    x: { title: "checkpoint (step)", ticks: [...checkpoints] },
    y: { title: "generalised at step", domain: [0, checkpoints[checkpoints.length - 1] + more] },
    theory: [],
    simulation,
    marks: "points",
    columns: 3,
    width: 200,
    height: 140,
  });
}
