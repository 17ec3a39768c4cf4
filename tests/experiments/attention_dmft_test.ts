/** The experiment from its command line to what it leaves. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { claims } from "../../experiments/attention_dmft/claims.ts";
import { options as known, presets } from "../../experiments/attention_dmft/options.ts";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { assertResumes } from "../run/kills.ts";
import { inFolder } from "../run/subprocess.ts";
import { assertRefused, claimsFromLog } from "./checks.ts";

const program = fromFileUrl(import.meta.resolve("../../experiments/attention_dmft.ts"));
const options = ["--preset=smoke", "--checkpoint-every=10"];

Deno.test("killed among its spins and resumed, the smoke preset leaves the same log, claims and figures; the log alone gives its claims", () =>
  inFolder(async (root) => {
    await assertResumes({ program, root, options, kills: 3, slowest: 2500 });

    const folder = `${root}/results/whole`;
    const { configuration } = parseCommandLine(["--preset=smoke"], known, presets);
    const measured = await claimsFromLog(folder, claims(configuration));

    // The map's numbers where it cycles do not depend on the preset: exponent and period at β = 1, and where that cycle is lost.
    const [exponent] = measured.last({ series: "β = 1", quantity: "exponent", index: 0 });
    assert(Math.abs(exponent + 0.0827) < 2e-4, `found ${exponent}`);
    assertEquals(measured.last({ series: "β = 1", quantity: "period" }), [4, 4, 4]);
    const onset = { series: "β from 1.24 to 1.28", quantity: "onset" };
    const { y: [predicted] } = measured.theory("linear stability", onset);
    assert(Math.abs(predicted - 1.2434) < 1e-3, `found ${predicted}`);

    const error = { series: "N = 3000, β = 1", quantity: "error" };
    assertEquals([measured.replicas(error), measured.steps(error).length], [[0, 1, 2, 3], 20]);
    assertEquals(measured.theories(error), ["linear noise theory"]);
  }));

Deno.test("options that cannot be run are refused in one line", () =>
  assertRefused(program, options, [
    [["--steps=1500"], "expected --steps to be a multiple of 1000, found 1500"],
    [["--spins=300,1000"], "expected --spins to be multiples of 3 up to 50331648, found 1000"],
    [["--spins=300"], "expected --spins of two numbers at least, found one"],
  ]));
