/** What claims are made of, on curves whose answer is known, and on measurements that are theory's own. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  acceleration,
  claims,
  reciprocalGrowth,
  switchTime,
} from "../../../experiments/attention_convergence/claims.ts";
import { conditionsOf, EXACT, options, presets } from "../../../experiments/attention_convergence/setting.ts";
import { logTheory } from "../../../experiments/attention_convergence.ts";
import { judgeClaims } from "../../../lib/claims/mod.ts";
import { parseCommandLine } from "../../../lib/run/command_line.ts";
import { Measurements } from "../../../lib/study/mod.ts";

const x = Array.from({ length: 101 }, (_, step) => 10 * step);
const curve = (of: (step: number) => number) => ({ x, y: x.map(of) });

Deno.test("a switch is where the target score makes up for the fall of the dominant one, null without a fall or an overtaking", () => {
  const target = curve((step) => (step / 500) ** 2), dominant = curve((step) => -step / 500);
  assertAlmostEquals(switchTime(target, dominant)!, 500, 1);
  assertEquals(switchTime(target, curve(() => 0)), null);
  assertEquals(switchTime(curve(() => 0), dominant), null);
  // From the start on the target leads: nothing is overtaken.
  assertEquals(switchTime(curve((step) => step / 100), dominant), null);
});

Deno.test("acceleration is 1 of a straight line, 3 of a parabola, 1/3 of its mirror, null of a curve that does not get half-way", () => {
  assertAlmostEquals(acceleration(curve((step) => 0.2 + 0.8 * step / 1000))!, 1, 0.05);
  assertAlmostEquals(acceleration(curve((step) => 0.2 + 0.8 * (step / 1000) ** 2))!, 3, 0.15);
  assertEquals(acceleration(curve(() => 0.2)), null);
});

Deno.test("1/loss grows at its rate, from half of training on", () => {
  assertAlmostEquals(reciprocalGrowth(curve((step) => step < 400 ? 1 : 1 / (3 + 0.2 * step))), 0.2);
});

Deno.test("measurements that are the exact theory's own meet every claim about it", () => {
  const { configuration } = parseCommandLine(
    ["--steps=600", "--contexts=20,100"],
    options,
    presets,
  );
  const setting = { ...configuration, "scan-dominant": [], "scan-features": [] };
  const measured = new Measurements();
  const steps = Array.from({ length: 121 }, (_, i) => 5 * i);
  for (const condition of conditionsOf(setting, [1, 2, 3]).conditions) {
    logTheory(
      {
        configuration: setting,
        theory(theory, of, at, values) {
          at.forEach((step, i) => {
            measured.addTheory({ ...of, theory, step, value: values[i] });
            const itself = theory === EXACT ? [of.quantity, of.quantity.replace("rare", "query 2")] : [];
            for (const quantity of new Set(itself)) {
              for (const replica of [0, 1, 2]) {
                measured.add({ ...of, quantity, step, replica, value: values[i] * (1 + 1e-6 * replica) });
              }
            }
          });
        },
      },
      condition,
      steps,
    );
  }
  const wanted = [
    "dominant-falls-first",
    "switch",
    "balanced-two-phases",
    "dominant-one-phase",
    "exact-20",
    "exact-100",
    "delay",
    "floor",
  ];
  const all = claims(setting).filter(({ id }) => wanted.includes(id));
  assertEquals(all.map(({ id }) => id), wanted);
  const found = judgeClaims(all, measured).map(({ id, verdict, measured }) => [id, verdict, measured]);
  assertEquals(found.filter(([, verdict]) => verdict !== "reproduced"), []);
});
