import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { exactLosses, tasksOf } from "../../../experiments/icl_emergence/tasks.ts";
import { CURVATURES } from "../../../experiments/icl_emergence/windows.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Measurements } from "../../../lib/study/mod.ts";
import { inContextLosses } from "../../../lib/tasks/mod.ts";
import { sample } from "../../tasks/sample.ts";
import { settingOf } from "./synthetic.ts";

await openGpu();

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);

Deno.test("exact predictors of Markov chains: the bigram has the law's α, the unigram the best one", async () => {
  const setting = settingOf("--preset=cpu-markov", "--evaluation-batch=16");
  const tasks = await tasksOf(setting);
  const { uniform, "in-context unigram": unigram, "in-context bigram": bigram } = await exactLosses(setting, tasks, 3);
  assertAlmostEquals(uniform[5], Math.log(16));
  const { tokens } = await sample(tasks.held(64), { seeds: [3], key: "baseline" });
  const rows = { tokens: tokens.values, length: 65, vocabulary: 16 };
  assertEquals(bigram, inContextLosses(rows, 1, 0.1));
  for (const alpha of [0.125, 0.5, 2]) assert(sum(unigram) <= sum(inContextLosses(rows, 0, alpha)));
  assert(sum(unigram) < sum(uniform) && sum(bigram) < sum(unigram));
});

Deno.test("the control holds the tokens of each sequence in another order", async () => {
  const setting = settingOf("--batch=4");
  const [ordered, shuffled] = [await tasksOf(setting), await tasksOf(setting, true)];
  const rowsOf = async ({ train }: typeof ordered) => {
    const { tokens: { values } } = await sample(train(4), { seeds: [1], key: "train" });
    return Array.from({ length: 4 }, (_, row) => [...values.slice(row * 33, (row + 1) * 33)]);
  };
  const [before, after] = [await rowsOf(ordered), await rowsOf(shuffled)];
  const sorted = (rows: number[][]) => rows.map((row) => row.toSorted((a, b) => a - b));
  assertEquals(sorted(after), sorted(before));
  assert(after.every((row, index) => row.join() !== before[index].join()));
});

Deno.test("curvatures: of a parabola at every report; of a loss t² twice its mean square, from the fourth report on", () => {
  const measured = new Measurements();
  for (let step = 1; step <= 12; step++) {
    measured.add({ series: "main", quantity: "loss", step, replica: 0, value: step ** 2 });
    measured.add({ series: "main", quantity: "parameter norm", step, replica: 0, value: 3 * step ** 2 });
  }
  for (const value of CURVATURES["parameter norm curvature"](measured, "main")[0].y) assertAlmostEquals(value, 6, 1e-9);
  const [{ x, y }] = CURVATURES["loss autocorrelation curvature"](measured, "main", 2);
  assertEquals(x, [8, 10, 12]);
  // Of the first six of the eight losses in a window.
  x.forEach((last, index) => {
    const mean = [7, 6, 5, 4, 3, 2].reduce((sum, back) => sum + (last - back) ** 2, 0) / 6;
    assertAlmostEquals(y[index], 2 * mean, 1e-9);
  });
});
