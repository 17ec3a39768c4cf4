/** The experiment's recursion where its answer is known, and the experiment from its command line to what it leaves. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { experiment, predictedLosses } from "../../../lib/tools/new/skeleton.ts";
import type { Spec } from "../../../lib/figures/mod.ts";
import { validate } from "../../../lib/figures/validate.ts";
import { readManifest, runExperiment } from "../../../lib/run/mod.ts";
import { inFolder, rowsOf } from "../../run/subprocess.ts";

Deno.test("skeleton: without noise e shrinks by E(1 − ηx²)² a step, with it e settles", () => {
  const one = { dimension: 1, batch: 1, lr: 0.5, noise: 0, steps: 3 };
  assertEquals(predictedLosses(one), [0.5, 0.375, 0.28125]); // E(1 − x²/2)² = 1 − 1 + 3/4
  const last = predictedLosses({ ...one, noise: 2, steps: 500 }).at(-1)!;
  assertAlmostEquals(last, (4 + 0.25 * 4 / (1 - 0.75)) / 2, 1e-9);
});

Deno.test("skeleton: the smoke preset leaves a complete run with judged claims, a log and a valid figure", () =>
  inFolder(async (root) => {
    const out = `${root}/run`;
    const { exitCode } = await runExperiment(experiment, ["--preset=smoke", "--quiet", `--out=${out}`]);
    assertEquals(exitCode, 0);
    const { status, seeds, verdicts, files } = readManifest(out);
    assertEquals([status, seeds], ["complete", [1, 2, 3, 4]]);
    assertEquals(Object.values(verdicts).reduce((sum, count) => sum + count, 0), 1);
    const train = (await rowsOf(`${out}/log.ndjson`)).filter(({ kind }) => kind === "train");
    assertEquals(train.length, 4 * 100);
    const figures = files.map(({ path }) => path).filter((path) => path.startsWith("figures/"));
    assertEquals(figures, ["figures/loss.vl.json", "figures/loss.svg"]);
    const spec: Spec = JSON.parse(Deno.readTextFileSync(`${out}/${figures[0]}`));
    await validate(spec);
  }));

Deno.test("skeleton: a learning rate at which SGD diverges is refused before anything is written", () =>
  inFolder(async (root) => {
    const { exitCode, folder } = await runExperiment(experiment, ["--lr=1.9", `--out=${root}/run`]);
    assertEquals([exitCode, folder], [2, undefined]);
  }));
