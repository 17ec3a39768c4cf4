/** The experiment from its command line to what it leaves. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { experiment } from "../../experiments/grokking.ts";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { claimsOf } from "../../lib/run/experiment.ts";
import { assertResumes } from "../run/kills.ts";
import { inFolder } from "../run/subprocess.ts";
import { assertRefused, claimsFromLog } from "./checks.ts";

const program = fromFileUrl(import.meta.resolve("../../experiments/grokking.ts"));
const options = ["--preset=smoke", "--checkpoint-every=10"];

Deno.test("killed in any of its trainings and resumed, the smoke preset leaves the same log, claims and figures; the log alone gives its claims", () =>
  inFolder(async (root) => {
    const steps = await assertResumes({ program, root, options, kills: 4, slowest: 2500 });
    assert(steps.at(-1)! > 0, `went on from ${steps.join(", ")}`);

    const folder = `${root}/results/whole`;
    const { configuration } = parseCommandLine(["--preset=smoke"], experiment.options, experiment.presets);
    const measured = await claimsFromLog(folder, claimsOf(experiment, configuration));

    const at = measured.steps({ series: "main", quantity: "test loss" });
    assert([0, 5, 10, 40].every((step) => at.includes(step)));
    for (const quantity of ["restricted loss", "angle unembedding", "excluded loss"]) {
      assertEquals([measured.steps({ series: "main", quantity }), measured.replicas({ series: "main", quantity })], [
        at,
        [0, 1],
      ]);
    }
    assertEquals(measured.places({ series: "main", quantity: "share of logits" }).map(({ index }) => index), [
      1,
      2,
      3,
      4,
      5,
    ]);
    // Three snapshots of the main replicas, of the one without decay, and of the one with random labels.
    for (const series of ["main", "weight decay 0", "random labels"]) {
      const of = { series, quantity: "learning coefficient" };
      assertEquals([measured.steps(of).length, measured.replicas(of).length], [3, series === "main" ? 2 : 1]);
    }
    assertEquals(measured.has({ series: "fraction 0.8", quantity: "learning coefficient" }), false);
    const first = (name: string, from: number) => {
      const of = { series: `${name} from ${from}`, quantity: "test loss" };
      const steps = measured.steps(of);
      assertEquals([steps[0], steps.at(-1)], [from + 1, from + 20]);
      return measured.first(of)[0];
    };
    const names = ["freeze final", "freeze random", "redraw final", "redraw random"];
    assertEquals(new Set([5, 10].flatMap((from) => names.map((name) => first(name, from)))).size, 8);
    const figures = [...Deno.readDirSync(`${folder}/figures`)].filter(({ name }) => name.endsWith(".svg"));
    assertEquals(figures.length, 12);
  }));

Deno.test("options that cannot be run are refused in one line", () =>
  assertRefused(program, options, [
    [["--modulus=15"], "expected --modulus to be a prime, found 15 = 3 · 5"],
    [["--width=10", "--heads=4"], "expected --width to be a multiple of --heads=4, found 10"],
    [["--branch-at=30,10"], "expected --branch-at to be a comma-separated list of ascending integers"],
    [["--branch-at=30"], "expected --branch-at and --branch-steps to add up to --steps=40 at most, found 50"],
    [["--decays=1"], "expected --decays to differ from each other and from the main one, found 1 twice"],
  ]));
