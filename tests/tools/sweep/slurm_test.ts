import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { readManifest } from "../../../lib/run/manifest.ts";
import { runExperiment } from "../../../lib/run/mod.ts";
import { arrayText, batchScript, splitOptions } from "../../../lib/tools/sweep/slurm.ts";
import { standings } from "../../../lib/tools/sweep/status.ts";
import { finished } from "../../run/subprocess.ts";
import { experiment } from "./fixtures/spread.ts";
import { inWorkspace, logsOf, SPREAD, sweepOf } from "./workspace.ts";

const submission = {
  folder: "/data/my sweeps/rates",
  tasks: [0, 1, 2, 5],
  of: 6,
  experiment: "linear_icl",
  options: `--partition=gpu --gres=gpu:1 -A "my group"`,
  parallel: 2,
};

Deno.test("submit.sh has what its user asked for once, and quotes what a shell would split", () => {
  const script = batchScript(submission);
  for (
    const line of [
      "#SBATCH --array=0-2,5%2",
      '#SBATCH --output="/data/my sweeps/rates/logs/%a.log"',
      "#SBATCH --open-mode=append",
      "#SBATCH --requeue",
      "#SBATCH --signal=TERM@120",
      "#SBATCH --partition=gpu",
      '#SBATCH -A "my group"',
      "  --out='/data/my sweeps/rates'",
    ]
  ) assertEquals(script.split("\n").filter((one) => one === line).length, 1, line);
  assertEquals(splitOptions(`--a=b 'c d'  "e"`), ["--a=b", "c d", "e"]);
  assertEquals(arrayText([3]), "3");
  const refuses = (options: string, text: string) =>
    assertThrows(() => batchScript({ ...submission, options }), Error, text);
  refuses("--array=1-3", "expected --slurm without --array, which submit.sh sets itself, found --array=1-3");
  refuses("gpu", "expected options of sbatch in --slurm");
  refuses("--comment='a", "expected --slurm with closed quotes");
});

const DAEMONS = fromFileUrl(new URL("./slurm/", import.meta.url));
const has = async (program: string) => (await finished("/bin/sh", ["-c", `command -v ${program}`], "/")).code === 0;

/** Why there is no Slurm to test with; undefined where there is. Packages are installed where a machine is for tests alone. */
async function lacking(): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "needs Linux, and to be root";
  const installed = async () =>
    await has("slurmctld") && await has("slurmd") && await has("munged") && await has("sbatch");
  if (await installed()) return;
  if (Deno.env.get("CI") === undefined || !await has("apt-get")) return "needs Debian's packages slurm-wlm and munge";
  const install = "apt-get -qq update && apt-get -qq install -y --no-install-recommends slurm-wlm munge";
  const { code, stderr } = await finished("/bin/sh", ["-c", install], "/", { DEBIAN_FRONTEND: "noninteractive" });
  return code === 0 && await installed()
    ? undefined
    : `could not install slurm-wlm and munge: ${stderr.trim().split("\n").at(-1)}`;
}
const reason = await lacking();
if (reason !== undefined) console.error(`skipped: the test on Slurm ${reason}`);

