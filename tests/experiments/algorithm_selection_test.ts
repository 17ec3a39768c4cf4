/** The experiment from its command line to what it leaves. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { experiment } from "../../experiments/algorithm_selection.ts";
import { selection } from "../../experiments/algorithm_selection/claims.ts";
import {
  check,
  conditionsOf,
  KINDS,
  predictorOf,
  stepsOf,
  TRAINED,
} from "../../experiments/algorithm_selection/setting.ts";
import { select } from "../../kernels/arrange/gather.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { meanSquare } from "../../lib/losses.ts";
import { ridge } from "../../lib/models/baselines/mod.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { claimsOf } from "../../lib/run/experiment.ts";
import { linearRegression } from "../../lib/tasks/mod.ts";
import { assertResumes } from "../run/kills.ts";
import { inFolder } from "../run/subprocess.ts";
import { assertRefused, claimsFromLog } from "./checks.ts";

const program = fromFileUrl(import.meta.resolve("../../experiments/algorithm_selection.ts"));
const options = ["--preset=smoke", "--checkpoint-every=20"];

await openGpu();

Deno.test("killed in its trainings and resumed, the smoke preset leaves the same log, claims and figures; the log alone gives its claims", () =>
  inFolder(async (root) => {
    await assertResumes({ program, root, options, kills: 3, slowest: 4000 });

    const folder = `${root}/results/whole`;
    const { configuration } = parseCommandLine(["--preset=smoke"], experiment.options, experiment.presets);
    const measured = await claimsFromLog(folder, claimsOf(experiment, configuration));

    for (const kind of KINDS) {
      const trained = TRAINED.filter((one) => stepsOf(configuration, kind, one) > 0);
      assertEquals(trained.length, kind === "encoder" ? 5 : 1);
      for (const one of trained) {
        const risk = { series: `${kind}, ${one}`, quantity: "risk, σ = 0.1" };
        assertEquals(measured.replicas(risk), [0, 1], risk.series);
      }
    }
    // Directions are erased from models of all levels alone, after each of their layers.
    const places = (kind: string) =>
      measured.places({ series: kind, quantity: "risk, σ = 1, noise level erased" }).map(({ layer }) => layer);
    assertEquals([places("encoder, all noise levels"), places("encoder, classes")], [[1, 2], []]);
    // Models of one seed begin alike, whatever they will be trained on.
    const first = (trained: string) =>
      measured.first({ series: `encoder, ${trained}`, quantity: "risk, σ = 1" }).map(Math.fround);
    assertEquals(first("all noise levels"), first("classes"));
    const exact = (quantity: string) => measured.last({ series: "exact predictors", quantity })[0];
    assert(exact("risk, σ = 0.1") < exact("posterior mean, risk, σ = 0.1"));
    assert(exact("error of classes") <= exact("logistic regression, error of classes"));
    const figures = [...Deno.readDirSync(`${folder}/figures`)].filter(({ name }) => name.endsWith(".svg"));
    assertEquals(figures.length, 7);
  }));

Deno.test("selection: 1 on the curve, below 1 where a point of it is better in both, above 1 beyond it", () => {
  const curve = [[1, 4], [2, 2], [4, 1]] as const;
  assertEquals(selection(curve, [2, 2]), 1);
  assertEquals(selection(curve, [4, 4]), 0.5);
  assertEquals(selection(curve, [1, 1]), 2);
  // The end of the curve does as well in one, and better in the other.
  assertEquals(selection(curve, [1, 8]), 1);
});

Deno.test("ridge has the paper's risks at d = 20 after 20 examples: .116 and .644, and 1.440 and .268 with the other λ", async () => {
  const [D, N, B] = [20, 20, 4096];
  const shares = [[0.1, 0.1], [0.1, 0.5], [0.5, 0.1], [0.5, 0.5]];
  const prompts = linearRegression({
    dimension: D,
    context: N + 1,
    batch: B,
    weights: { scale: 1 / Math.sqrt(D) },
    noise: shares.map(([sigma]) => sigma),
  });
  using model = ridge({ lambda: shares.map(([, sigma]) => D * sigma ** 2), positions: "last" });
  using seeds = Tensor.from(Uint32Array.of(1, 1, 1, 1));
  using clock = Tensor.from(Uint32Array.of(0, 0, 1));
  using risks = await evaluate(() => {
    const { x, y } = prompts({ seeds, clock, key: "test" });
    return meanSquare(model.apply({ x, y }), select(y, 2, N));
  });
  const found = await risks.read();
  // Squares of normal errors scatter by √2 of their mean; errors of small λ have wider tails.
  [0.116, 0.268, 1.44, 0.644].forEach((target, at) => assertAlmostEquals(found[at], target, target * 0.1));
});

Deno.test("the paper's sizes are accepted: a prompt passes through both models", async () => {
  const { configuration } = parseCommandLine(["--preset=paper"], experiment.options, experiment.presets);
  check(configuration);
  for (const kind of KINDS) {
    const conditions = conditionsOf(configuration, [1], kind, TRAINED);
    assertEquals(conditions.replicas.length, 5);
    const { model, predict, probed } = predictorOf(configuration, kind);
    using parameters = ParameterSet.create(model.parameters, [1]);
    using x = Tensor.from(new Float32Array(21 * 20), [1, 1, 21, 20]);
    using y = Tensor.from(new Float32Array(21), [1, 1, 21]);
    using predictions = await evaluate(() => predict(parameters.weights, x, y));
    assertEquals(predictions.shape, [1, 1, kind === "encoder" ? 1 : 21]);
    assertEquals(probed.at(-1)!.examples, 20);
  }
});

Deno.test("options that cannot be run are refused in one line", () =>
  assertRefused(program, options, [
    [["--levels=0.1"], "expected at least two --levels, found 0.1"],
    [["--steps=60"], "expected --steps of 2 numbers, the encoder's and the decoder's, found 1"],
    [["--other-steps=100,0"], "expected --other-steps of at most --steps=80,60, found 100"],
    [["--heads=3"], "expected --heads that divide --width=8, found 3"],
    [["--width=20"], "expected --probed of at least 4 times --width=20, found 64"],
  ]));
