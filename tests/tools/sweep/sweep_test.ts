import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { integer } from "../../../lib/run/options.ts";
import { findRuns } from "../../../lib/run/find_runs.ts";
import { readManifest } from "../../../lib/run/manifest.ts";
import { runExperiment } from "../../../lib/run/mod.ts";
import { standings } from "../../../lib/tools/sweep/status.ts";
import { threads } from "../../../lib/tools/sweep/pool.ts";
import { report } from "../../../lib/tools/report/report.ts";
import { ResultsFolder } from "../../../lib/tools/serve/results_folder.ts";
import { finished, inFolder } from "../../run/subprocess.ts";
import { experiment } from "./fixtures/spread.ts";
import { inWorkspace, logsOf, SPREAD, sweepOf } from "./workspace.ts";

/** Log of a cell that is run alone. */
async function alone(root: string, args: readonly string[]): Promise<string> {
  const out = Deno.makeTempDirSync({ dir: root });
  assertEquals((await runExperiment(experiment, [...args, "--quiet", `--out=${out}`])).exitCode, 0);
  return Deno.readTextFileSync(join(out, "log.ndjson"));
}

Deno.test("a sweep computes every cell as it would be alone, is found by every tool, and is not computed twice", () =>
  inWorkspace(async ({ root, sweep, folder }) => {
    const grid = [
      SPREAD,
      "--preset=short",
      "--seed=3..6",
      "--lr=0.1,0.2",
      "--depth=1,2",
      "--pack=8",
      "--draw",
      "--name=first",
    ];
    const dry = await sweep(...grid, "--dry-run");
    assertStringIncludes(dry.stdout, "4 cells, 16 replicas, 2 tasks");
    assertEquals(findRuns(folder("first")).runs, []);
    const { code, stdout, stderr } = await sweep(...grid, "--local=2");
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "first: 2 complete");

    const logs = logsOf(folder("first"));
    for (const [cell, [lr, depth]] of [["0.1", "1"], ["0.1", "2"], ["0.2", "1"], ["0.2", "2"]].entries()) {
      const args = ["--preset=short", "--draw", `--lr=${lr}`, `--depth=${depth}`, "--seed=3", "--replicas=4"];
      assertEquals(logs[`${cell}, seeds 3 4 5 6`], await alone(root, args), `cell ${cell}`);
    }
    const { runs, warnings } = findRuns(folder("first"));
    assertEquals([runs.length, warnings], [4, []]);
    for (const { manifest } of runs) {
      assertEquals([manifest.status, manifest.sweep?.name, manifest.packed], ["complete", "first", {
        replicas: 8,
        cells: 2,
      }]);
      assertEquals(manifest.snapshot, sweepOf(folder("first")).snapshot.time);
      assertEquals(manifest.codeHash, sweepOf(folder("first")).codeHash);
    }

    const before = runs.map(({ folder }) => Deno.statSync(join(folder, "log.ndjson")).mtime);
    const again = await sweep("--resume", "first");
    assertStringIncludes(again.stdout, "nothing to start");
    const task = await sweep("--task=0", "first");
    assertEquals(task.code, 0, task.stderr);
    assertStringIncludes(task.stderr, "complete already");
    assertEquals(runs.map(({ folder }) => Deno.statSync(join(folder, "log.ndjson")).mtime), before);
    const twice = await sweep(...grid);
    assertEquals(twice.code, 2);
    assertMatch(twice.stderr, /expected a new name, found a folder with \d+ entries at results\/sweeps\/first/);

    // One page of all cells, their claims on top; a row of each in SQL, with the swept options as columns.
    const page = await report({ options: { out: undefined, sweep: folder("first") }, operands: [] });
    assertMatch(page, /^report: .*first\/report\.html /);
    const html = Deno.readTextFileSync(join(folder("first"), "report.html"));
    assertEquals(html.split("η = 0.2").length > 2, true);
    const [{ verdicts, cells: told }] = JSON.parse(/id="cells">(.*)<\/script>/.exec(html)![1]);
    assertEquals([verdicts, told.map(({ seeds }: { seeds: number }) => seeds)], [{ reproduced: 4 }, [4, 4, 4, 4]]);
    const sql = "select lr, depth, len(seeds) as n, sweep from sweeps order by lr, depth";
    const asked = await finished(join(root, "lab"), ["query", sql, "--format=csv"], root, {
      ICL_LAB_DENO: Deno.execPath(),
    });
    const rows = ["0.1,1,4,first", "0.1,2,4,first", "0.2,1,4,first", "0.2,2,4,first"];
    assertEquals(asked.stdout.trim().split(/\r?\n/), ["lr,depth,n,sweep", ...rows], asked.stderr);
    assertEquals(ResultsFolder.open(join(root, "results")).runs().length, 4);

    // Claims of a cell are over all its seeds, which two tasks hold here.
    const split = await sweep(SPREAD, "--preset=short", "--seed=0..69", "--pack=35", "--name=second");
    assertEquals(split.code, 0, split.stderr);
    assertEquals((await sweep("--gather", "second")).code, 0);
    const [{ seeds, claims }] = JSON.parse(Deno.readTextFileSync(join(folder("second"), "claims.json")));
    assertEquals(seeds, Array.from({ length: 70 }, (_, seed) => seed));
    assertEquals([claims[0].replicas, claims[0].verdict], [70, "reproduced"]);
    assertStringIncludes(claims[0].criterion, "Over 70 seeds of 2 tasks.");
    const out = join(root, "whole");
    // More than a run of the experiment may have, which here may have all of them.
    const wide = {
      ...experiment,
      options: { ...experiment.options, replicas: integer(4, { max: 128, help: "seeds" }) },
    };
    await runExperiment(wide, ["--preset=short", "--seed=0", "--replicas=70", "--quiet", `--out=${out}`]);
    const [whole] = JSON.parse(Deno.readTextFileSync(join(out, "claims.json")));
    assertEquals([claims[0].measured, claims[0].low, claims[0].high], [whole.measured, whole.low, whole.high]);
  }));

