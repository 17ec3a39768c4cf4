/** The experiment from its command line to what it leaves. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { claims } from "../../experiments/co_occurrence/claims.ts";
import { EQUAL, ONE, options as known, presets, THREE, UNIFORM } from "../../experiments/co_occurrence/setting.ts";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { assertResumes } from "../run/kills.ts";
import { inFolder } from "../run/subprocess.ts";
import { assertRefused, claimsFromLog } from "./checks.ts";

const program = fromFileUrl(import.meta.resolve("../../experiments/co_occurrence.ts"));
const options = ["--preset=smoke", "--checkpoint-every=10"];

Deno.test("killed and resumed, the smoke preset leaves the same log, claims and figures; the log alone gives its claims", () =>
  inFolder(async (root) => {
    await assertResumes({ program, root, options, kills: 2, slowest: 2500 });

    const folder = `${root}/results/whole`;
    const { configuration } = parseCommandLine(["--preset=smoke"], known, presets);
    const measured = await claimsFromLog(folder, claims(configuration));
    assertEquals(measured.series, [UNIFORM, EQUAL, ONE, THREE]);
    const loss = { series: UNIFORM, quantity: "loss" };
    assertEquals([measured.replicas(loss), measured.steps(loss).at(-1)], [[0, 1], 60]);
    const unseen = { series: THREE, quantity: "loss, unseen" };
    assertEquals([measured.replicas(unseen), measured.steps(unseen)], [[0, 1], measured.steps(loss)]);
    const [sizes] = [UNIFORM, EQUAL, ONE].map((series) => measured.first({ series, quantity: "|a|" }));
    assert(sizes.every((size) => size > 0.4 && size < 0.75), `found ${sizes}`);
    assertAlmostEquals(measured.first({ series: ONE, quantity: "|a|" })[0], 4, 1e-6);
  }));

Deno.test("a number of samples that six does not divide is refused in one line", () =>
  assertRefused(program, options, [[["--samples=20"], "expected --samples that six divides, found 20"]]));
