/** The experiment from its command line to what it leaves; its patterns, pruning and directions of rows. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { experiment } from "../../experiments/nonlinear_generalisation.ts";
import {
  combinations,
  oneLayer,
  outer,
  prune,
  rowDirections,
} from "../../experiments/nonlinear_generalisation/models.ts";
import { ALL_TASKS, TASK_SETS, UNCOVERED } from "../../experiments/nonlinear_generalisation/setting.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { claimsOf } from "../../lib/run/experiment.ts";
import { patternTasks } from "../../lib/tasks/pattern_tasks.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { testPatterns, trainingPatterns, withIdentity } from "../../experiments/nonlinear_generalisation/models.ts";
import { assertResumes } from "../run/kills.ts";
import { inFolder } from "../run/subprocess.ts";
import { assertRefused, claimsFromLog } from "./checks.ts";

await openGpu();

const program = fromFileUrl(import.meta.resolve("../../experiments/nonlinear_generalisation.ts"));
const options = ["--preset=smoke", "--checkpoint-every=10"];
const { configuration: smoke } = parseCommandLine(["--preset=smoke"], experiment.options, experiment.presets);

Deno.test("killed in its trainings and resumed, the smoke preset leaves the same log, claims and figures; the log alone gives its claims", () =>
  inFolder(async (root) => {
    await assertResumes({ program, root, options, kills: 3, slowest: 2500 });

    const folder = `${root}/results/whole`;
    const measured = await claimsFromLog(folder, claimsOf(experiment, smoke));
    assertEquals(measured.steps({ series: "decoder, 18 tasks", quantity: "error, unseen tasks" }), [0, 10, 20]);
    for (
      const series of ["one layer, 18 tasks, α = 0.4", "one layer, S₁ = 1", "decoder, S₁ = 0", "one layer, α′ = 1"]
    ) {
      const quantity = series.includes("18 tasks") ? "error, unseen tasks" : "error";
      assertEquals(measured.replicas({ series, quantity }), [0, 1], series);
    }
    // Without pruning the order says nothing.
    const whole = ["smallest first", "random", "largest first"].map((order) =>
      measured.last({ series: `one layer, pruned ${order}`, quantity: "error", index: 0 })
    );
    assertEquals([whole[1], whole[2]], [whole[0], whole[0]]);
  }));

Deno.test("sets of tasks: balanced, and what the controls lack", () => {
  assertEquals(ALL_TASKS.length, 30);
  for (const [name, tasks] of Object.entries(TASK_SETS)) {
    assertEquals(new Set(tasks.map(String)).size, tasks.length, name);
    const shown = [0, 1].map((side) =>
      Array.from({ length: 6 }, (_, j) => tasks.filter((task) => task[side] === j).length)
    );
    const balanced = shown.flat().every((count) => count === shown[0][0]);
    assertEquals(balanced, !UNCOVERED.some((one) => one === name), name);
  }
});

Deno.test("combinations: orthonormal, each with the sum that is asked for, others for other seeds", () => {
  for (const S1 of [-1.41, 0, 0.7, 1.4]) {
    const rows = combinations(3, S1);
    rows.forEach((row, j) => {
      assertAlmostEquals(row.reduce((sum, value) => sum + value), S1, 1e-12);
      rows.forEach((other, k) =>
        assertAlmostEquals(row.reduce((sum, value, i) => sum + value * other[i], 0), j === k ? 1 : 0, 1e-12)
      );
    });
    assert(Math.abs(rows[0][0] - combinations(4, S1)[0][0]) > 1e-6);
  }
});

Deno.test("one layer: as in float64 from dense tokens, on training patterns and on combinations of them", async () => {
  const seeds = [5, 6];
  const setting = { ...smoke, spread: 0.5 };
  const model = oneLayer(setting);
  using parameters = ParameterSet.create(model.parameters, seeds);
  const arrays = withIdentity(await parameters.read(), 0.7);
  // Values that are not symmetric, so that no transposition can hide.
  const waved = arrays.map((one) => ({ ...one, data: one.data.map((value, i) => value + 0.1 * Math.sin(1 + 3 * i)) }));
  parameters.load(waved);
  const own = trainingPatterns(setting, 2);
  using other = testPatterns(setting, seeds, (seed) => combinations(seed, 1.2));
  const [B, T, C] = [3, 9, 11];
  for (const { patterns, table } of [{ patterns: own, table: undefined }, other]) {
    using seedTensor = Tensor.from(Uint32Array.from(seeds));
    using clock = Tensor.from(Uint32Array.of(0, 9, 1));
    const sampler = patternTasks({ tasks: [[0, 1], [2, 0]], patterns, share: 0.8, spread: 0.5, length: 8, batch: B });
    const { F, attention, tokens, index } = await evaluate(() => {
      const prompts = sampler({ seeds: seedTensor, clock, key: "test" });
      const { F, attention } = model.apply(parameters.weights, prompts, table);
      return { F, attention: attention!, tokens: prompts.tokens, index: prompts.index as unknown as Tensor };
    });
    const [found, looked, dense, places] = [
      await F.read(),
      await attention.read(),
      await tokens.read(),
      await index.read(),
    ];
    [F, attention, tokens, index].forEach((tensor) => tensor.destroy());
    const a = outer(setting.neurons);
    for (let n = 0; n < 2 * B; n++) {
      const r = Math.floor(n / B);
      const [query, key, value, neurons] = ["query", "key", "value", "neurons"].map((name) => {
        const { data } = waved.find((one) => one.name === name)!;
        return data.subarray(r * data.length / 2, (r + 1) * data.length / 2);
      });
      const token = (t: number) => [...dense.subarray((n * T + t) * C, (n * T + t + 1) * C)];
      const times = (x: number[], w: Float32Array) =>
        Array.from({ length: C }, (_, c) => x.reduce((sum, entry, d) => sum + entry * w[d * C + c], 0));
      const dot = (x: ArrayLike<number>, y: number[]) => y.reduce((sum, entry, d) => sum + entry * x[d], 0);
      const asked = times(token(T - 1), query);
      const powers = Array.from({ length: T - 1 }, (_, t) => Math.exp(dot(times(token(t), key), asked)));
      const total = powers.reduce((sum, power) => sum + power);
      const mean = Array.from({ length: C }, (_, d) => powers.reduce((sum, p, t) => sum + p / total * token(t)[d], 0));
      const mixed = times(mean, value);
      let expected = 0;
      for (let i = 0; i < setting.neurons; i++) {
        expected += a[i] * Math.max(0, dot(neurons.subarray(i * C, (i + 1) * C), mixed));
      }
      assertAlmostEquals(found[n], expected, 2e-4 * (1 + Math.abs(expected)));
      const pattern = (t: number) => places[3 * (n * T + t)];
      const same = powers.reduce((sum, p, t) => sum + (pattern(t) === pattern(T - 1) ? p / total : 0), 0);
      assertAlmostEquals(looked[n], same, 1e-4);
    }
  }
  Object.values(own).forEach((tensor) => tensor.destroy());
});

Deno.test("pruning by norm removes the neurons that it should; rows along the mean pattern and the label are told apart", () => {
  const model = { ...oneLayer(smoke), neurons: [{ name: "neurons", axis: 0 as const }] };
  const neurons = { name: "neurons", shape: [1, 4, 2], data: Float32Array.of(3, 0, 1, 1, 0, 5, 2, 2) };
  const left = (
    order: "smallest first" | "largest first" | "random",
  ) => [...prune(model, [neurons], order, 0.5, [1])[0].data];
  assertEquals(left("smallest first"), [3, 0, 0, 0, 0, 5, 0, 0]);
  assertEquals(left("largest first"), [0, 0, 1, 1, 0, 0, 2, 2]);
  assertEquals(left("random").filter((value) => value !== 0).length <= 4, true);
  const columns = { name: "in", shape: [1, 2, 3], data: Float32Array.of(1, 5, 2, 1, 5, 2) };
  const bias = { name: "bias", shape: [1, 3], data: Float32Array.of(7, 8, 9) };
  const decoder = { ...model, neurons: [{ name: "in", axis: 1 as const, bias: "bias" }] };
  const [pruned, biases] = prune(decoder, [columns, bias], "smallest first", 0.34, [1]);
  assertEquals([[...pruned.data], [...biases.data]], [[0, 5, 2, 0, 5, 2], [0, 8, 9]]);

  // Two neurons over 6 patterns and a label, values the identity: one along mean and label, one on a single pattern with a wrong sign.
  const rows = Float32Array.of(1, 1, 1, 1, 1, 1, 2, 4, 0, 0, 0, 0, 0, 0.5);
  const identity = Float32Array.from({ length: 49 }, (_, at) => Number(at % 8 === 0));
  const found = rowDirections([
    { name: "neurons", shape: [1, 2, 7], data: rows },
    { name: "value", shape: [1, 7, 7], data: identity },
  ]);
  const [first, second] = [10, 16.25];
  assertAlmostEquals(found["mean pattern and label"][0], (first + 16 / 6 + 0.25) / (first + second), 1e-6);
  assertAlmostEquals(found["mean pattern"][0], (6 + 16 / 6) / 22, 1e-6);
  assertAlmostEquals(found["label's sign"][0], first / (first + second), 1e-6);
});

Deno.test("options that cannot be run are refused in one line", () =>
  assertRefused(program, options, [
    [["--shares=0.8,0.4"], "expected --shares to differ from --share, found 0.8 twice"],
    [["--width=9"], "expected --width that --heads=2 divide, found 9"],
  ]));
