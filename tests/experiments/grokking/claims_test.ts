/** Every claim's verdict on evidence for which it is known. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { claims } from "../../../experiments/grokking/claims.ts";
import { halfTime, steepestFall } from "../../../experiments/grokking/coefficient_claims.ts";
import type { Evidence } from "../../../experiments/grokking/evidence.ts";
import { INTERVENTIONS } from "../../../experiments/grokking/interventions.ts";
import { groupTable } from "../../../experiments/grokking/measures.ts";
import { cyclicGroup } from "../../../experiments/grokking/group.ts";
import { replicasOf } from "../../../experiments/grokking/replicas.ts";
import { coefficientSteps, options, presets, type Setting } from "../../../experiments/grokking/setting.ts";
import { MATRICES } from "../../../experiments/grokking/spectral.ts";
import { crossing } from "../../../experiments/grokking/times.ts";
import { judgeClaims, type Verdict } from "../../../lib/claims/mod.ts";
import { parseCommandLine } from "../../../lib/run/command_line.ts";

const setting: Setting = parseCommandLine(
  ["--preset=cpu", "--steps=1000", "--control-replicas=2", "--branch-at=50,100,150", "--branch-steps=800"],
  options,
  presets,
).configuration;
const replicas = replicasOf(setting, 1);
const steps = Array.from({ length: 101 }, (_, index) => 10 * index);
const half = Math.log(setting.modulus) / 2;

/** Times at which things happen, and values from then on; replicas differ by a hundredth. */
interface Story {
  readonly memorised: number;
  readonly generalised: number;
  readonly circuit: number;
  readonly testHalf: number;
  readonly subspace: number;
  /** Time of generalisation of each condition; never if it is not named. */
  readonly conditions: Readonly<Record<string, number>>;
  /** Highest test accuracy of those that never generalise. */
  readonly ceiling: number;
  readonly excluded: number;
  readonly normRatio: number;
  readonly explained: number;
  readonly neurons: number;
  readonly gini: number;
  readonly rankRatio: number;
  /** Time of generalisation under each intervention; under others from the first or last checkpoint, if they differ. */
  readonly branches: Readonly<Record<string, number>>;
  readonly early?: Readonly<Record<string, number>>;
  readonly late?: Readonly<Record<string, number>>;
  /** Learning coefficients of the main replicas before memorisation, from then on, and once they have fallen at a time. */
  readonly coefficients: readonly [before: number, top: number, after: number, fall: number];
  /** Learning coefficient of the controls at the end, as a share of what it was. */
  readonly kept: number;
}

const grokking: Story = {
  memorised: 100,
  generalised: 600,
  circuit: 300,
  testHalf: 500,
  subspace: 480,
  conditions: { "weight decay 0.3": 900, "weight decay 2": 300, "fraction 0.6": 150 },
  ceiling: 0.03,
  excluded: 2,
  normRatio: 0.6,
  explained: 0.95,
  neurons: 0.9,
  gini: 0.5,
  rankRatio: 0.6,
  branches: { "freeze final": 300, "freeze random": 800, "redraw final": 850, "redraw random": 610 },
  coefficients: [5, 100, 10, 500],
  kept: 0.8,
};

