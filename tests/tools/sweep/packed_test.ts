/** Cells of experiments on the GPU that train side by side leave the rows that each leaves alone. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { experiment as emergence } from "../../../experiments/icl_emergence.ts";
import { experiment as identifiability } from "../../../experiments/identifiability.ts";
import { experiment as linear } from "../../../experiments/linear_icl.ts";
import type { AnyExperiment } from "../../../lib/run/experiment.ts";
import { runExperiment } from "../../../lib/run/mod.ts";
import { cellFolder } from "../../../lib/run/split_cells.ts";
import { planSweep } from "../../../lib/tools/sweep/plan.ts";

/** Sweeps two seeds of two cells, all four replicas in one run, and each cell in a run of its own. */
async function assertPacked(experiment: AnyExperiment, common: readonly string[], values: Record<string, string[]>) {
  const fixed = Object.fromEntries(common.map((text) => text.split("=")).map(([key, value]) => [key, [value]]));
  const plan = planSweep(experiment, { preset: "smoke", values: { ...fixed, seed: ["5", "6"], ...values }, pack: 4 });
  const [{ arguments: args, cells }] = plan.tasks;
  assertEquals([plan.tasks.length, cells?.length], [1, 2]);
  const root = Deno.makeTempDirSync({ prefix: "packed" });
  try {
    const run = async (name: string, args: readonly string[], cells?: typeof plan.cells) => {
      const out = join(root, name);
      const { exitCode } = await runExperiment(experiment, [...args, "--quiet", `--out=${out}`], { origin: { cells } });
      assertEquals(exitCode, 0, name);
      return out;
    };
    const log = (folder: string) => Deno.readTextFileSync(join(folder, "log.ndjson"));
    const pack = await run("pack", args, cells);
    const logs = cells!.map((_, index) => log(join(pack, cellFolder(cells!, index))));
    assert(logs[0] !== logs[1]);
    for (const [index, { values }] of plan.cells.entries()) {
      const own = Object.entries(values).map(([key, value]) => `--${key}=${value}`);
      const fixed = common.map((text) => `--${text}`);
      const alone = await run(`alone-${index}`, ["--preset=smoke", ...fixed, ...own, "--seed=5", "--replicas=2"]);
      const [found, expected] = [logs[index], log(alone)].map((text) => text.trimEnd().split("\n"));
      assert(expected.filter((line) => line.includes('"kind":"measure"')).length > 20);
      assertEquals(found, expected, `cell ${index}`);
    }
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

const TWO_RATES = { lr: ["0.02", "0.01"] };

Deno.test("packed cells: linear_icl, of other rates", () =>
  assertPacked(linear, ["studies=main", "steps=30", "batch=32"], TWO_RATES));

Deno.test("packed cells: linear_icl, of random starts of other sizes, tasks from a pool of each seed", () =>
  assertPacked(linear, ["studies=main", "steps=40", "batch=33", "tasks=dense", "pool=3", "init=random"], {
    scale: ["0.1", "0.3"],
  }));

Deno.test("packed cells: icl_emergence, of other rates", () =>
  assertPacked(emergence, ["depths=1", "steps=16", "every=2", "batch=4", "evaluation-batch=8"], TWO_RATES));

Deno.test("packed cells: identifiability, of other rates", () =>
  assertPacked(
    identifiability,
    ["steps=10", "batch=16", "samples=256", "candidates=2", "other-classes=3", "other-dimensions=4"],
    TWO_RATES,
  ));
