import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { claim as declare, expect } from "../../lib/claims/mod.ts";
import { defineExperiment, readManifest, runExperiment } from "../../lib/run/mod.ts";
import { experiment } from "./fixtures/decay.ts";
import { denoArgs, finished, inFolder, rowsOf, runDecay, said, startDecay } from "./subprocess.ts";

Deno.test("a run in this process leaves manifest, log, claims and figures that agree", () =>
  inFolder(async (root) => {
    const out = `${root}/run`;
    const args = ["--preset=short", "--lr=0.2", "--quiet", `--out=${out}`, "--seed=5"];
    assertEquals(await runExperiment(experiment, args), { exitCode: 0, folder: out });
    const manifest = readManifest(out);
    assertEquals(manifest.status, "complete");
    assertEquals(manifest.question, "Does gradient descent on ½λx² decay at the rate 1 − ηλ?");
    assertEquals([manifest.configuration.lr, manifest.configuration.steps, manifest.preset], [0.2, 4, "short"]);
    assertEquals(manifest.seeds, [5, 6]);
    assertEquals(manifest.adapter, null);
    assertEquals(manifest.verdicts, { reproduced: 1 });
    assertEquals(manifest.columns.measure.value, { type: "float", unit: "", meaning: "the number" });
    assert(Date.parse(manifest.end!) >= Date.parse(manifest.start) && manifest.elapsedMs! >= 0);
    assertEquals(manifest.files.map(({ path }) => path), [
      "log.ndjson",
      "clock.ndjson",
      "experiment.ts",
      "claims.json",
      "figures/x.vl.json",
      "figures/x.svg",
    ]);
    for (const { path, bytes } of manifest.files) assertEquals(Deno.statSync(`${out}/${path}`).size, bytes);

    const rows = await rowsOf(`${out}/log.ndjson`);
    assertEquals(rows.map(({ kind }) => kind), ["criterion", ...Array(8).fill("measure"), "claim"]);
    const claim = JSON.parse(Deno.readTextFileSync(`${out}/claims.json`))[0];
    assertEquals(claim.criterion, rows[0].criterion);
    assertEquals([claim.verdict, claim.measured], ["reproduced", rows.at(-1)!.measured]);
  }));

Deno.test("a claim of several groups is logged with the group that its numbers are of", () =>
  inFolder(async (root) => {
    const grouped = defineExperiment({
      name: "groups",
      doc: "Are numbers of groups logged?",
      options: {},
      presets: {},
      gpu: false,
      claims: [declare({
        id: "all-large",
        statement: "Every mode is large.",
        source: "none",
        measure: "size",
        expect: expect.each(expect.mean({ from: 1 }), { of: "mode", shown: "worst" }),
        values: () => ({ values: { "1": [0.5, 0.6], "2": [5, 5.1] } }),
      })],
      run: () => Promise.resolve(),
    });
    assertEquals((await runExperiment(grouped, ["--quiet", `--out=${root}/run`])).exitCode, 0);
    const claim = (await rowsOf(`${root}/run/log.ndjson`)).at(-1)!;
    assertEquals([claim.kind, claim.measured, claim.shown], ["claim", 0.55, "mode 1"]);
  }));

Deno.test("a trial preset judges nothing: numbers are kept, and it is said why there are no verdicts", () =>
  inFolder(async (root) => {
    const { code, stdout } = await runDecay(["--preset=smoke", "--out=results/run"], root);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "claims: 1 not judged: verdicts of a trial preset would mean nothing\n");
    const [claim] = JSON.parse(Deno.readTextFileSync(`${root}/results/run/claims.json`));
    assertEquals([claim.verdict, Math.abs(claim.measured - 1) < 1e-12], ["trial", true]);
    assertEquals(readManifest(`${root}/results/run`).verdicts, { trial: 1 });
  }));

Deno.test("a number that is not finite ends the run by the claim's name", () =>
  inFolder(async (root) => {
    const { code, stderr } = await runDecay(["--preset=short", "--lost", "--quiet", "--out=results/run"], root);
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^error: cannot judge claim rate: expected finite values, found NaN for replica 0 \(at .+\)\n$/,
    );
    assertEquals(readManifest(`${root}/results/run`).status, "failed");
  }));

Deno.test("the same seed and options give the same log, byte for byte", () =>
  inFolder(async (root) => {
    for (const name of ["a", "b"]) await runDecay(["--preset=smoke", `--out=results/${name}`], root);
    const [a, b] = ["a", "b"].map((name) => Deno.readTextFileSync(`${root}/results/${name}/log.ndjson`));
    assertEquals(a, b);
  }));

