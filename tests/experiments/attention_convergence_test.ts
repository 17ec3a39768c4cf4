/** The experiment from its command line to what it leaves. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { claims } from "../../experiments/attention_convergence/claims.ts";
import { options as known, presets } from "../../experiments/attention_convergence/setting.ts";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { assertResumes } from "../run/kills.ts";
import { inFolder } from "../run/subprocess.ts";
import { assertRefused, claimsFromLog } from "./checks.ts";

const program = fromFileUrl(import.meta.resolve("../../experiments/attention_convergence.ts"));
const options = ["--preset=smoke", "--checkpoint-every=10"];

Deno.test("killed in its trainings and resumed, the smoke preset leaves the same log, claims and figures; the log alone gives its claims", () =>
  inFolder(async (root) => {
    await assertResumes({ program, root, options, kills: 3, slowest: 2500 });

    const folder = `${root}/results/whole`;
    const { configuration } = parseCommandLine(["--preset=smoke"], known, presets);
    const measured = await claimsFromLog(folder, claims(configuration));

    assertEquals(measured.series, [
      "balanced, N = 10",
      "balanced, N = 100",
      "imbalanced, N = 10",
      "imbalanced, N = 100",
      "K = 10, p₁ = 0.7",
      "K = 5, p₁ = 0.5",
    ]);
    const loss = { series: "imbalanced, N = 100", quantity: "loss, rare" };
    assertEquals([measured.replicas(loss), measured.steps(loss).includes(30), measured.steps(loss).at(-1)], [
      [0, 1],
      true,
      120,
    ]);
    assertEquals(measured.theories(loss), [
      "N → ∞",
      "first order in 1/N",
      "exact at this N",
      "flow, N → ∞",
      "with SGD noise",
    ]);
    // At step 0 every Q is 0: the loss is that of the theory up to the sampling of contexts, the same for all steps.
    const [first] = measured.first(loss);
    assert(Math.abs(first / measured.theory("exact at this N", loss).y[0] - 1) < 0.02, `found ${first}`);
  }));

Deno.test("options that cannot be run are refused in one line", () =>
  assertRefused(program, options, [
    [["--dominant=0.05"], "expected a dominant probability above 1/K = 0.1, found 0.05"],
    [["--contexts=100"], "expected at least two --contexts, found 100"],
    [["--early=200"], "expected --early below --steps=120, found 200"],
    [
      ["--scan-dominant=0.5"],
      "expected --scan-dominant to differ from each other and from --dominant, found 0.5 twice",
    ],
    [
      ["--scan-features=5,5"],
      "expected --scan-features to differ from each other and from --features, found 5 twice",
    ],
  ]));
