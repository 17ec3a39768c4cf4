/** The experiment from its command line to what it leaves. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { experiment } from "../../experiments/separate_keys_queries.ts";
import { options, presets, ranked, type Setting } from "../../experiments/separate_keys_queries/setting.ts";
import { claims } from "../../experiments/separate_keys_queries/claims.ts";
import { judgeClaims } from "../../lib/claims/mod.ts";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { Measurements } from "../../lib/study/mod.ts";
import { keyQueryPlateaus } from "../../lib/theory/mod.ts";
import { assertResumes } from "../run/kills.ts";
import { inFolder } from "../run/subprocess.ts";
import { assertRefused, claimsFromLog } from "./checks.ts";

const program = fromFileUrl(import.meta.resolve("../../experiments/separate_keys_queries.ts"));
const smoke = ["--preset=smoke", "--checkpoint-every=10"];
const settingOf = (args: string[]): Setting => parseCommandLine(args, options, presets).configuration;

Deno.test("killed in any of its trainings and resumed, the smoke preset leaves the same log, claims and figures; the log alone gives its claims", () =>
  inFolder(async (root) => {
    const steps = await assertResumes({ program, root, options: smoke, kills: 3, slowest: 2000 });
    assert(steps.at(-1)! > 0, `went on from ${steps.join(", ")}`);

    const folder = `${root}/results/whole`;
    const measured = await claimsFromLog(folder, claims(settingOf(["--preset=smoke"])));
    for (const series of ["rank 1", "rank 2", "two heads", "merged"]) {
      const of = { series, quantity: "loss" };
      assertEquals([measured.steps(of)[0], measured.replicas(of)], [0, [0, 1]]);
    }
    const places = measured.places({ series: "rank 1", quantity: "distance to PCR" });
    assertEquals(places.map(({ index }) => index), [0, 1, 2]);
    const figures = [...Deno.readDirSync(`${folder}/figures`)].filter(({ name }) => name.endsWith(".svg"));
    assertEquals(figures.length, 7);
  }));

/** A staircase that rests `times[m]` steps on plateau m and falls within one, for two replicas of every rank. */
function staircases(setting: Setting, times: Record<string, readonly number[]>): Measurements {
  const measured = new Measurements();
  const plateaus = keyQueryPlateaus(setting);
  for (const [series, rests] of Object.entries(times)) {
    for (const replica of [0, 1]) {
      let step = 0;
      rests.forEach((rest, m) => {
        measured.add({ series, quantity: "loss", replica, step: step + 1, value: plateaus[m] });
        measured.add({ series, quantity: "loss", replica, step: step + rest, value: plateaus[m] });
        step += rest;
      });
    }
  }
  return measured;
}

Deno.test("claims on plateaus judge made-up staircases as they were made", () => {
  const setting = settingOf(["--ranks=1,2"]);
  const judge = (two: readonly number[], merged: readonly number[]) => {
    const measured = staircases(setting, { [ranked(1)]: [90, 100, 200, 400, 800], [ranked(2)]: two, merged });
    const wanted = ["plateaus", "rank-2-groups", "rank-2-rests", "merged-one-drop"];
    const judged = claims(setting).filter(({ id }) => wanted.includes(id));
    return judgeClaims(judged, measured).map(({ id, verdict }) => `${id}: ${verdict}`);
  };
  assertEquals(judge([90, 4, 200, 8, 100], [9, 3, 3, 3, 100]), [
    "plateaus: reproduced",
    "merged-one-drop: reproduced",
    "rank-2-groups: reproduced",
    "rank-2-rests: reproduced",
  ]);
  assertEquals(judge([90, 100, 100, 400, 100], [9, 100, 200, 400, 100]), [
    "plateaus: reproduced",
    "merged-one-drop: not reproduced",
    "rank-2-groups: not reproduced",
    "rank-2-rests: not reproduced",
  ]);
});

Deno.test("claims on times say of a run that was too short for a plateau that nothing was measured", () => {
  const { configuration } = parseCommandLine(["--preset=smoke"], options, presets);
  const [start] = keyQueryPlateaus({ spectrum: configuration.spectrum, context: configuration.context });
  const measured = new Measurements();
  for (const series of ["merged", ...configuration.ranks.map(ranked)]) {
    for (const step of [0, 10, 20]) measured.add({ series, quantity: "loss", step, replica: 0, value: start });
  }
  const timed = claims(configuration as Setting).filter(({ id }) => /^merged-one-drop$|^rank-/.test(id));
  const judged = judgeClaims(timed, measured);
  assertEquals(judged.map(({ id }) => id), ["merged-one-drop", "rank-2-groups"]);
  for (const { verdict, measured, detail } of judged) {
    assertEquals([verdict, measured], ["inconclusive", null]);
    assert(detail!.startsWith("replica 0 has not been on both"), detail);
  }
});

Deno.test("options that cannot be run are refused in one line", () =>
  assertRefused(program, smoke, [
    [["--spectrum=0.4"], "expected --spectrum to have at least two eigenvalues, found 1"],
    [["--spectrum=0.2,0.4"], "expected --spectrum to fall, found 0.4 after 0.2"],
    [["--ranks=2"], "expected --ranks to begin with 1, found 2"],
    [["--ranks=1,3"], "expected --ranks up to the number of eigenvalues, 2, found 3"],
    [
      ["--heads=2", "--spectrum=0.4,0.3,0.2"],
      "expected --heads to be at least the number of eigenvalues, 3, found 2",
    ],
    [["--starts=2"], "expected --starts below"],
  ]));

Deno.test("its name is that of its folder", () => assertEquals(experiment.name, "separate_keys_queries"));
