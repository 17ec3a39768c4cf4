/** Every claim's verdict on measurements for which it is known. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { claims } from "../../../experiments/grokking/claims.ts";
import {
  branchName,
  coefficientSteps,
  conditionsOf,
  INTERVENTIONS,
  options,
  presets,
  type Setting,
  STUDIED,
} from "../../../experiments/grokking/setting.ts";
import { judgeClaims, type Verdict } from "../../../lib/claims/mod.ts";
import { parseCommandLine } from "../../../lib/run/command_line.ts";
import { Measurements } from "../../../lib/study/mod.ts";

// Twelve replicas of everything: as many as it takes to say that something holds in all.
const asked = ["--replicas=12", "--control-replicas=12", "--branch-at=50,100,150", "--branch-steps=800"];
const setting: Setting = parseCommandLine(["--preset=cpu", ...asked], options, presets).configuration;
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
function told(changes: Partial<Story> = {}): Measurements {
  const story = { ...grokking, ...changes };
  const measured = new Measurements();
  const conditions = conditionsOf(setting, 1);
  const late = (replica: number) => 1 + 0.01 * (replica % 4);
  const step = (at: number, now: number, before: number, after: number) => now >= at ? after : before;
  /** Adds the numbers of every replica of a series at a step. */
  const add = (series: string, now: number, of: (replica: number) => Record<string, number>, index?: number) => {
    for (let replica = 0; replica < 12; replica++) {
      for (const [quantity, value] of Object.entries(of(replica))) {
        measured.add({ series, step: now, quantity, replica, value, ...(index !== undefined && { index }) });
      }
    }
  };
  for (const now of steps) {
    for (const condition of conditions.names) {
      const time = condition === "main" ? story.generalised : story.conditions[condition] ?? Infinity;
      add(condition, now, (r) => ({
        "test loss": step(story.testHalf * late(r), now, 2 * half, 0),
        "train accuracy": step(story.memorised * late(r), now, 0, 1),
        "test accuracy": step(time * late(r), now, story.ceiling, 1),
        "squared norm": step(story.generalised * 0.9 * late(r), now, 100, 100 * story.normRatio),
      }));
    }
    add("main", now, (r) => ({
      "restricted loss": step(story.circuit * late(r), now, 2 * half, 0),
      "excluded loss": step(story.generalised, now, 1, 1 + story.excluded * late(r)),
      "gini embedding": step(500, now, 0.1, 0.1 + story.gini * late(r)),
      "explained": story.explained + 0.001 * r,
      "effective rank OV": step(500, now, 8, 8 * story.rankRatio * late(r)),
      "distance OV": step(story.subspace * late(r), now, 0.8, 0),
    }));
  }
  for (const k of [1, 2]) {
    add("main", 1000, (r) => ({ "neurons at a key frequency": story.neurons / 2 + 0.001 * r }), k);
  }
  setting["branch-at"].forEach((from, place) => {
    const times = [story.early, story.branches, story.late][place] ?? story.branches;
    for (const name of INTERVENTIONS) {
      for (const now of steps.filter((now) => now >= from && now <= from + 800)) {
        const accuracy = (r: number) => step((times[name] ?? Infinity) * late(r), now, 0.1, 1);
        add(branchName(name, from), now, (r) => ({ "test accuracy": accuracy(r) }));
      }
    }
  });
  for (const now of coefficientSteps(setting)) {
    const [before, top, after, fall] = story.coefficients;
    for (const condition of STUDIED) {
      const own = condition === "main"
        ? now < story.memorised ? before : now < fall ? top : after
        : now < 900
        ? top
        : top * story.kept;
      add(condition, now, (r) => ({ "learning coefficient": own * late(r), "learning coefficient, warnings": 0 }));
    }
  }
  return measured;
}

const verdicts = (measured: Measurements) =>
  Object.fromEntries(judgeClaims(claims(setting), measured).map(({ id, verdict }) => [id, verdict]));

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

Deno.test("every claim can fail", () => {
  for (const [id, changes] of Object.entries(failing)) assertEquals(verdicts(told(changes))[id], "not reproduced", id);
});

Deno.test("replicas that never generalise leave claims about times undecided, and measure nothing", () => {
  const judged = judgeClaims(claims(setting), told({ generalised: Infinity, conditions: {}, branches: {} }));
  for (const id of ["delayed", "norm-falls", "freeze-speeds", "redraw-specific"]) {
    const { verdict, measured, low } = judged.find((claim) => claim.id === id)!;
    assertEquals([verdict, measured, low], ["inconclusive", null, null], id);
  }
});

Deno.test("what a source predicts is said, thresholds are not", () => {
  const predicted = judgeClaims(claims(setting), told()).filter((claim) => claim.predicted !== null);
  assertEquals(Object.fromEntries(predicted.map(({ id, predicted }) => [id, predicted])), {
    "delayed": 10,
    "sparse-logits": 0.95,
    "neurons": 433 / 512,
    "ov-with-test": 1,
  });
});

Deno.test("claims about controls and interventions are made only where there are some", () => {
  const idsOf = (changes: Partial<Setting>) => claims({ ...setting, ...changes }).map(({ id }) => id);
  const without = idsOf({ "control-replicas": 0, "branch-steps": 0, coefficients: 0 });
  assertEquals(without.filter((id) => /decay|fraction|data|labels|freeze|redraw|coefficient/.test(id)), []);
  assertEquals(idsOf({ decays: [0.3] }).filter((id) => id.includes("no-decay")), []);
  assertEquals(idsOf({}).filter((id) => id.startsWith("freeze-speeds")), [
    "freeze-speeds",
    "freeze-speeds-at-50",
    "freeze-speeds-at-150",
  ]);
});

Deno.test("learning coefficients are estimated at reports, evenly in the logarithm, the last one included", () => {
  const found = coefficientSteps(setting);
  assertEquals([found.length, found.at(-1)], [10, 1000]);
  found.slice(1).forEach((step, index) => assertAlmostEquals(step / found[index], 50 ** (1 / 9), 0.25));
  assertEquals(coefficientSteps({ ...setting, coefficients: 1 }), [1000]);
  assertEquals(coefficientSteps({ ...setting, coefficients: 0 }), []);
});

Deno.test("conditions: the main replicas first, each control with the first of their seeds and one change", () => {
  const { replicas, names } = conditionsOf({ ...setting, replicas: 3, "control-replicas": 2 }, 7);
  assertEquals(names, [
    "main",
    "weight decay 0",
    "weight decay 0.3",
    "weight decay 2",
    "fraction 0.3",
    "fraction 0.6",
    "random labels",
  ]);
  assertEquals(replicas.map(({ seed }) => seed), [7, 8, 9, ...new Array(6).fill([7, 8]).flat()]);
  const [main] = replicas;
  for (const { fraction, weightDecay, labels } of replicas.slice(3)) {
    const changes = [fraction !== main.fraction, weightDecay !== main.weightDecay, labels !== main.labels];
    assert(changes.filter(Boolean).length === 1);
  }
});
