/** The experiment from its command line to what it leaves. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { experiment } from "../../experiments/icl_emergence.ts";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { claimsOf } from "../../lib/run/experiment.ts";
import { readLog } from "../../lib/run/log.ts";
import { runExperiment } from "../../lib/run/mod.ts";
import { Measurements } from "../../lib/study/mod.ts";
import { assertResumes } from "../run/kills.ts";
import { inFolder } from "../run/subprocess.ts";
import { claimsFromLog } from "./checks.ts";

const program = fromFileUrl(import.meta.resolve("../../experiments/icl_emergence.ts"));
const options = ["--preset=smoke", "--checkpoint-every=10"];

Deno.test("killed in any of its trainings and resumed, the smoke preset leaves the same log, claims and figures; the log alone gives its claims", () =>
  inFolder(async (root) => {
    const steps = await assertResumes({ program, root, options, kills: 5, slowest: 2500 });
    assert(steps.at(-1)! > 0, `went on from ${steps.join(", ")}`);

    const folder = `${root}/results/whole`;
    const { configuration } = parseCommandLine(["--preset=smoke"], experiment.options, experiment.presets);
    const measured = await claimsFromLog(folder, claimsOf(experiment, configuration));
    const figures = [...Deno.readDirSync(`${folder}/figures`)].filter(({ name }) => name.endsWith(".svg"));
    assertEquals(figures.length, 8);

    const reports = Array.from({ length: 13 }, (_, report) => 10 * report);
    for (const series of ["control", "depth-1", "depth-2"]) {
      assertEquals(measured.steps({ series, quantity: "loss" }).length, 120);
      for (const quantity of ["prefix matching", "QK rank without 1", "OV norm", "QK distance", "OV largest angle"]) {
        const [place, ...others] = measured.places({ series, quantity });
        assertEquals([place, others.length], [{ layer: 0, head: 0 }, series === "depth-1" ? 1 : 3]);
        assertEquals(measured.steps({ series, quantity, ...place }), reports);
      }
      assertEquals(measured.last({ series, quantity: "QK mean angle", layer: 0, head: 1 }).map(Math.round), [0, 0]);
    }
    // Without windows interventions are made at a quarter of training. Replicas of those that only hold start where the
    // untouched ensemble was.
    const at = (series: string) => measured.at({ series, quantity: "score" }, 30);
    assertEquals(at("freeze top"), at("depth-2"));
    assertNotEquals(at("re-randomise top"), at("depth-2"));
    assertEquals(measured.steps({ series: "random change at 0.5", quantity: "score" }), reports.slice(1));
  }));

Deno.test("bytes of a text are a task; in-context Markov chains too", () =>
  inFolder(async (root) => {
    const small = ["--preset=smoke", "--quiet", "--depths=2", "--no-interventions", "--steps=40", "--every=5"];
    const text = ["--task=text", "--text=/usr/share/common-licenses/GPL-3"];
    for (const task of [["--task=markov", "--no-control"], text]) {
      const out = `${root}/${task[0].slice(7)}`;
      const { exitCode } = await runExperiment(experiment, [...task, ...small, `--out=${out}`]);
      assertEquals(exitCode, 0);
      const measured = await Measurements.from(readLog(`${out}/log.ndjson`));
      const names = measured.theories({ series: "held-out sequences", quantity: "loss", index: 15 });
      assert(names.includes("in-context bigram") && names.includes("text bigram") === (task === text), names.join());
    }
  }));