/** What the run would have measured. */
function told(changes: Partial<Story> = {}): Evidence {
  const story = { ...grokking, ...changes };
  const late = (replica: number) => 1 + 0.01 * (replica % 4);
  const step = (at: number, now: number, before: number, after: number) => now >= at ? after : before;
  const timeOf = (index: number) => {
    const { condition } = replicas[index];
    return (condition === "main" ? story.generalised : story.conditions[condition] ?? Infinity) * late(index);
  };
  const [S, each] = [setting.replicas, Object.fromEntries];
  const same = (value: number) =>
    each(MATRICES.map((name) => [name, value])) as Record<typeof MATRICES[number], number>;
  const p = setting.modulus;
  return {
    setting,
    replicas,
    snapshots: steps.map((now) => ({
      step: now,
      weights: [],
      points: replicas.map((_, index) => ({
        trainLoss: 0,
        testLoss: step(story.testHalf * late(index), now, 2 * half, 0),
        trainAccuracy: step(story.memorised * late(index), now, 0, 1),
        testAccuracy: step(timeOf(index), now, story.ceiling, 1),
        norm2: step(story.generalised * 0.9 * late(index), now, 100, 100 * story.normRatio),
      })),
    })),
    progress: {
      table: groupTable([], p, cyclicGroup(p, "add")),
      measured: steps.map((now) =>
        Array.from({ length: S }, (_, index) => ({
          restrictedLoss: step(story.circuit * late(index), now, 2 * half, 0),
          testRestrictedLoss: 0,
          excludedLoss: step(story.generalised, now, 1, 1 + story.excluded * late(index)),
          giniEmbedding: step(500, now, 0.1, 0.1 + story.gini * late(index)),
          giniLogits: 0,
          explained: story.explained + 0.001 * index,
          ranks: same(step(500, now, 8, 8 * story.rankRatio * late(index))),
          distances: same(step(story.subspace * late(index), now, 0.8, 0)),
          angles: same(0),
          embedding: [],
          logits: [],
        }))
      ),
      finals: Array.from({ length: S }, (_, index) => ({
        keys: [1, 2],
        neurons: [story.neurons / 2, story.neurons / 2 + 0.001 * index],
        subspaces: [],
        embedding: new Float32Array(0),
      })),
    },
    branches: setting["branch-at"].flatMap((from, place) =>
      INTERVENTIONS.filter((name) => name !== "none").flatMap((intervention) =>
        steps.filter((now) => now >= from && now <= from + 800).flatMap((now) =>
          Array.from({ length: S }, (_, replica) => ({
            from,
            step: now,
            intervention,
            replica,
            testLoss: 0,
            testAccuracy: step(
              (([story.early, story.branches, story.late][place] ?? story.branches)[intervention] ?? Infinity) *
                late(replica),
              now,
              0.1,
              1,
            ),
          }))
        )
      )
    ),
    coefficients: coefficientSteps(setting).flatMap((now) =>
      replicas.flatMap(({ condition }, replica) => {
        const [before, top, after, fall] = story.coefficients;
        const own = condition === "main"
          ? now < story.memorised ? before : now < fall ? top : after
          : now < 900
          ? top
          : top * story.kept;
        if (!["main", "weight decay 0", "random labels"].includes(condition)) return [];
        const coefficient = own * late(replica);
        const chains = { least: coefficient, most: coefficient, rHat: 1, warnings: "" };
        return [{ step: now, replica, coefficient, lossAtCentre: 0, ...chains }];
      })
    ),
  };
}

const verdicts = (evidence: Evidence) =>
  Object.fromEntries(judgeClaims(claims(setting), evidence).map(({ id, verdict }) => [id, verdict]));

const failing: Record<string, Partial<Story>> = {
  "delayed": { generalised: 150 },
  "phases": { circuit: 700 },
  "circuit-first": { circuit: 600 },
  "excluded-rises": { excluded: 0.1 },
  "norm-falls": { normRatio: 1.2 },
  "sparse-logits": { explained: 0.7 },
  "neurons": { neurons: 0.3 },
  "gini-rises": { gini: 0.05 },
  "ov-with-test": { subspace: 120 },
  "ov-with-circuit": { subspace: 120 },
  "rank-falls": { rankRatio: 1.1 },
  "no-decay": { ceiling: 0.7 },
  "decay-order": { conditions: { ...grokking.conditions, "weight decay 2": 800 } },
  "fraction-order": { conditions: { ...grokking.conditions, "fraction 0.3": 200 } },
  "much-data": { conditions: { ...grokking.conditions, "fraction 0.6": 400 } },
  "random-labels": { ceiling: 0.1 },
  "freeze-speeds": { branches: { ...grokking.branches, "freeze final": 800 } },
  "freeze-specific": { branches: { ...grokking.branches, "freeze random": 200 } },
  "redraw-delays": { branches: { ...grokking.branches, "redraw final": 400 } },
  "redraw-specific": { branches: { ...grokking.branches, "redraw random": 890 } },
  "freeze-speeds-at-50": { early: { ...grokking.branches, "freeze final": 800 } },
  "freeze-specific-at-50": { early: { ...grokking.branches, "freeze random": 200 } },
  "redraw-delays-at-50": { early: { ...grokking.branches, "redraw final": 400 } },
  "redraw-specific-at-50": { early: { ...grokking.branches, "redraw random": 800, "redraw final": 500 } },
  "freeze-speeds-at-150": { late: { ...grokking.branches, "freeze final": 800 } },
  "freeze-specific-at-150": { late: { ...grokking.branches, "freeze random": 200 } },
  "redraw-delays-at-150": { late: { ...grokking.branches, "redraw final": 400 } },
  "redraw-specific-at-150": { late: { ...grokking.branches, "redraw random": 890 } },
  "coefficient-rises": { coefficients: [80, 100, 10, 500] },
  "coefficient-falls": { coefficients: [5, 100, 90, 500] },
  "coefficient-in-cleanup": { coefficients: [5, 100, 10, 900] },
  "coefficient-with-test": { coefficients: [5, 100, 10, 200] },
  "coefficient-no-decay": { kept: 0.1 },
  "coefficient-random-labels": { kept: 0.1 },
};

