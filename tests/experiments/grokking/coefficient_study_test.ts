/** Learning coefficients of snapshots: which replicas, in which order, and what a snapshot's own chains have to do with it. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { estimateCoefficients, nBetaOf, studiedReplicas } from "../../../experiments/grokking/coefficient_study.ts";
import { someReplicas } from "../../../experiments/grokking/history.ts";
import { modelParameters } from "../../../experiments/grokking/model.ts";
import { replicasOf } from "../../../experiments/grokking/replicas.ts";
import { options, presets, sizesOf } from "../../../experiments/grokking/setting.ts";
import { openGpu } from "../../../lib/gpu/mod.ts";
import { ParameterSet } from "../../../lib/models/parameters.ts";
import { parseCommandLine } from "../../../lib/run/command_line.ts";

await openGpu();
const { configuration: setting } = parseCommandLine(
  ["--preset=smoke", "--modulus=5", "--width=4", "--mlp=4", "--coefficient-chains=3", "--coefficient-pull=10"],
  options,
  presets,
);
const replicas = replicasOf(setting, 1);
const studied = studiedReplicas(replicas);
using parameters = ParameterSet.create(modelParameters(sizesOf(setting)), [4, 5, 6, 7]);
const weights = await parameters.read();
const scaled = (factor: number) =>
  weights.map(({ name, shape, data }) => ({ name, shape, data: data.map((x) => x * factor) }));

const estimate = (kept: Parameters<typeof estimateCoefficients>[2], changes: Partial<typeof setting> = {}) =>
  estimateCoefficients({ ...setting, ...changes }, replicas, kept, new AbortController().signal, async () => {});

Deno.test("main replicas and the controls that must not generalise are studied", () => {
  assertEquals(studied.map((r) => replicas[r].condition), ["main", "main", "weight decay 0", "random labels"]);
  assertAlmostEquals(nBetaOf(setting, 100), 100 / Math.log(100), 1e-12);
  assertEquals(nBetaOf({ ...setting, "coefficient-n-beta": 7 }, 100), 7);
});

Deno.test("one row per snapshot and studied replica, each from its own weights; a zero model has ln p", async () => {
  const kept = [{ step: 10, weights }, { step: 20, weights: scaled(0) }];
  const rows = await estimate(kept);
  assertEquals(
    rows.map(({ step, replica }) => [step, replica]),
    [10, 20].flatMap((step) => studied.map((r) => [step, r])),
  );
  for (const { lossAtCentre, least, most, coefficient } of rows.slice(4)) {
    assertAlmostEquals(lossAtCentre, Math.log(5), 1e-6);
    assert(least <= coefficient && coefficient <= most);
  }
  assertEquals(new Set(rows.slice(0, 4).map(({ lossAtCentre }) => lossAtCentre)).size, 4);
  assertEquals(await estimate(kept.slice(1)), rows.slice(4));
  const turned = await estimate([{ step: 10, weights: someReplicas(weights, [1, 0, 2, 3]) }]);
  assert(turned[0].lossAtCentre !== rows[0].lossAtCentre);
});

Deno.test("a pull without end leaves nothing, and chains that diverge give no row", async () => {
  const kept = [{ step: 10, weights }];
  for (const { coefficient } of await estimate(kept, { "coefficient-pull": 1e9, "coefficient-lr": 1e-9 })) {
    assertAlmostEquals(coefficient, 0, 1e-3);
  }
  assertEquals(await estimate(kept, { "coefficient-pull": 1e9, "coefficient-lr": 1e3 }), []);
});