Deno.test("a run prints progress on stderr, its table and folder on stdout", () =>
  inFolder(async (root) => {
    const { code, stdout, stderr } = await runDecay(["--preset=short"], root);
    assertEquals(code, 0);
    assertMatch(
      stdout,
      /^claim .*\nrate {3}reproduced .*\n {2}Gradient descent shrinks .*\nclaims: 1 reproduced\nresults: results\/decay\/\S+Z-short-seed1\n$/,
    );
    assertMatch(stderr, /^decay: step 4\/4 .*\nloop done\n$/);
    const quiet = await runDecay(["--preset=short", "--quiet"], root);
    assertEquals(quiet.stderr, "");
    assertMatch(quiet.stdout, /^claim .*\n.*\n.*\nclaims: 1 reproduced\n$/);
  }));

Deno.test("--help exits 0 and bad input exits 2, both before any folder is made", () =>
  inFolder(async (root) => {
    const help = await runDecay(["--help"], root);
    assertEquals([help.code, help.stderr], [0, ""]);
    assertStringIncludes(help.stdout, "  --lr=N            learning rate η; a number > 0 [0.1]");
    const bad = await runDecay(["--stpes=3"], root);
    assertEquals(bad, { code: 2, stdout: "", stderr: "error: unknown option --stpes; did you mean --steps?\n" });
    assertEquals([...Deno.readDirSync(root)], []);
  }));

Deno.test("a divergence ends with step and replica, exit code 1, a readable log and a truthful manifest", () =>
  inFolder(async (root) => {
    const { code, stderr } = await runDecay(["--preset=unstable", "--out=results/run", "--quiet"], root);
    const reason =
      "replica 0 diverged at step 512: expected a finite x, found none; lower the learning rate or the initial scale";
    assertEquals([code, stderr], [1, `error: ${reason}\n`]);
    const { status, reason: kept, files, end } = readManifest(`${root}/results/run`);
    assertEquals([status, kept], ["failed", reason]);
    assert(end !== null && files[0].bytes === Deno.statSync(`${root}/results/run/log.ndjson`).size);
    assertEquals((await rowsOf(`${root}/results/run/log.ndjson`)).at(-1)!.step, 511);
  }));

Deno.test("a thrown error is one line, with a stack only under --debug; its run is marked failed", () =>
  inFolder(async (root) => {
    const plain = await runDecay(["--fail", "--steps=4", "--quiet", "--out=results/a"], root);
    assertEquals(plain.code, 1);
    assertMatch(plain.stderr, /^error: half way; and no further \(at .+decay\.ts:\d+:\d+\)\n$/);
    assertEquals(readManifest(`${root}/results/a`).status, "failed");
    const debug = await runDecay(["--fail", "--steps=4", "--quiet", "--out=results/b", "--debug"], root);
    assertMatch(
      debug.stderr,
      /^error: half way; and no further \(at .+\)\nError: half way\nand no further\n {4}at .*decay\.ts/,
    );
  }));

Deno.test("an error nobody awaits, as from a GPU event, fails the run too", () =>
  inFolder(async (root) => {
    const args = ["--loose", "--preset=endless", "--quiet", "--out=results/run"];
    const { code, stderr } = await runDecay(args, root);
    const { reason } = readManifest(`${root}/results/run`);
    assertEquals([code, stderr], [1, `error: ${reason}\n`]);
    assertMatch(reason!, /^device lost in kernel decay \(at .+decay\.ts:\d+:\d+\)$/);
  }));

const hangUps = [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129], [
  "SIGUSR1",
  Deno.build.os === "darwin" ? 158 : 138,
]] as const;
for (const [name, code] of hangUps) {
  Deno.test(`${name} ends the loop, keeps the log and says interrupted`, () =>
    inFolder(async (root) => {
      const folder = `${root}/results/run`;
      const child = await startDecay(["--preset=endless", "--out=results/run"], root, `${folder}/log.ndjson`);
      child.kill(name);
      const end = await said(child);
      assertEquals(end.code, code);
      assertMatch(end.stderr, /interrupted: partial log kept in results\/run\n$/);
      const { status, reason, files } = readManifest(folder);
      assertEquals([status, reason], ["interrupted", name]);
      assertEquals(files[0].bytes, Deno.statSync(`${folder}/log.ndjson`).size);
      assert((await rowsOf(`${folder}/log.ndjson`)).length > 2);
    }));
}

