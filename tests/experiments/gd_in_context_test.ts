/** The experiment from its command line to what it leaves. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { experiment } from "../../experiments/gd_in_context.ts";
import { learned, learningTimes } from "../../experiments/gd_in_context/claims.ts";
import { copying, WITHOUT_CONTEXT } from "../../experiments/gd_in_context/further.ts";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { claimsOf } from "../../lib/run/experiment.ts";
import { Measurements } from "../../lib/study/mod.ts";
import { assertResumes } from "../run/kills.ts";
import { inFolder } from "../run/subprocess.ts";
import { assertRefused, claimsFromLog } from "./checks.ts";

const program = fromFileUrl(import.meta.resolve("../../experiments/gd_in_context.ts"));
const options = ["--preset=smoke", "--checkpoint-every=20"];

Deno.test("killed in any of its trainings and resumed, the smoke preset leaves the same log, claims and figures; the log alone gives its claims", () =>
  inFolder(async (root) => {
    const steps = await assertResumes({ program, root, options, kills: 4, slowest: 1500 });
    assert(steps.at(-1)! > 0, `went on from ${steps.join(", ")}`);

    const folder = `${root}/results/whole`;
    const { configuration } = parseCommandLine(["--preset=smoke"], experiment.options, experiment.presets);
    const measured = await claimsFromLog(folder, claimsOf(experiment, configuration));

    for (
      const series of [
        "1 layer",
        "2 layers",
        "3 layers",
        "mixture 0.5",
        "range 2",
        "context 8",
        "noise 0.5",
        "damped",
        "separate tokens",
        "perceptron and layer",
        "layer alone",
      ]
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
    assertEquals(figures.length, 10);
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
  assertRefused(program, options, [[
    ["--depth-steps=30"],
    "expected --depth-steps of 2 numbers, one a depth, found 1",
  ]]));

Deno.test("copying: attention to partners, and their share in what moves a token", () => {
  // Two pairs and a query; inputs 0 and 2, their labels 1 and 3; every token looks at its partner with 0.6, at others with 0.1.
  const T = 5, partner = [1, 0, 3, 2, -1];
  const pattern = Float32Array.from({ length: T * T }, (_, at) => partner[Math.floor(at / T)] === at % T ? 0.6 : 0.1);
  const moved = Float32Array.from({ length: (T - 1) * T }, (_, at) => {
    const [token, by] = [Math.floor(at / T), at % T];
    return token === by ? 100 : token % 2 === 1 ? 1 : partner[token] === by ? 9 : 1 / 3;
  });
  const found = Object.values(copying(pattern, moved, 0, T));
  [0.6, 0.6, 0.9, 0.25].forEach((value, i) => assert(Math.abs(found[i] - value) < 1e-6, `${found}`));
});

Deno.test("the best prediction of sines without context loses what its closed form says", () => {
  // By the midpoint rule over points, phases and amplitudes.
  const steps = 200;
  let sum = 0;
  for (let i = 0; i < steps; i++) {
    const x = -5 + 10 * (i + 0.5) / steps;
    for (let j = 0; j < steps; j++) {
      const phase = Math.PI * (j + 0.5) / steps;
      for (const a of [0, 1, 2, 3].map((k) => 0.1 + 0.1 * (k + 0.5))) {
        // The variance of a within a cell of width 0.1 is left to the last term.
        sum += (a * Math.sin(x + phase) - 0.3 * 2 / Math.PI * Math.cos(x)) ** 2 + 0.01 / 12 * Math.sin(x + phase) ** 2;
      }
    }
  }
  assert(Math.abs(sum / 2 / steps ** 2 / 4 / WITHOUT_CONTEXT - 1) < 1e-3, `${sum / 2 / steps ** 2 / 4}`);
});
