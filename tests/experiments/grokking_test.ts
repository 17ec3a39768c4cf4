/** The experiment from its command line to what it leaves. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import type { LogRow } from "../../lib/run/mod.ts";
import { finished, inFolder, killedRun } from "../run/subprocess.ts";

const file = fromFileUrl(import.meta.resolve("../../experiments/grokking.ts"));
const env = { XDG_RUNTIME_DIR: "/tmp" };
const deno = (...args: string[]) => ["run", "--no-prompt", "--allow-read", "--allow-write=results", file, ...args];
const smoke = (...args: string[]) => deno("--preset=smoke", "--quiet", "--checkpoint-every=10", ...args);

/** Log, claims and figures of a run, by path. */
function remains(folder: string): Record<string, string> {
  const figures = [...Deno.readDirSync(`${folder}/figures`)].map(({ name }) => `figures/${name}`);
  return Object.fromEntries(
    ["log.ndjson", "claims.json", ...figures].map((path) => [path, Deno.readTextFileSync(`${folder}/${path}`)]),
  );
}

Deno.test("the smoke preset runs to its end; killed and resumed, it leaves the same log, claims and figures", () =>
  inFolder(async (root) => {
    assertEquals((await finished(Deno.execPath(), smoke("--out=results/whole"), root, env)).code, 0);
    await killedRun(smoke("--out=results/run"), root, env, `${root}/results/run`, 2);
    const resumed = deno("--resume=results/run", "--quiet");
    assertEquals((await finished(Deno.execPath(), resumed, root, env)).code, 0);
    const whole = remains(`${root}/results/whole`);
    assertEquals(remains(`${root}/results/run`), whole);

    const rows: LogRow[] = whole["log.ndjson"].trim().split("\n").map((line) => JSON.parse(line));
    const count = (kind: string) => rows.filter((row) => row.kind === kind).length;
    const reports = new Set(rows.filter(({ kind }) => kind === "train").map(({ step }) => step));
    assert(reports.has(0) && reports.has(10) && reports.has(40));
    assertEquals(count("train"), 5 * reports.size);
    assertEquals(count("measure"), 2 * 24 * reports.size);
    // Three snapshots of two main replicas, of one without decay, and of one with random labels.
    assertEquals([count("coefficient"), count("sampler")], [3 * 4, 1]);
    assertEquals(count("criterion"), count("claim"));
    assertEquals(
      new Set(rows.filter(({ kind }) => kind === "train").map(({ condition }) => condition)),
      new Set(["main", "weight decay 0", "fraction 0.8", "random labels"]),
    );
    const branches = rows.filter(({ kind }) => kind === "branch");
    const within = ({ from, step }: LogRow) => Number(step) > Number(from) && Number(step) <= Number(from) + 20;
    assertEquals(new Set(branches.map(within)), new Set([true]));
    const firstLoss = (intervention: string, from: number) =>
      branches.find((row) =>
        row.intervention === intervention && row.from === from && row.step === from + 1 && row.replica === 0
      )!.testLoss;
    assertEquals(
      new Set([5, 10].flatMap((from) => ["freeze final", "freeze random"].map((name) => firstLoss(name, from)))).size,
      4,
    );
    const figures = [
      "losses",
      "accuracy",
      "controls",
      "fourier",
      "circles",
      "principal_angles",
      "learning_coefficient",
    ];
    for (const name of [...figures, "interventions", "intervention_times"]) {
      assert(whole[`figures/${name}.svg`].includes("<text"), name);
    }
  }));

Deno.test("options that cannot be run are refused in one line", () =>
  inFolder(async (root) => {
    for (
      const [args, expected] of [
        [["--modulus=15"], "expected --modulus to be a prime, found 15 = 3 · 5"],
        [["--width=10", "--heads=4"], "expected --width to be a multiple of --heads=4, found 10"],
        [["--branch-at=30,10"], "expected --branch-at to be whole steps, ascending, found 30,10"],
        [["--branch-at=30"], "expected --branch-at and --branch-steps to add up to --steps=40 at most, found 50"],
        [["--decays=1"], "expected --decays to differ from each other and from the main one, found 1 twice"],
      ] as const
    ) {
      const { code, stderr } = await finished(Deno.execPath(), smoke(...args, "--out=results/x"), root, env);
      assert(code !== 0 && stderr.includes(expected), stderr);
    }
  }));
