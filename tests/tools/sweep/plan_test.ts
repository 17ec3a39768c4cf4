import { assertEquals, assertThrows } from "@std/assert";
import { gridOf, planSweep, sweepableOptions, textsOf } from "../../../lib/tools/sweep/plan.ts";
import { experimentNames, loadExperiment } from "../../../lib/tools/experiments.ts";
import { perReplicaOf } from "../../../lib/run/cells.ts";
import { taskName } from "../../../lib/tools/sweep/status.ts";
import type { AnyExperiment } from "../../../lib/run/experiment.ts";
import type { Option } from "../../../lib/run/option.ts";
import { experiment } from "./fixtures/spread.ts";
import { experiment as decay } from "../../run/fixtures/decay.ts";

const seeds = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
const named = (values: Record<string, string[]>, pack = 64, of: AnyExperiment = experiment) => {
  const plan = planSweep(of, { values, pack });
  return plan.tasks.map((task) => taskName(plan, task));
};

Deno.test("seeds, and options that are per replica, share tasks up to --pack; what cannot is a task of its own", () => {
  assertEquals(named({ seed: seeds(0, 63), lr: ["0.1", "0.2"] }, 16).length, 8);
  assertEquals(
    named({ seed: seeds(0, 3), lr: ["0.1", "0.2"], depth: ["1", "2"] }, 8),
    [
      "depth=1, lr=0.1, seeds 0 … 3; depth=1, lr=0.2, seeds 0 … 3",
      "depth=2, lr=0.1, seeds 0 … 3; depth=2, lr=0.2, seeds 0 … 3",
    ].map((text) => text.replaceAll(/(depth=\d), (lr=[\d.]+)/g, "$2, $1")),
  );
  // Cells stay whole as long as they fit, and are cut into parts of like size where they do not.
  assertEquals(named({ seed: seeds(0, 3), lr: ["0.1", "0.2"] }, 7), ["lr=0.1, seeds 0 … 3", "lr=0.2, seeds 0 … 3"]);
  assertEquals(named({ seed: seeds(0, 9) }, 4), ["seeds 0 … 2", "seeds 3 … 6", "seeds 7 … 9"]);
});

Deno.test("every seed of every cell is computed once, and tasks have distinct hashes that numbering does not enter", () => {
  const values = { seed: seeds(3, 40), lr: ["0.1", "0.2", "0.3"], depth: ["1", "2"] };
  const plan = planSweep(experiment, { values, pack: 10 });
  const computed = plan.tasks.flatMap(({ parts }) =>
    parts.flatMap(({ cell, seeds }) => seeds.map((seed) => `${cell} ${seed}`))
  );
  assertEquals(computed.length, 6 * 38);
  assertEquals(new Set(computed).size, computed.length);
  assertEquals(new Set(plan.tasks.map(({ hash }) => hash)).size, plan.tasks.length);
  const fewer = planSweep(experiment, { values: { ...values, depth: ["2"] }, pack: 10 });
  assertEquals(fewer.tasks[0].hash === plan.tasks[0].hash, false);
  assertEquals(planSweep(experiment, { values, pack: 10 }), plan);
});

Deno.test("a plain run has the options of a run; cells name only what differs", () => {
  const { tasks: [alone] } = planSweep(experiment, {
    preset: "short",
    values: { seed: ["5", "6"], lr: ["0.3"] },
    pack: 8,
  });
  assertEquals(alone.arguments, ["--preset=short", "--lr=0.3", "--seed=5", "--replicas=2"]);
  assertEquals(alone.cells, undefined);
  const { tasks: [packed] } = planSweep(experiment, { values: { seed: ["5", "9"], lr: ["0.3", "0.4"] }, pack: 8 });
  assertEquals(packed.arguments, ["--lr=0.3", "--seed=5", "--replicas=4"]);
  assertEquals(packed.cells, [{ values: { lr: "0.3" }, seeds: [5, 9] }, { values: { lr: "0.4" }, seeds: [5, 9] }]);
});

Deno.test("without a declaration replicas have consecutive seeds; without an option --replicas every seed is a task", async () => {
  const { perReplica: _, ...undeclared } = experiment;
  assertEquals(named({ seed: ["1", "2", "7", "8"] }, 64, undeclared), ["seeds 1, 2", "seeds 7, 8"]);
  assertThrows(
    () => named({ seed: ["1", "2", "7"] }, 64, undeclared),
    Error,
    'expected --replicas to be an integer ≥ 2 and ≤ 64, found "1"',
  );
  assertEquals(named({ seed: ["1", "2"] }, 64, decay), ["seed 1", "seed 2"]);
  // Interventions of this experiment look at all seeds of a run.
  const emergence = await loadExperiment("icl_emergence");
  const rates = { seed: ["1", "2"], lr: ["0.001", "0.002"] };
  assertEquals(named(rates, 64, emergence).length, 2);
  assertEquals(named({ ...rates, interventions: ["false"] }, 64, emergence).length, 1);
});

Deno.test("what the experiments of this workspace declare per replica are options of theirs", async () => {
  for (const name of experimentNames()) {
    const one = await loadExperiment(name);
    const defaults = Object.fromEntries(
      Object.entries<Option<unknown>>(one.options).map(([key, { fallback }]) => [key, fallback]),
    );
    for (const key of perReplicaOf(one, defaults) ?? []) {
      assertEquals(Object.hasOwn(one.options, key), true, `${name}: ${key}`);
    }
  }
});

Deno.test("bad grids are refused in one line", () => {
  const known = sweepableOptions(experiment);
  const refuses = (act: () => unknown, text: string) => assertThrows(act, Error, text);
  refuses(() => textsOf("lr", known.lr, "0.1,-1"), 'expected --lr to be a number > 0, found "-1"');
  refuses(() => textsOf("lr", known.lr, "0.1,1e-1"), "expected distinct values of --lr, found 0.1 twice");
  refuses(() => textsOf("seed", known.seed, "9..3"), "expected a range that ascends in --seed, found 9..3");
  refuses(() => gridOf("{", known, "a.json"), "expected JSON in --grid=a.json, found other text");
  refuses(
    () => gridOf('{"rate": [1]}', known, "a.json"),
    "expected options of the experiment in --grid=a.json, found rate",
  );
  refuses(() => gridOf('{"lr": 1}', known, "a.json"), "expected a list of values of lr in --grid=a.json, found 1");
  refuses(() => gridOf('{"lr": [0]}', known, "a.json"), 'expected --lr to be a number > 0, found "0"');
  refuses(() => named({ seed: seeds(0, 3), replicas: ["2"] }), "found --replicas too");
  assertEquals(gridOf('{"seed": "0..2", "lr": [0.1, 0.5]}', known, "a.json"), {
    seed: ["0", "1", "2"],
    lr: ["0.1", "0.5"],
  });
});

Deno.test("without seeds a sweep has those of a plain run; lists have one value on the command line and several in a file", () => {
  assertEquals(planSweep(experiment, { preset: "short", values: {}, pack: 64 }).cells, [{
    values: {},
    seeds: [1, 2, 3, 4],
  }]);
  const { spectrum } = decay.options;
  assertEquals(textsOf("spectrum", spectrum, "1,2"), ["1,2"]);
  assertEquals(gridOf('{"spectrum": [[1, 2], [3]]}', { spectrum }, "a.json"), { spectrum: ["1,2", "3"] });
});