Deno.test("a cell that diverges takes none with it, and a helper that is changed after submission changes nothing", () =>
  inWorkspace(async ({ root, sweep, folder }) => {
    const { code, stderr } = await sweep(SPREAD, "--preset=short", "--seed=1..2", "--lr=0.1,2500", "--name=wild");
    assertEquals(code, 1);
    assertMatch(stderr, /diverged after \d+ s: replica \d diverged at step 2: expected a finite x/);
    const [{ status }] = standings(folder("wild"), sweepOf(folder("wild")));
    assertEquals(status, "diverged");
    const { runs } = findRuns(folder("wild"));
    assertEquals(runs.map(({ manifest }) => [manifest.configuration.lr, manifest.status]), [[0.1, "complete"], [
      2500,
      "failed",
    ]]);
    const own = Deno.readTextFileSync(join(runs[0].folder, "log.ndjson"));
    assertEquals(own, await alone(root, ["--preset=short", "--seed=1", "--replicas=2"]));
    // What has failed is started again only where it is asked for.
    assertStringIncludes((await sweep("--resume", "wild")).stdout, "nothing to start");
    const retried = await sweep("--retry", "wild", "--only=diverged");
    assertEquals(retried.code, 1);
    assertEquals(findRuns(folder("wild")).runs.map(({ manifest }) => manifest.status), ["complete", "failed"]);

    const submitted = await sweep(SPREAD, "--preset=short", "--seed=1..2", "--name=kept");
    assertEquals(submitted.code, 0);
    assertEquals((await sweep("--status", "kept")).stdout, "kept: 1 complete, of 1 task of spread\n");
    const before = logsOf(folder("kept"));
    const [{ hash }] = sweepOf(folder("kept")).tasks;
    Deno.writeTextFileSync(join(root, SPREAD.replace(".ts", "/factor.ts")), "export const readFactor = () => 0.5;\n");
    Deno.removeSync(join(folder("kept"), "tasks", hash), { recursive: true });
    const resumed = await sweep("--resume", "kept");
    assertEquals(resumed.code, 0);
    assertMatch(resumed.stdout, /its tasks run the code as it was on .* UTC; the code here has changed since/);
    assertEquals(logsOf(folder("kept")), before);
    const changed = join(root, "changed");
    const args = ["run", SPREAD, "--preset=short", "--seed=1", "--replicas=2", "--quiet", `--out=${changed}`];
    assertEquals((await finished(join(root, "lab"), args, root, { ICL_LAB_DENO: Deno.execPath() })).code, 0);
    assertEquals(Deno.readTextFileSync(join(changed, "log.ndjson")) === before["0, seeds 1 2"], false);
    assertEquals(readManifest(changed).codeHash === sweepOf(folder("kept")).codeHash, false);
  }));

