/** Small curves with the shape of the project's figures, for tests that draw. */

import type { CurvesOptions, Theories } from "../../lib/figures/mod.ts";
import type { MeasuredCurve } from "../../lib/study/measurements.ts";

const STEPS = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const MODES = [{ name: "s = 4", rate: 0.16 }, { name: "s = 1", rate: 0.01 }];

function logistic(rate: number, ceiling: number, offset = 0): MeasuredCurve {
  const at = (step: number) => ceiling / (1 + (ceiling / 0.01 - 1) * Math.exp(-2 * rate * step)) * (1 + offset);
  return { x: STEPS, y: STEPS.map(at) };
}

/** Two theory curves a mode. */
export const theory: Theories = {
  "closed form": Object.fromEntries(MODES.map(({ name, rate }) => [name, logistic(rate, 0.5)])),
  "exact flow": Object.fromEntries(MODES.map(({ name, rate }) => [name, logistic(rate, 0.55)])),
};

/** Four replicas a mode. */
export const lines: Readonly<Record<string, readonly MeasuredCurve[]>> = Object.fromEntries(
  MODES.map(({ name, rate }) => [name, [-0.02, -0.01, 0.01, 0.02].map((offset) => logistic(rate, 0.55, offset))]),
);

/** The project's signature picture of these curves: modes in one panel, theory on top of them. */
export const picture = {
  title: "Modes & their order",
  setup: ["N = 8", "two modes"],
  description: "Two logistic curves, the first rising earlier <than> the second.",
  x: { title: "SGD step" },
  y: { title: "a(t)" },
  theory,
  lines,
  by: "mode",
} satisfies CurvesOptions;
