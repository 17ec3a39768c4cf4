/** The experiment's recursion where its answer is known, and the experiment from its command line to what it leaves. */
import { assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { expectedErrors, experiment } from "../../../lib/tools/new/skeleton.ts";
import type { Spec } from "../../../lib/figures/mod.ts";
import { validate } from "../../../lib/figures/validate.ts";
import { readLog, readManifest, runExperiment } from "../../../lib/run/mod.ts";
import { Measurements } from "../../../lib/study/mod.ts";
import { inFolder } from "../../run/subprocess.ts";

Deno.test("skeleton: without noise the error shrinks by E(1 − ηx²)² a step, with it it settles", () => {
  const one = { dimension: 1, batch: 1, noise: 0, steps: 2 };
  assertEquals(expectedErrors(0.5, one), [1, 0.75, 0.5625]); // E(1 − x²/2)² = 1 − 1 + 3/4
  const last = expectedErrors(0.5, { ...one, noise: 2, steps: 500 }).at(-1)!;
  assertAlmostEquals(last, 0.25 * 4 / (1 - 0.75), 1e-9);
});

Deno.test("skeleton: the smoke preset leaves a complete run with claims, numbers of both conditions and valid figures", () =>
  inFolder(async (root) => {
    const out = `${root}/run`;
    const { exitCode } = await runExperiment(experiment, ["--preset=smoke", "--quiet", `--out=${out}`]);
    assertEquals(exitCode, 0);
    const { status, seeds, verdicts, files } = readManifest(out);
    assertEquals([status, seeds, verdicts], ["complete", [1, 2, 3, 4], { trial: 2 }]);
    const measured = await Measurements.from(readLog(`${out}/log.ndjson`));
    assertEquals(measured.series, ["rate η", "rate η/2"]);
    for (const series of measured.series) {
      const error = { series, quantity: "error" };
      assertEquals(measured.replicas(error), [0, 1, 2, 3]);
      assertEquals(measured.theory("recursion", error).x, measured.steps(error));
      for (const [at, value] of measured.last(error).entries()) assertGreater(measured.first(error)[at], 10 * value);
    }
    const figures = files.map(({ path }) => path).filter((path) => path.endsWith(".vl.json"));
    assertEquals(figures, ["figures/error.vl.json", "figures/settled.vl.json"]);
    for (const path of figures) await validate(JSON.parse(Deno.readTextFileSync(`${out}/${path}`)) as Spec);
  }));