Deno.test("Ctrl-C ends all tasks with checkpoints, killed ones are told, and --resume ends with the same bits", () =>
  inWorkspace(async ({ root, sweep, folder }) => {
    const grid = [
      SPREAD,
      "--seed=0..3",
      "--lr=0.1,0.2",
      "--depth=1,2",
      "--pauseMs=25",
      "--pack=8",
      "--local=2",
      "--name=cut",
    ];
    const child = new Deno.Command(join(root, "lab"), {
      args: ["sweep", ...grid],
      cwd: root,
      env: { ICL_LAB_DENO: Deno.execPath() },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const status = () => {
      try {
        return standings(folder("cut"), sweepOf(folder("cut")));
      } catch {
        return [];
      }
    };
    const rows = (path: string) => {
      try {
        return Deno.readTextFileSync(join(path, "log.ndjson")).split('"kind":"measure"').length;
      } catch {
        return 0;
      }
    };
    const tasks = () => sweepOf(folder("cut")).tasks.map(({ hash }) => join(folder("cut"), "tasks", hash));
    for (let wait = 0; status().length < 2 || !tasks().every((path) => rows(path) > 12 * 8); wait++) {
      assert(wait < 1500, "expected two running tasks within 30 s");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    Deno.kill(readManifest(tasks()[1]).pid, "SIGKILL");
    child.kill("SIGINT");
    assertEquals((await child.status).code, 130);
    assertEquals(status().map(({ status }) => status), ["interrupted", "crashed"]);
    assertEquals(readManifest(tasks()[0]).reason, "SIGINT");
    const said = await sweep("--status", "cut");
    assertEquals(said.code, 1);
    assertMatch(said.stdout, /cut: 1 interrupted, 1 crashed, of 2 tasks of spread/);
    assertMatch(said.stdout, /task 1 .*: crashed: its process ended without saying so/);

    const resumed = await sweep("--resume", "cut");
    assertEquals(resumed.code, 0, resumed.stderr);
    assert(readManifest(tasks()[0]).resumptions.length === 1 && readManifest(tasks()[0]).resumptions[0].step > 0);
    const logs = logsOf(folder("cut"));
    for (const [cell, [lr, depth]] of [["0.1", "1"], ["0.1", "2"], ["0.2", "1"], ["0.2", "2"]].entries()) {
      const args = [`--lr=${lr}`, `--depth=${depth}`, "--seed=0", "--replicas=4"];
      assertEquals(logs[`${cell}, seeds 0 1 2 3`], await alone(root, args), `cell ${cell}`);
    }
  }));

/** Runs a program as root may; false where this machine lets nobody. */
async function may(program: string, ...args: string[]): Promise<boolean> {
  return (await finished(program, args, "/").catch(() => ({ code: 1 }))).code === 0;
}

Deno.test("tasks that start in the same second lose nothing, two never share one; results on another, full file system", () =>
  inWorkspace(async ({ sweep }) => {
    await inFolder(async (elsewhere) => {
      const mounted = Deno.uid() === 0 && await may("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", elsewhere);
      using _unmount = {
        [Symbol.dispose]: () => void (mounted && new Deno.Command("umount", { args: [elsewhere] }).outputSync()),
      };
      const out = join(elsewhere, "scratch");
      const grid = [SPREAD, "--preset=smoke", "--seed=0..19", "--pack=2", `--out=${out}`, "--local=10"];
      const { code, stderr } = await sweep(...grid);
      assertEquals(code, 0, stderr);
      const all = standings(out, sweepOf(out));
      assertEquals([all.length, all.every(({ status }) => status === "complete")], [10, true]);
      assertEquals(Object.keys(logsOf(out)).length, 10);
      const [{ hash }] = sweepOf(out).tasks;
      Deno.removeSync(join(out, "tasks", hash), { recursive: true });
      const pair = await Promise.all([0, 1].map(() => sweep("--task=0", `--out=${out}`)));
      assertEquals(pair.map(({ code }) => code), [0, 0]);
      assertEquals(standings(out, sweepOf(out))[0].status, "complete");
      if (!mounted) return console.error("skipped: a full disk needs to be root, and mount");

      // A disk that is full before a task has written anything, and one that has room again.
      Deno.removeSync(join(out, "tasks", hash), { recursive: true });
      const filler = Deno.openSync(join(elsewhere, "filler"), { create: true, write: true });
      assertThrows(() => {
        for (const kilobyte = new Uint8Array(1024);;) filler.writeSync(kilobyte);
      });
      filler.close();
      const full = await sweep("--task=0", `--out=${out}`);
      assertEquals(full.code, 1);
      assertMatch(full.stderr, /^error: disk full: expected space to write, found none \(.*\)$/m);
      assert(standings(out, sweepOf(out)).slice(1).every(({ status }) => status === "complete"));
      Deno.removeSync(join(elsewhere, "filler"));
      const { code: freed, stderr: said } = await sweep("--task=0", `--out=${out}`);
      assertEquals(freed, 0, said);
      assertEquals(standings(out, sweepOf(out))[0].status, "complete");
    });
  }));

Deno.test("threads of the software driver share the cores", () => {
  assertEquals(threads(1, 8), {});
  assertEquals(threads(2, 8), { LP_NUM_THREADS: "4" });
  assertEquals(threads(8, 8), { LP_NUM_THREADS: "0" });
});
