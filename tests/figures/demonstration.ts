/** Small rows with the shape of the project's figures, for tests that draw. */

import { bandOver, type BandRow } from "../../lib/figures/band.ts";
import type { TheoryAndSimulation, TheoryRow } from "../../lib/figures/theory_and_simulation.ts";

const STEPS = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const MODES = [{ name: "s = 4", rate: 0.16 }, { name: "s = 1", rate: 0.01 }];

function logistic(step: number, rate: number, ceiling: number): number {
  return ceiling / (1 + (ceiling / 0.01 - 1) * Math.exp(-2 * rate * step));
}

/** Two theory curves a mode. */
export const theory: TheoryRow[] = MODES.flatMap(({ name, rate }) =>
  STEPS.flatMap((x): TheoryRow[] => [
    { x, value: logistic(x, rate, 0.5), series: "paper closed form", group: name },
    { x, value: logistic(x, rate, 0.55), series: "exact flow", group: name },
  ])
);

/** Four replicas a mode. */
export const simulation: BandRow[] = bandOver(
  MODES.flatMap(({ name, rate }) =>
    STEPS.flatMap((step) =>
      [-0.02, -0.01, 0.01, 0.02].map((offset, replica) => ({
        step,
        replica,
        mode: name,
        a: logistic(step, rate, 0.55) * (1 + offset),
      }))
    )
  ),
  { x: "step", value: "a", group: "mode" },
);

/** The signature picture of these rows. */
export const picture: TheoryAndSimulation = {
  title: "Modes & their order",
  subtitle: ["N = 8", "band: min–max of 4 replicas"],
  description: "Two logistic curves, the first rising earlier <than> the second.",
  x: { title: "SGD step" },
  y: { title: "a(t)" },
  theory,
  simulation,
  groupTitle: "mode",
};
