/** The experiment from its command line to what it leaves. */
import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { experiment } from "../../experiments/beyond_the_training_range.ts";
import { boundaries, shares } from "../../experiments/beyond_the_training_range/claims.ts";
import {
  FUNCTIONS,
  INPUTS,
  LEAST_SQUARES,
  NARROW_INPUTS,
  STEEP,
  TABLE_2,
  zeroError,
  zeroOf,
} from "../../experiments/beyond_the_training_range/setting.ts";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { claimsOf } from "../../lib/run/experiment.ts";
import { Measurements } from "../../lib/study/mod.ts";
import { assertResumes } from "../run/kills.ts";
import { inFolder } from "../run/subprocess.ts";
import { assertPresets, assertRefused, claimsFromLog } from "./checks.ts";

const program = fromFileUrl(import.meta.resolve("../../experiments/beyond_the_training_range.ts"));
const options = ["--preset=smoke", "--checkpoint-every=20"];
const { configuration } = parseCommandLine(["--preset=smoke"], experiment.options, experiment.presets);

Deno.test("killed in its trainings and resumed, the smoke preset leaves the same log, claims and figures; the log alone gives its claims", () =>
  inFolder(async (root) => {
    await assertResumes({ program, root, options, kills: 3, slowest: 1500 });

    const folder = `${root}/results/whole`;
    const measured = await claimsFromLog(folder, claimsOf(experiment, configuration));
    assertEquals(measured.series, [
      "1 layer, N(0, 1)",
      "1 layer, bimodal",
      "1 layer, U(−5, 5)",
      "1 layer, U(−3, 3)",
      "2 layers, N(0, 1)",
      "1 layer, attention only, N(0, 1)",
    ]);
    const series = "1 layer, N(0, 1)";
    // Test prompts are the same for all replicas and scale with σ; least squares is exact on them.
    const [[one, other], [ten]] = [0, 1].map((index) => measured.last({ series, quantity: zeroOf(FUNCTIONS), index }));
    assertEquals(one, other);
    assertAlmostEquals(ten / one, 100, 1e-3);
    shares(measured, series, FUNCTIONS, configuration, LEAST_SQUARES).flat().forEach((share) =>
      assertLess(share, 1e-6)
    );
  }));

Deno.test("the zero predictor's exact error is that of the paper's table, up to the hundred functions of that", () => {
  TABLE_2.zero.forEach((error, i) => assertLess(Math.abs(Math.log(error / zeroError(FUNCTIONS, i + 1))), 0.2));
  assertAlmostEquals(zeroError(FUNCTIONS, 10), 200, 1e-6);
  assertAlmostEquals(zeroError(NARROW_INPUTS, 10), 400 / 3, 1e-6);
  assertAlmostEquals(zeroError(INPUTS, 10), 101, 1e-6);
});

Deno.test("boundaries and shares, on rows made by hand", () => {
  const measured = new Measurements();
  const row = (quantity: string, index: number, value: number) =>
    measured.add({ series: "main", quantity, index, step: 1, replica: 0, value });
  [-20, -25, 0, 31, 30].forEach((value, index) => row(STEEP.mean, index, value));
  [1, 150].forEach((value, index) => row(FUNCTIONS.name, index, value));
  [2, 200].forEach((value, index) => row(zeroOf(FUNCTIONS), index, value));
  assertEquals(boundaries(measured, "main", { ...configuration, queries: 5 }), [28]);
  assertEquals(shares(measured, "main", FUNCTIONS, { sigmas: [1, 10] }), [[0.5], [0.75]]);
});

Deno.test("every preset is accepted, and its claims have criteria", () => assertPresets(experiment));

Deno.test("options that cannot be run are refused in one line", () =>
  assertRefused(program, options, [
    [["--depths=1"], "expected --depths other than --layers=1, found it"],
    [["--heads=3"], "expected --heads that divide --width=8, found 3"],
    [["--narrow=5"], "expected --narrow below --range=5, found 5"],
    [["--warm-up=60"], "expected --warm-up below --steps=60, found 60"],
  ]));
