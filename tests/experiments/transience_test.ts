/** The experiment from its command line to what it leaves, and what its claims make of rows. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { smoothed, turns } from "../../experiments/transience/claims.ts";
import { experiment } from "../../experiments/transience.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { claimsOf } from "../../lib/run/experiment.ts";
import { Measurements } from "../../lib/study/mod.ts";
import { linearRegression } from "../../lib/tasks/mod.ts";
import { assertResumes } from "../run/kills.ts";
import { inFolder } from "../run/subprocess.ts";
import { assertRefused, claimsFromLog } from "./checks.ts";

const program = fromFileUrl(import.meta.resolve("../../experiments/transience.ts"));
const options = ["--preset=smoke", "--checkpoint-every=10"];

Deno.test("killed in its training and resumed, the smoke preset leaves the same log, claims and figures; the log alone gives its claims", () =>
  inFolder(async (root) => {
    await assertResumes({ program, root, options, kills: 2, slowest: 3000 });

    const folder = `${root}/results/whole`;
    const { configuration } = parseCommandLine(["--preset=smoke"], experiment.options, experiment.presets);
    const measured = await claimsFromLog(folder, claimsOf(experiment, configuration));

    for (const series of ["M = 1", "M = 2", "M = 8", "M = ∞"]) {
      for (const quantity of ["loss on seen tasks", "loss on new tasks", "PC1", "PC2", "learning coefficient"]) {
        assertEquals(measured.replicas({ series, quantity }), [0, 1], `${series}, ${quantity}`);
      }
    }
    const loss = { series: "M = ∞", quantity: "loss on new tasks" };
    assertEquals(measured.steps(loss).at(-1), 40);
    // Prompts of new tasks are the same for all pools: replicas of one seed begin with the same loss, and ridge's is one number.
    assertEquals(measured.first(loss), measured.first({ ...loss, series: "M = 8" }));
    const ridge = measured.theory("ridge", loss).y[0];
    assertEquals(measured.theory("ridge", { ...loss, series: "M = 1" }).y[0], ridge);
    // Predictions nearer to ridge than 0 is: the square of the distance between losses' roots is at most the distance.
    for (const series of ["M = 1", "M = 8"]) {
      const [distance] = measured.last({ series, quantity: "distance to ridge, new tasks" });
      const [last] = measured.last({ ...loss, series });
      assert((Math.sqrt(last) - Math.sqrt(ridge)) ** 2 <= distance * (1 + 1e-6), `${series}: ${distance}`);
    }
    // One task: dMMSE of a pool of one knows it, and loses the noise alone.
    assertAlmostEquals(measured.theory("dMMSE", { series: "M = 1", quantity: "loss on seen tasks" }).y[0], 0.125, 0.06);
  }));

Deno.test("claims: the turn of a curve is where it is lowest between its neighbours, on rows made by hand", () => {
  const measured = new Measurements();
  const losses = [[4, 2, 1, 2, 3, 3], [4, 3.5, 3, 2.5, 2, 2]];
  losses.forEach((curve, replica) =>
    curve.forEach((value, at) =>
      measured.add({ series: "M = 16", quantity: "loss on new tasks", step: 10 * at, replica, value })
    )
  );
  assertEquals(smoothed({ x: [0, 1, 2], y: [1, 4, 10] }).y, [2.5, 5, 7]);
  const [turning, falling] = turns(measured, 16);
  assertEquals([turning.step, falling.step], [20, 50]);
  assertAlmostEquals(turning.rise, 3 / (5 / 3), 1e-12);
  assertEquals(falling.rise, 1);
});

Deno.test("a pool of 32 768 tasks is never stored: a step that draws from it takes no more memory than one of 16", async () => {
  await openGpu();
  using seeds = Tensor.from(Uint32Array.of(1, 2));
  using clock = Tensor.from(Uint32Array.of(0, 9, 1));
  const bytes = async (tasks: number) => {
    const prompts = linearRegression({ dimension: 8, context: 16, batch: 4, list: { tasks } });
    using step = await record("prompts", () => prompts({ seeds, clock, key: "train" }).y);
    return step.memory.planned;
  };
  assertEquals(await bytes(2 ** 15), await bytes(16));
});

Deno.test("options that cannot be run are refused in one line", () =>
  assertRefused(program, options, [
    [["--transient=3"], "expected every one of --transient to be of --pools=1,2,8, found 3"],
    [["--heads=3"], "expected --heads to divide --width=8, found 3"],
    [["--sequences=16"], "expected --sequences above 16, with which they are compared, found 16"],
  ]));
