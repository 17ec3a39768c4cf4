/** The experiment from its command line to what it leaves. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { experiment } from "../../experiments/gd_in_context.ts";
import { learned, learningTimes } from "../../experiments/gd_in_context/claims.ts";
import { judgeClaims } from "../../lib/claims/mod.ts";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { claimsOf } from "../../lib/run/experiment.ts";
import { readLog } from "../../lib/run/log.ts";
import { Measurements } from "../../lib/study/mod.ts";
import { assertResumes } from "../run/kills.ts";
import { denoArgs, finished, inFolder } from "../run/subprocess.ts";

const program = fromFileUrl(import.meta.resolve("../../experiments/gd_in_context.ts"));
const options = ["--preset=smoke", "--checkpoint-every=20"];

Deno.test("killed in any of its trainings and resumed, the smoke preset leaves the same log, claims and figures; the log alone gives its claims", () =>
  inFolder(async (root) => {
    const steps = await assertResumes({ program, root, options, kills: 4, slowest: 1500 });
    assert(steps.at(-1)! > 0, `went on from ${steps.join(", ")}`);

    const folder = `${root}/results/whole`;
    const measured = await Measurements.from(readLog(`${folder}/log.ndjson`));
    const { configuration } = parseCommandLine(["--preset=smoke"], experiment.options, experiment.presets);
    const claims = claimsOf(experiment, configuration);
    assertEquals(judgeClaims(claims, measured, true), JSON.parse(Deno.readTextFileSync(`${folder}/claims.json`)));

    for (
      const series of ["1 layer", "2 layers", "3 layers", "mixture 0.5", "range 2", "context 8", "noise 0.5", "damped"]
    ) {
      assertEquals(measured.replicas({ series, quantity: "loss" }), [0, 1], series);
    }
    // Adam on the exact gradient begins where the model does, and the constructed end of the line is the reference itself.
    const of = (series: string) => ({ series, quantity: "effective step" });
    const [first, exact] = [measured.first(of("1 layer")), measured.first(of("Adam on the exact gradient"))];
    assertEquals(first.map(Math.fround), exact.map(Math.fround));
    const [constructed, reference] = [
      measured.last({ series: "mixture 1", quantity: "loss" }),
      measured.last({ series: "1 layer", quantity: "loss: GD" }),
    ];
    constructed.forEach((loss, r) => assert(Math.abs(loss / reference[r] - 1) < 1e-5, `${loss} ${reference[r]}`));
    const figures = [...Deno.readDirSync(`${folder}/figures`)].filter(({ name }) => name.endsWith(".svg"));
    assertEquals(figures.length, 8);
  }));

Deno.test("claims: the step at which a layer has learned half, and the seeds that have learned, on rows made by hand", () => {
  const measured = new Measurements();
  [[0, 0.1, 0.6], [0, 0, 0.1]].forEach((curve, replica) =>
    curve.forEach((value, at) => {
      measured.add({ series: "main", quantity: "effective step", step: 10 * at, replica, value });
      measured.add({ series: "main", quantity: "loss", step: 10 * at, replica, value: 0.5 - value / 2 });
    })
  );
  const [early, never] = learningTimes(measured, "main", 0.7);
  assert(Math.abs(early! - 15) < 1e-9);
  assertEquals(never, null);
  assertEquals(learned(measured, "main", 0.5), [true, false]);
});

Deno.test("options that cannot be run are refused in one line", () =>
  inFolder(async (root) => {
    const args = denoArgs([...options, "--depth-steps=30", "--out=results/x"], undefined, program);
    const { code, stderr } = await finished(Deno.execPath(), args, root);
    assert(code !== 0 && stderr.includes("expected --depth-steps of 2 numbers, one a depth, found 1"), stderr);
  }));