Deno.test({
  name: "on Slurm a task told to end goes on by itself, killed ones by --resume, across a restart, with the same bits",
  ignore: reason !== undefined,
  fn: () =>
    inWorkspace(async ({ root, sweep, folder }) => {
      const [slurm, deadline] = [join(root, "slurm"), Date.now() + 110_000];
      const env = { SLURM_CONF: join(slurm, "slurm.conf") };
      Deno.env.set("SLURM_CONF", env.SLURM_CONF);
      const daemons = async (script: string, ...more: string[]) => {
        // Daemons keep what they are given open: no pipe of theirs is waited for.
        const args = ["-c", `"$@" </dev/null >"${root}/said" 2>&1`, "sh", join(DAEMONS, script), slurm, ...more];
        const { code } = await new Deno.Command("/bin/sh", { args, stdin: "null", stdout: "null", stderr: "null" })
          .output();
        assertEquals(code, 0, Deno.readTextFileSync(join(root, "said")));
      };
      const slurmSays = async (program: string, ...args: string[]) =>
        (await finished("timeout", ["20", program, ...args], root, env)).stdout.trim();
      const until = async (what: string, holds: () => boolean | Promise<boolean>) => {
        while (!await holds()) {
          assert(Date.now() < deadline, `expected ${what} within the time of the test`);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      };
      const all = () => standings(folder("cluster"), sweepOf(folder("cluster")));
      const statuses = () => all().map(({ status }) => status);
      const lines = (index: number) => {
        try {
          const { hash } = sweepOf(folder("cluster")).tasks[index];
          return Deno.readTextFileSync(join(folder("cluster"), "tasks", hash, "log.ndjson")).split("\n").length;
        } catch {
          return 0;
        }
      };
      try {
        await daemons("up.sh");
        const grid = ["--seed=0..15", "--lr=0.1,0.2,0.3", "--steps=300", "--pauseMs=30", "--pack=16", "--name=cluster"];
        const { code, stderr, stdout } = await sweep(SPREAD, ...grid, "--slurm=--ntasks=1");
        assertEquals(code, 0, stderr);
        const job = /submitted job (\d+)/.exec(stdout)?.[1];
        assert(job !== undefined, stdout);
        await until("three running tasks with checkpoints", () => [0, 1, 2].every((index) => lines(index) > 16 * 20));

        const pid = (index: number) => all()[index].manifest!.pid;
        const third = await slurmSays("squeue", "--noheader", "--array", "--format=%A", `--jobs=${job}_2`);
        await slurmSays("scancel", "--signal=TERM", `${job}_0`);
        Deno.kill(pid(1), "SIGKILL");
        await daemons("down.sh");
        await daemons("up.sh", "again");
        await until("the first task to end with a checkpoint", () => statuses()[0] !== "running");
        await slurmSays("scontrol", "requeue", third);
        await until("the third to be taken out", () => statuses()[2] !== "running");
        assertEquals(
          statuses().map((status, index) => index === 1 ? status : status === "complete" ? "complete" : "ended"),
          ["ended", "crashed", "ended"],
        );
        assertStringIncludes((await sweep("--status", "cluster")).stdout, "task 1");

        // Slurm waits for two minutes before it starts such a job again, unless it is told not to.
        await until("the first task to be queued again", async () => {
          await slurmSays("scontrol", "update", `JobId=${job}_0`, "StartTime=now");
          return ["running", "complete"].includes(statuses()[0]);
        });
        assert(
          (readManifest(join(folder("cluster"), "tasks", sweepOf(folder("cluster")).tasks[0].hash)).resumptions[0]
            ?.step ?? 0) > 0,
        );
        const resumed = await sweep("--resume", "cluster");
        assertEquals(resumed.code, 0, resumed.stderr);
        await until("all tasks to be complete", async () => {
          await slurmSays("scontrol", "update", `JobId=${third}`, "StartTime=now");
          return statuses().every((status) => status === "complete");
        });
        const logs = logsOf(folder("cluster"));
        for (const [cell, lr] of ["0.1", "0.2", "0.3"].entries()) {
          const out = join(root, `alone-${lr}`);
          await runExperiment(experiment, [
            `--lr=${lr}`,
            "--seed=0",
            "--steps=300",
            "--replicas=16",
            "--quiet",
            `--out=${out}`,
          ]);
          const seeds = Array.from({ length: 16 }, (_, seed) => seed).join(" ");
          assertEquals(logs[`${cell}, seeds ${seeds}`], Deno.readTextFileSync(join(out, "log.ndjson")), lr);
        }
      } finally {
        await slurmSays("scancel", "--user=root");
        await daemons("down.sh");
        Deno.env.delete("SLURM_CONF");
      }
    }),
});
