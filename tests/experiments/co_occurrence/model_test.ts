/** The ensemble on the GPU against gradient descent in float64. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { ensembleOf } from "../../../experiments/co_occurrence.ts";
import { conditionsOf, options, outerOf, presets, samplesOf } from "../../../experiments/co_occurrence/setting.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { parseCommandLine } from "../../../lib/run/command_line.ts";
import { classifier } from "../../../lib/theory/co_occurrence/classifier.ts";

Deno.test("twenty steps of every law of a, and of three words, are those of float64", async () => {
  await openGpu();
  const { configuration } = parseCommandLine(["--preset=smoke", "--lr=0.1"], options, presets);
  const conditions = conditionsOf([5, 6]);
  using ensemble = await ensembleOf(configuration, conditions);
  const names = ["W", "V", "K", "Q"] as const;
  const start = await ensemble.parameters.read();
  const problems = conditions.each(({ law, seed, words }) => ({
    ...samplesOf(configuration, seed, words),
    outer: outerOf(law, configuration, seed),
  }));
  const weights = problems.map((_, r) => {
    const of = (name: string) => {
      const { data } = start.find((array) => array.name === name)!;
      const size = data.length / problems.length;
      return Float64Array.from(data.subarray(r * size, (r + 1) * size));
    };
    return { W: of("W"), V: of("V"), K: of("K"), Q: of("Q") };
  });
  // Equal seeds begin alike.
  assertEquals(weights[0], weights[2]);
  const { samples: n, vocabulary: d } = configuration;
  let step = 0;
  for await (const report of ensemble.run({ reports: [0, 1, 20] })) {
    for (; step < report.step; step++) {
      problems.forEach((problem, r) => {
        const { gradient } = classifier(problem, weights[r]);
        for (const name of names) weights[r][name].forEach((_, i) => weights[r][name][i] -= 0.1 * gradient[name][i]);
      });
    }
    problems.forEach((problem, r) => {
      const { outputs, signals, summed } = classifier(problem, weights[r]);
      const { evaluations } = report;
      outputs.forEach((F, s) => assertAlmostEquals(evaluations.outputs[r * n + s], F, 2e-4 * (1 + Math.abs(F))));
      signals.forEach((G, t) => assertAlmostEquals(evaluations.signals[r * d + t], G, 2e-4 * (1 + Math.abs(G))));
      const norm = summed.reduce((sum, value) => sum + value * value, 0);
      assertAlmostEquals(evaluations.neurons[r] / norm, 1, 1e-4);
      const { K, Q, V } = weights[r];
      const m = configuration.width;
      const dot = (a: Float64Array, i: number, b: Float64Array, j: number) =>
        a.subarray(i * m, (i + 1) * m).reduce((sum, value, e) => sum + value * b[j * m + e], 0);
      for (let q = 0; q < 4; q++) {
        for (let k = 0; k < 4; k++) {
          assertAlmostEquals(evaluations.scores[16 * r + 4 * q + k], dot(Q, q, K, k), 2e-4);
          assertAlmostEquals(evaluations.overlaps[16 * r + 4 * q + k], dot(V, q, V, k), 2e-4);
        }
      }
    });
  }
  assertEquals(step, 20);
});
