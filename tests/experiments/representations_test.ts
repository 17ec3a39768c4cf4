/** The experiment from its command line to what it leaves. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { experiment } from "../../experiments/representations.ts";
import { halfRise, layersOf, risksAt } from "../../experiments/representations/claims.ts";
import { restsOf } from "../../experiments/representations/probes.ts";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { claimsOf } from "../../lib/run/experiment.ts";
import { assertResumes } from "../run/kills.ts";
import { inFolder } from "../run/subprocess.ts";
import { assertPresets, assertRefused, claimsFromLog } from "./checks.ts";

const program = fromFileUrl(import.meta.resolve("../../experiments/representations.ts"));
const options = ["--preset=smoke", "--checkpoint-every=5"];

Deno.test("killed in its trainings and resumed, the smoke preset leaves the same log, claims and figures; the log alone gives its claims", () =>
  inFolder(async (root) => {
    await assertResumes({ program, root, options, kills: 3, slowest: 2500 });

    const folder = `${root}/results/whole`;
    const { configuration } = parseCommandLine(["--preset=smoke"], experiment.options, experiment.presets);
    const measured = await claimsFromLog(folder, claimsOf(experiment, configuration));

    const main = "L = 2, σ = 0.1";
    assertEquals(measured.series, [
      main,
      "trained from block 2, y-tokens show x",
      "trained from block 2, tokens as trained",
      "fresh from block 2, y-tokens show x",
      "one layer, all of it trained",
      "linear regression",
      "dynamical systems",
    ]);
    // Before any pair every ridge predicts 0 on the same prompts.
    const first = (predictor: string) => risksAt(measured, main, `risk: ${predictor}`).map(([risk]) => risk);
    for (const predictor of ["ridge on x", "ridge on another Φ", "kernel ridge"]) {
      assertEquals(first(predictor), first("Φ*-ridge"), predictor);
    }
    // After the last block nothing at y-tokens is read any more: erasing there changes nothing.
    const whole = measured.last({ series: main, quantity: "risk with everything at y-tokens" });
    for (const target of ["Φ*", "prediction beyond y", "3 random directions"]) {
      const risks = layersOf(measured, main, `risk without ${target} at y-tokens`);
      risks.forEach((values, r) => assertAlmostEquals(values[3], whole[r], 1e-5));
      assert(risks.some((values, r) => Math.abs(values[1] / whole[r] - 1) > 1e-3), target);
    }
    // The embedding is affine in x: beyond that it holds nothing.
    for (const target of ["Φ* beyond x", "another Φ beyond x"]) {
      for (const [value] of layersOf(measured, main, `R² of ${target} at x-tokens`)) assert(value < 0.1, `${value}`);
    }
    const figures = [...Deno.readDirSync(`${folder}/figures`)].filter(({ name }) => name.endsWith(".svg"));
    assertEquals(figures.length, 7);
  }));

Deno.test("the depth of half the rise, and what an affine map leaves, on numbers made by hand", () => {
  assertAlmostEquals(halfRise([0, 0.2, 0.8, 0.6])!, 1 + 0.2 / 0.6);
  assertEquals(halfRise([0.5, 0.52, 0.4]), null);
  // Two replicas of four samples, three of them fitted: y = 2x + 1, and one that bends.
  const x = Float32Array.of(0, 1, 2, 3, 0, 1, 2, 3);
  const rests = restsOf(x, Float32Array.of(1, 3, 5, 7, 0, 1, 2, 5), 2, 4);
  [0, 0, 0, 0, 0, 0, 0, 2].forEach((value, at) => assertAlmostEquals(rests[at], value, 1e-9));
});

Deno.test("every preset is accepted, and its claims have criteria", () => assertPresets(experiment));

Deno.test("options that cannot be run are refused in one line", () =>
  assertRefused(program, options, [
    [["--cuts=3"], "expected --cuts below --layers=3, found 3"],
    [["--heads=3"], "expected --width divisible by --heads=3, found 8"],
    [["--features=8"], "expected --width above --features=8, found 8"],
    [["--window=4"], "expected --window below --context − 2 = 4, found 4"],
    [["--probed=16", "--width=32"], "expected --probed of more prompts for a width of 32, found 16"],
  ]));