Deno.test("a second Ctrl-C ends a run that ignores the first", () =>
  inFolder(async (root) => {
    const folder = `${root}/results/run`;
    const child = await startDecay(["--preset=endless", "--deaf", "--out=results/run"], root, `${folder}/log.ndjson`);
    child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill("SIGINT"); // What `deno task` adds to a Ctrl-C; it counts as the same one.
    await new Promise((resolve) => setTimeout(resolve, 600));
    assertEquals(readManifest(folder).status, "running");
    child.kill("SIGINT");
    assertEquals((await said(child)).code, 130);
    assertEquals([readManifest(folder).status, readManifest(folder).reason], ["interrupted", "SIGINT, twice"]);
  }));

Deno.test("SIGKILL leaves whole lines and a manifest that says running, with no end", () =>
  inFolder(async (root) => {
    const folder = `${root}/results/run`;
    const args = ["--preset=endless", "--pauseMs=0", "--quiet", "--out=results/run"];
    const child = await startDecay(args, root, `${folder}/log.ndjson`);
    const { pid } = child;
    child.kill("SIGKILL");
    await said(child);
    const manifest = readManifest(folder);
    assertEquals([manifest.status, manifest.end, manifest.elapsedMs, manifest.pid], ["running", null, null, pid]);
    assertEquals(manifest.files.slice(0, 1), [{
      path: "log.ndjson",
      bytes: null,
      description: "rows of the run, one JSON object a line; see columns",
    }]);
    const text = Deno.readTextFileSync(`${folder}/log.ndjson`);
    assertMatch(text, /\} *\n$/);
    for (const line of text.trimEnd().split("\n")) JSON.parse(line);
  }));

Deno.test("a missing permission is one line with the flag that gives it", () =>
  inFolder(async (root) => {
    const none = await runDecay(["--preset=smoke"], root, []);
    assertMatch(
      none.stderr,
      /^error: expected permission to read .+decay\.ts, found none; run again with --allow-read\n$/,
    );
    const read = await runDecay(["--preset=smoke"], root, ["--allow-read"]);
    assertMatch(
      read.stderr,
      /^error: expected permission to write results\/decay\/\S+, found none; run again with --allow-write=results\n$/,
    );
    const elsewhere = await runDecay(["--preset=smoke", "--out=other/run"], root);
    assertEquals(
      elsewhere.stderr,
      "error: expected permission to write other/run, found none; run again with --allow-write=other/run\n",
    );
    assertEquals([none.code, read.code, elsewhere.code], [2, 2, 2]);
    assertEquals([...Deno.readDirSync(root)], []);
    const given = await runDecay(["--preset=smoke", "--out=other/run"], root, [
      "--allow-read",
      "--allow-write=other/run",
    ]);
    assertEquals([given.code, readManifest(`${root}/other/run`).status], [0, "complete"]);
  }));

Deno.test("an existing folder is not touched", () =>
  inFolder(async (root) => {
    await runDecay(["--preset=smoke", "--out=results/run"], root);
    const before = Deno.readTextFileSync(`${root}/results/run/manifest.json`);
    const again = await runDecay(["--preset=smoke", "--out=results/run"], root);
    assertEquals(again.code, 2);
    assertStringIncludes(again.stderr, "found one with 6 entries; nothing was overwritten");
    assertEquals(Deno.readTextFileSync(`${root}/results/run/manifest.json`), before);
  }));

const hasScript = Deno.build.os === "linux" &&
  await finished("sh", ["-c", "command -v script"], ".").then(({ code }) => code === 0);

Deno.test({
  name: "on a terminal a bar is drawn, and the cursor is given back after Ctrl-C",
  ignore: !hasScript,
  fn: () =>
    inFolder(async (root) => {
      const command = [Deno.execPath(), ...denoArgs(["--preset=endless"])].map((part) => `'${part}'`).join(" ");
      // The shell inside the terminal sends the Ctrl-C, as a user's terminal would, once the log has been begun.
      const script =
        `${command} & p=$!; until grep -q measure results/decay/*/log.ndjson 2>/dev/null; do sleep 0.05; done; ` +
        `kill -INT $p; wait $p; echo "code $?"`;
      const { stdout } = await finished("script", ["-qec", script, "/dev/null"], root);
      assertStringIncludes(stdout, "░");
      assertMatch(stdout, /decay: step \d+\/1000000 \(0 %\) {2}x \S+ {2}\S+ steps\/s {2}ETA /);
      assert(stdout.lastIndexOf("\x1b[?25h") > stdout.lastIndexOf("\x1b[?25l"), "cursor left hidden");
      assertStringIncludes(stdout, "code 130");
    }),
});
