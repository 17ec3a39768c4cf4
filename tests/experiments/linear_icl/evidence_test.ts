/** The comparisons that claims share, on curves and cells whose answer can be read off. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  halfTime,
  halfTimes,
  modeDeviation,
  plateauOf,
  worstDeviation,
} from "../../../experiments/linear_icl/evidence.ts";
import { behaving, setting, steps, theory } from "./synthetic.ts";

Deno.test("halfTime: interpolates between reports, and is null for a curve that stays below or starts above", () => {
  assertEquals(halfTime([0, 10, 20], [0, 1, 3], 2), 15);
  assertEquals(halfTime([0, 10, 20], [0, 1, 3], 1), 10);
  assertEquals(halfTime([0, 10, 20], [0, 2, 1], 1.5), 7.5);
  assertEquals(halfTime([0, 10, 20], [0, 1, 3], 4), null);
  assertEquals(halfTime([0, 10, 20], [5, 6, 7], 4), null);
});

Deno.test("halfTimes: a logistic curve is half way at its inflection, in every replica", () => {
  const middle = [100, 250];
  const plateau = plateauOf(setting);
  const found = halfTimes(behaving({
    product: (report, mode, sign) => plateau[mode] / (1 + Math.exp((middle[mode] + 10 * sign - steps[report]) / 20)),
  }));
  found.forEach(({ mode, times }) => {
    assertAlmostEquals(times[0]!, middle[mode] + 10, 0.5);
    assertAlmostEquals(times[1]!, middle[mode] - 10, 0.5);
  });
});

Deno.test("worstDeviation: picks the cell farthest from its prediction in its own units, with the t-band of its mean", () => {
  const cells = [
    { predicted: 1, measured: [1.4, 1.6], scale: 5 },
    { predicted: 0, measured: [-0.3, -0.5], scale: 1 },
    { predicted: 10, measured: [12, 12], scale: 100 },
  ];
  const { cell, centre, low, high } = worstDeviation(cells);
  assertEquals(cell, 1);
  assertAlmostEquals(centre, 0.4, 1e-12);
  // Two values 0.2 apart: standard error 0.1, t = 12.706.
  assertAlmostEquals(high - centre, 1.2706, 1e-4);
  assertEquals(low, 0);
  const sure = worstDeviation([{ predicted: 1, measured: [3, 3], scale: 4 }]);
  assertEquals([sure.low, sure.centre, sure.high], [0.5, 0.5, 0.5]);
});

Deno.test("modeDeviation: names mode and step of a single excursion, in units of the plateau", () => {
  const at = 40;
  const evidence = behaving({
    product: (report, mode) => theory.exact[report].products[mode] + (report === at && mode === 1 ? 0.07 : 0),
  });
  const { centre, detail } = modeDeviation(evidence, theory.exact);
  assertAlmostEquals(centre, 0.07 / plateauOf(setting)[1], 1e-9);
  assertEquals(detail, `largest for mode 2 at step ${steps[at]}`);
});

Deno.test("plateauOf: the paper's fixed point N/((N+1)s + T), whatever the run's length", () => {
  const [N, T] = [setting.context, 3];
  assertEquals(plateauOf(setting), setting.spectrum.map((s) => N / ((N + 1) * s + T)));
  assertEquals(plateauOf({ ...setting, steps: 10 }), plateauOf(setting));
  // The end of the run is close to it, so it is a fair unit for its deviations.
  const ends = theory.paper![steps.length - 1].products;
  assert(plateauOf(setting).every((plateau, mode) => Math.abs(ends[mode] / plateau - 1) < 0.1));
});
