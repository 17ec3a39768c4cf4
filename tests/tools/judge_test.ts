import { assertAlmostEquals, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import project from "../../deno.json" with { type: "json" };
import { UserError } from "../../lib/io/errors.ts";
import { openRun } from "../../lib/run/kept_run.ts";
import { runExperiment } from "../../lib/run/main.ts";
import { claimDifferences, experimentOf, judgeRun } from "../../lib/tools/judge.ts";
import { experiment } from "../run/fixtures/decay.ts";
import { decay, finished, inFolder, stages } from "../run/subprocess.ts";

const root = fromFileUrl(new URL("../../", import.meta.url));

/** A complete run of the fixture, in a folder of its own. */
async function runIn(folder: string, ...args: string[]): Promise<string> {
  const out = `${folder}/run`;
  const { exitCode } = await runExperiment(experiment, ["--preset=short", "--quiet", `--out=${out}`, ...args]);
  assertEquals(exitCode, 0);
  return out;
}

/** Runs `./lab judge` as its task does. */
function judge(folder: string, ...args: string[]) {
  const [, ...options] = project.tasks.judge.command.split(" ");
  const program = options.map((part) => part.endsWith(".ts") ? `${root}${part}` : part);
  return finished(Deno.execPath(), [...program, ...args], folder);
}

Deno.test("a run is judged from its folder alone, with the claims that it gave, and nothing is written", () =>
  inFolder(async (folder) => {
    const out = await runIn(folder, "--lr=0.3", "--spectrum=1,0.5,0.25");
    const files = () => [...Deno.readDirSync(out)].map(({ name }) => [name, Deno.statSync(`${out}/${name}`).mtime]);
    const before = files();
    const judged = await judgeRun(openRun(out), await experimentOf(openRun(out), decay));
    assertEquals(claimDifferences(judged, openRun(out).claims!), []);
    const { code, stdout, stderr } = await judge(folder, "run", `--experiment=${decay}`);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(
      stdout,
      /^claim .*\nrate {3}reproduced .*\n.*\nclaims: 1 reproduced\nverdicts and numbers are those of claims\.json\n$/,
    );
    assertEquals(files(), before);
  }));

Deno.test("each difference from claims.json is a line, and the exit code says that there are some", () =>
  inFolder(async (folder) => {
    const out = await runIn(folder);
    const [claim] = JSON.parse(Deno.readTextFileSync(`${out}/claims.json`));
    const kept = [{ ...claim, verdict: "inconclusive", measured: 0.5, low: claim.low + 1e-9 }, { ...claim, id: "old" }];
    Deno.writeTextFileSync(`${out}/claims.json`, JSON.stringify(kept));
    const { code, stdout } = await judge(folder, "run", `--experiment=${decay}`);
    assertEquals(code, 1);
    assertEquals(stdout.split("\n").slice(-6, -1), [
      "4 differences from claims.json:",
      '  rate: verdict "reproduced", kept "inconclusive"',
      "  rate: measured 1, kept 0.5",
      `  rate: low ${claim.low}, kept ${claim.low + 1e-9}`,
      "  old: kept, but no claim of the experiment",
    ]);
  }));

Deno.test("a trial stays a trial; without claims.json there is nothing to compare with", () =>
  inFolder(async (folder) => {
    const out = await runIn(folder, "--preset=smoke");
    Deno.removeSync(`${out}/claims.json`);
    const { code, stdout } = await judge(folder, "run", `--experiment=${decay}`);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "claims: 1 not judged: verdicts of a trial preset would mean nothing\n");
    assertStringIncludes(stdout, "no claims.json to compare with\n");
  }));

Deno.test("what cannot be judged is refused in one line with exit code 2", () =>
  inFolder(async (folder) => {
    const out = await runIn(folder);
    const refuses = async (args: string[], line: string) => {
      const { code, stdout, stderr } = await judge(folder, ...args);
      assertEquals([code, stdout, stderr], [2, "", `error: ${line}\n`]);
    };
    const of = `--experiment=${decay}`;
    await refuses(
      ["nowhere", of],
      "expected a run folder or an entry of the gallery, found neither manifest.json nor run.json in nowhere",
    );
    await refuses([], "expected RUN, as in: ./lab judge RUN; found none");
    await refuses(["run", "run"], "expected RUN, as in: ./lab judge RUN; found run run");
    await refuses(["run", "--experimnt=x"], "unknown option --experimnt; did you mean --experiment?");
    await refuses(["run", `--experiment=${stages}`], "expected the experiment decay of run, found stages");
    await refuses(["run", "--experiment=grokkin"], (await nearest("grokkin")).message);
    const manifest = Deno.readTextFileSync(`${out}/manifest.json`);
    Deno.writeTextFileSync(`${out}/manifest.json`, manifest.replace('"lr"', '"rate"'));
    await refuses(["run", of], "expected a run with the options of this experiment, found no --lr in its manifest");
    Deno.writeTextFileSync(`${out}/manifest.json`, "{");
    await refuses(["run", of], "expected JSON in run/manifest.json, found other text");
    Deno.writeTextFileSync(`${out}/manifest.json`, "[]");
    await refuses(["run", of], "expected run/manifest.json to describe a run, found other JSON");
    Deno.writeTextFileSync(`${out}/manifest.json`, manifest);
    Deno.removeSync(`${out}/log.ndjson`);
    await refuses(["run", of], "expected the numbers of a run in run/log.ndjson, found no file");
    Deno.removeSync(`${out}/experiment.ts`);
    await assertRejects(
      () => experimentOf(openRun(out)),
      UserError,
      `expected the experiment decay of ${out} in experiments/, found none; name its file by --experiment=FILE`,
    );
  }));