Deno.test("textbook grokking reproduces every claim but the one that contradicts another", () => {
  const found = verdicts(told());
  assertEquals(Object.keys(found).sort(), Object.keys(failing).sort());
  for (const [id, verdict] of Object.entries(found)) {
    assertEquals(verdict, (id === "ov-with-circuit" ? "not reproduced" : "reproduced") as Verdict, id);
  }
  assertEquals(verdicts(told({ subspace: 310 }))["ov-with-circuit"], "reproduced");
});

for (const [id, changes] of Object.entries(failing)) {
  Deno.test(`${id} can fail`, () => assertEquals(verdicts(told(changes))[id], "not reproduced"));
}

Deno.test("replicas that never generalise leave claims about times undecided", () => {
  const found = verdicts(told({ generalised: Infinity, conditions: {}, branches: {} }));
  for (const id of ["delayed", "norm-falls", "freeze-speeds", "redraw-specific"]) {
    assertEquals(found[id], "inconclusive", id);
  }
});

Deno.test("claims about controls and interventions are made only where there are some", () => {
  const without = claims({ ...setting, "control-replicas": 0, "branch-steps": 0, coefficients: 0 }).map(({ id }) => id);
  assertEquals(without.filter((id) => /decay|fraction|data|labels|freeze|redraw|coefficient/.test(id)), []);
  const positive = claims({ ...setting, decays: [0.3] }).map(({ id }) => id);
  assertEquals(positive.filter((id) => id.includes("no-decay")), []);
  const ids = claims(setting).map(({ id }) => id).filter((id) => id.startsWith("freeze-speeds"));
  assertEquals(ids, ["freeze-speeds", "freeze-speeds-at-50", "freeze-speeds-at-150"]);
});

Deno.test("a crossing lies between reports, evenly in the logarithm of the step", () => {
  assertAlmostEquals(crossing([1, 100], [0, 1], 0.5, true)!, 10, 1e-9);
  assertAlmostEquals(crossing([0, 1, 100, 1000], [4, 4, 0, 9], 2, false)!, 10, 1e-9);
  assertEquals(crossing([5, 10], [1, 1], 0.5, true), 5);
  assertEquals(crossing([5, 10], [0, 0], 0.5, true), null);
});

Deno.test("learning coefficients: the time to half of the largest, and the largest fall", () => {
  const rows = [[10, 5], [100, 80], [1000, 60], [10_000, 20]].map(([step, coefficient]) => ({
    step,
    coefficient,
    replica: 0,
    least: 0,
    most: 0,
    lossAtCentre: 0,
    rHat: 1,
    warnings: "",
  }));
  assertAlmostEquals(halfTime(rows)!, 1000 * Math.sqrt(10), 1e-9);
  assertAlmostEquals(steepestFall(rows)!, 1000 * Math.sqrt(10), 1e-9);
  assertEquals([halfTime(rows.slice(0, 3)), steepestFall(rows.slice(0, 2))], [null, null]);
});

Deno.test("learning coefficients are estimated at reports, evenly in the logarithm, the last one included", () => {
  const found = coefficientSteps(setting);
  assertEquals([found.length, found.at(-1)], [10, 1000]);
  found.slice(1).forEach((step, index) => assertAlmostEquals(step / found[index], 50 ** (1 / 9), 0.25));
  assertEquals(coefficientSteps({ ...setting, coefficients: 1 }), [1000]);
  assertEquals(coefficientSteps({ ...setting, coefficients: 0 }), []);
});
