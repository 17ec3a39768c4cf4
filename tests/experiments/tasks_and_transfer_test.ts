/** The experiment from its command line to what it leaves. */
import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { experiment } from "../../experiments/tasks_and_transfer.ts";
import { changeSlopes, gaps, halfwayTasks } from "../../experiments/tasks_and_transfer/claims.ts";
import {
  bayesOf,
  CHANGE,
  givenOf,
  RIDGE,
  RISK,
  riskOf,
  seriesOf,
} from "../../experiments/tasks_and_transfer/setting.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { priorRidge } from "../../lib/models/baselines/mod.ts";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { claimsOf } from "../../lib/run/experiment.ts";
import { mean, standardDeviation } from "../../lib/statistics/mod.ts";
import { Measurements } from "../../lib/study/mod.ts";
import { linearRegression } from "../../lib/tasks/mod.ts";
import { measureOnce } from "../../lib/train/measure_once.ts";
import { assertResumes } from "../run/kills.ts";
import { inFolder } from "../run/subprocess.ts";
import { assertPresets, assertRefused, claimsFromLog } from "./checks.ts";

const program = fromFileUrl(import.meta.resolve("../../experiments/tasks_and_transfer.ts"));
const options = ["--preset=smoke", "--checkpoint-every=20"];
const { configuration } = parseCommandLine(["--preset=smoke"], experiment.options, experiment.presets);

Deno.test("killed in its trainings and resumed, the smoke preset leaves the same log, claims and figures; the log alone gives its claims", () =>
  inFolder(async (root) => {
    await assertResumes({ program, root, options, kills: 3, slowest: 1500 });

    const folder = `${root}/results/whole`;
    const measured = await claimsFromLog(folder, claimsOf(experiment, configuration));
    assertEquals(
      measured.series.toSorted(),
      [
        "d = 2, new tasks",
        "d = 4, new tasks, falling prior",
        "d = 1, new tasks",
        "d = 2, 1 task",
        "d = 2, 4 tasks",
        "d = 1, 1 task",
        "d = 1, 4 tasks",
        "d = 2, 4 tasks of 1 prompt",
        "d = 2, 2 tasks of 2 prompts",
        "narrow, d = 2, 1 task",
        "dynamics",
      ].toSorted(),
    );
    // Prompts are the same for all replicas.
    const [first, second] = measured.last({ series: "d = 2, 4 tasks", quantity: riskOf(RIDGE), index: 3 });
    assertEquals(first, second);
  }));

Deno.test("the exact Bayes risks are those of ridge with the prior's variances, at every position, within 4 standard errors", async () => {
  await openGpu();
  const setting = { ...configuration, pairs: 8, noise: 0.5 };
  const { endless, falling } = givenOf(setting);
  for (const [one, scale] of [[endless, [1, 1]], [falling, [1, 1 / 2, 1 / 3, 1 / 4]]] as const) {
    const [R, B] = [8, 2000];
    const seeds = Array.from({ length: R }, (_, r) => r + 1);
    const prompts = linearRegression({
      dimension: one.dimension,
      context: setting.pairs,
      batch: B,
      noise: setting.noise,
      weights: { scale },
    });
    const variances = scale.map((deviation) => deviation ** 2);
    const { labels, predictions } = await measureOnce(seeds, (draw) => {
      const drawn = prompts({ ...draw, key: "test" });
      return { labels: drawn.y, predictions: priorRidge({ variances, noise: setting.noise ** 2 }).apply(drawn) };
    });
    bayesOf(setting, one).forEach(({ risk, error }, n) => {
      const errors = Array.from({ length: R * B }, (_, prompt) => {
        const at = prompt * setting.pairs + n;
        return (labels[at] - predictions[at]) ** 2;
      });
      const deviation = Math.hypot(standardDeviation(errors) / Math.sqrt(errors.length), error);
      assertLess(Math.abs(mean(errors) - risk), 4 * deviation, `${seriesOf(one)}, position ${n + 1}`);
    });
  }
});

Deno.test("gaps, halfway numbers of tasks and slopes of changes, on rows made by hand", () => {
  const measured = new Measurements();
  const row = (quantity: string, index: number, value: number) =>
    measured.add({ series: "main", quantity, index, step: 1, replica: 0, value });
  [4, 2].forEach((value, index) => row(RISK, index, value));
  [1, 2].forEach((value, index) => row(riskOf(RIDGE), index, value));
  assertEquals(gaps(measured, "main", { pairs: 2 }), [1.5]);
  // Change 3/n from n = 2 on: slope −1, whatever it is before.
  [9, 3 / 2, 3 / 3, 3 / 4].forEach((value, index) => row(CHANGE, index, value));
  assertAlmostEquals(changeSlopes(measured, "main", CHANGE, 2, 5)[0], -1, 1e-12);
  assertAlmostEquals(halfwayTasks([1, 4, 16], [3, 2, 1], 1)!, 4, 1e-9);
  assertAlmostEquals(halfwayTasks([1, 4, 16], [3, 2.5, 1.5], 1)!, 8, 1e-9);
  assertEquals(halfwayTasks([1, 4], [3, 2.5], 1), null);
});

Deno.test("every preset is accepted, and its claims have criteria", () => assertPresets(experiment));

Deno.test("options that cannot be run are refused in one line", () =>
  assertRefused(program, options, [
    [["--dimension=5"], "expected --dimension of at most --inputs=4, found 5"],
    [["--small=2"], "expected --small below --dimension=2, found 2"],
    [["--pairs=5"], "expected --pairs of at least 2 · --dimension + 2 = 6, found 5"],
    [["--heads=4", "--narrow=6"], "expected --heads that divide --narrow=6, found 4"],
    [["--warm-up=40"], "expected --warm-up below --steps=40, found 40"],
  ]));