async function nearest(name: string): Promise<Error> {
  const { loadExperiment } = await import("../../lib/tools/experiments.ts");
  return await assertRejects(() => loadExperiment(name), UserError, "did you mean grokking?") as Error;
}

/** A run as another program leaves it: no index of files, no columns. */
function foreignRun(folder: string, status = "complete"): string {
  const run = `${folder}/results/resnet/run`;
  Deno.mkdirSync(run, { recursive: true });
  const rows = [1, 2, 3].flatMap((replica) =>
    [0, 10].map((step) => ({
      kind: "measure",
      series: "main",
      step,
      quantity: "loss",
      replica,
      value: 8 / (step + replica),
    }))
  );
  Deno.writeTextFileSync(`${run}/log.ndjson`, rows.map((row) => JSON.stringify(row) + "\n").join(""));
  const manifest = { experiment: "resnet", preset: "python", configuration: {}, seeds: [1, 2, 3], status, columns: {} };
  Deno.writeTextFileSync(`${run}/manifest.json`, JSON.stringify({ ...manifest, start: "2026-01-01T00:00:00Z" }));
  return run;
}

const CLAIMS = `${root}experiments/examples/claims.ts`;

Deno.test("a run of another program is judged by a file of claims, which its folder keeps once, and the log with it", () =>
  inFolder(async (folder) => {
    const run = foreignRun(folder);
    const before = Deno.readTextFileSync(`${run}/log.ndjson`);
    const { code, stdout } = await judge(folder, run, `--claims=${CLAIMS}`);
    assertEquals([code, [...Deno.readDirSync(run)].length], [0, 2]);
    assertMatch(stdout, /^claim .*\nfalls {2}reproduced .*\n.*\nclaims: 1 reproduced\n$/);
    const kept = await judge(folder, run, `--claims=${CLAIMS}`, "--keep");
    assertEquals([kept.code, kept.stderr], [0, ""]);
    const { claims, manifest } = openRun(run);
    // (1/11 · 2/12 · 3/13)^(1/3), which is below a half.
    assertAlmostEquals(claims![0].measured!, (6 / (11 * 12 * 13)) ** (1 / 3));
    assertEquals([claims![0].verdict, manifest!.verdicts], ["reproduced", { reproduced: 1 }]);
    assertEquals(manifest!.files.map(({ path }) => path), ["claims.ts", "claims.json"]);
    const log = Deno.readTextFileSync(`${run}/log.ndjson`);
    assertEquals(log.startsWith(before), true);
    assertEquals(log.slice(before.length).trimEnd().split("\n").map((line) => JSON.parse(line).kind), [
      "criterion",
      "claim",
    ]);
    const again = await judge(folder, run, `--claims=${CLAIMS}`, "--keep");
    assertEquals(again.code, 2);
    assertStringIncludes(again.stderr, "claims.json; what counts as an answer is not moved after a run");
    assertEquals(Deno.readTextFileSync(`${run}/log.ndjson`), log);
  }));

Deno.test("claims of a run that goes on, of no file of claims, or without --keep, write nothing", () =>
  inFolder(async (folder) => {
    const run = foreignRun(folder, "interrupted");
    Deno.writeTextFileSync(`${folder}/none.ts`, "export const claims = [1];\n");
    const writes = 'Deno.writeTextFileSync("results/stolen", "");\nexport const claims = [];\n';
    Deno.writeTextFileSync(`${folder}/writes.ts`, writes);
    const cases: [string[], string][] = [
      [[`--claims=${CLAIMS}`, "--keep"], "run, which is interrupted"],
      [[`--claims=${folder}/none.ts`], "to export claims, as `export const claims = [lab.claim({ … })]`, found none"],
      [[`--claims=${folder}/writes.ts`], "expected permission to write results/stolen, found none"],
      [[`--claims=${folder}/missing.ts`], "cannot load"],
      [["--keep"], "expected --claims=FILE with --keep, found none"],
      [[`--claims=${CLAIMS}`, `--experiment=${decay}`], "expected --claims or --experiment, found both"],
    ];
    for (const [args, message] of cases) {
      const { code, stderr } = await judge(folder, run, ...args);
      assertEquals([code, stderr.trimEnd().split("\n").length], [2, 1], stderr);
      assertStringIncludes(stderr, message);
    }
    assertEquals([...Deno.readDirSync(run)].length, 2);
  }));
