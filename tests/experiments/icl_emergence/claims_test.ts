/** Every claim's verdict on measurements for which it is known, and which claims a setting is judged by. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { claims } from "../../../experiments/icl_emergence/claims.ts";
import { figures } from "../../../experiments/icl_emergence/figures.ts";
import { delaysOf, isSettled } from "../../../experiments/icl_emergence/interventions.ts";
import { finalScores, learnedLevel, windowsOf } from "../../../experiments/icl_emergence/windows.ts";
import { judgeClaims, type Verdict } from "../../../lib/claims/mod.ts";
import type { Measurements } from "../../../lib/study/mod.ts";
import { everywhere, measuredOf, MIDDLE, type Parts, setting, settingOf } from "./synthetic.ts";

const late = (extra: number) => (replica: number) => extra + (replica % 2);
const none = () => null;
const half = (replica: number) => replica < 6 ? everywhere(replica) : null;
const [inside, outside] = [() => MIDDLE, () => 200];
const transition = everywhere;

const early: Partial<Record<Verdict, Parts>> = {
  "reproduced": {},
  "not reproduced": { deep: { transition, subspace: 900 } },
  "inconclusive": { deep: { transition: none } },
};
const cases: Record<string, Partial<Record<Verdict, Parts>>> = {
  "transition": { "reproduced": {}, "not reproduced": { deep: { transition: half } } },
  "one-layer-none": { "reproduced": {}, "not reproduced": { one: { transition: half } } },
  "previous-token-first": {
    "reproduced": {},
    "not reproduced": { deep: { transition, previous: 900 } },
    "inconclusive": { deep: { transition, previous: MIDDLE } },
  },
  "induction-in-window": {
    "reproduced": {},
    "not reproduced": { deep: { transition, prefix: 300 } },
    "inconclusive": { deep: { transition: none } },
  },
  "qk-dip-in-window": {
    "reproduced": { deep: { transition, dip: inside } },
    "not reproduced": { deep: { transition, dip: outside } },
    "inconclusive": { deep: { transition: none, dip: inside } },
  },
  "dip-absent-one-layer": {
    "reproduced": { one: { dip: outside } },
    "not reproduced": { one: { dip: inside } },
    "inconclusive": { deep: { transition: none } },
  },
  "dip-absent-control": {
    "reproduced": { control: { dip: none } },
    "not reproduced": { control: { dip: inside } },
  },
  "subspace-early": early,
  "qk-mean-angle-early": early,
  "ov-distance-early": early,
  "ov-mean-angle-early": early,
  "subspace-before-magnitude": {
    "reproduced": {},
    "not reproduced": { deep: { transition, subspace: 600, magnitude: 300 } },
    "inconclusive": { deep: { transition, subspace: 600, magnitude: 600 } },
  },
  "norm-curvature-in-window": {
    "reproduced": { deep: { transition, bend: MIDDLE } },
    "not reproduced": { deep: { transition, bend: 1200 } },
    "inconclusive": { deep: { transition: none } },
  },
  "autocorrelation-in-window": {
    "reproduced": { deep: { transition, bend: MIDDLE } },
    "not reproduced": { deep: { transition, bend: 1200 } },
  },
  "control-none": { "reproduced": {}, "not reproduced": { control: { transition } } },
  "score-beyond-control": {
    "reproduced": { control: { transition: none } },
    "not reproduced": { control: { transition }, deep: { transition: none } },
    "inconclusive": { deep: { transition: (replica) => replica === 0 ? MIDDLE : null }, control: { transition: none } },
  },
  "freezing-delays-at-0.5": {
    "reproduced": { earlyDelays: [late(300), late(20), late(0), late(0)] },
    "not reproduced": { delays: [late(300), late(20), late(0), late(0)] },
  },
  "rerandomising-delays-at-0.5": {
    "reproduced": { earlyDelays: [late(0), late(0), late(300), late(20)] },
    "not reproduced": { delays: [late(0), late(0), late(300), late(20)] },
  },
  "freezing-delays": {
    "reproduced": { delays: [late(300), late(20), late(0), late(0)] },
    "not reproduced": { delays: [late(20), late(20), late(0), late(0)] },
    "inconclusive": { deep: { transition: none } },
  },
  "rerandomising-delays": {
    "reproduced": { delays: [late(0), late(0), late(300), late(20)] },
    "not reproduced": { delays: [late(300), late(0), late(20), late(20)] },
  },
};

const ofText = { ...setting, task: "text" } as const;
const all = [...claims(setting), ...claims(ofText).filter(({ id }) => id === "score-beyond-control")];

/** Several claims are judged on the same measurements. */
const made = new Map<string, Measurements>();
const numbers = new Map<unknown, number>();
const measured = (parts: Parts) => {
  const numbered = (of: unknown) => typeof of === "function" ? numbers.getOrInsert(of, numbers.size) : of;
  const key = JSON.stringify(parts, (_, value) => numbered(value));
  return made.getOrInsertComputed(key, () => measuredOf(parts));
};

Deno.test("every claim has measurements on which it is reproduced and measurements on which it is not", () => {
  assertEquals(Object.keys(cases).sort(), all.map(({ id }) => id).sort());
  for (const verdicts of Object.values(cases)) assert(verdicts["reproduced"] && verdicts["not reproduced"]);
});

for (const claim of all) {
  for (const [verdict, parts] of Object.entries(cases[claim.id] ?? {})) {
    Deno.test(`${claim.id}: ${verdict} where it must be`, () => {
      const [judged] = judgeClaims([claim], measured(parts));
      assertEquals(judged.verdict, verdict, JSON.stringify(judged));
      const { low, measured: centre, high } = judged;
      assert(centre === null || (low! <= centre && centre <= high!), JSON.stringify(judged));
    });
  }
}

Deno.test("windows lie where the score falls; what is learned ends below half way between exact predictors", () => {
  const all = measured({ deep: { transition: half } });
  assertEquals(learnedLevel(all, setting), -2);
  windowsOf(all, setting, "depth-2").forEach((window, replica) => {
    assertEquals(window !== null, replica < 6);
    if (window) assertEquals([window.start, window.end, window.explained > 0.9], [650, 750, true]);
  });
  assertEquals(new Set(windowsOf(all, setting, "control")), new Set([null]));
});

Deno.test("what counts as learned of a text is what a further seed of the control would not reach", () => {
  // Scores end between −0.15 and −0.2: the same in every seed, so that the interval has no width.
  const limit = learnedLevel(measured({}), ofText);
  assert(limit < -0.15 && limit > -0.2, `${limit}`);
  const wide = measured({ control: { transition: (replica) => replica === 0 ? MIDDLE : null } });
  const scores = finalScores(wide, "control");
  const mean = scores.reduce((a, b) => a + b) / 12;
  const deviation = Math.sqrt(scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / 11);
  // t of 11 degrees of freedom at 0.975 is 2.20099.
  assertAlmostEquals(learnedLevel(wide, ofText), mean - 2.20099 * deviation * Math.sqrt(1 + 1 / 12), 1e-4);
});

Deno.test("delays are those made, and a transition that never comes counts to the last step", () => {
  const all = measured({ delays: [late(300), late(0), late(5000), late(0)] });
  // The fall before the window moves the level by a step or so.
  for (const { steps } of delaysOf(all, setting, "freeze top", 1)) assertAlmostEquals(steps, 300, 3);
  const [first] = delaysOf(all, setting, "re-randomise top", 1);
  assertEquals([first.censored, Math.abs(first.steps - (setting.steps - everywhere(0)!)) < 10], [true, true]);
});

Deno.test("interventions are followed until eight reports after the last transition; to the end where one never comes", () => {
  const delayed = measured({ delays: [late(100), late(0), late(0), late(0)] });
  // Transitions of the last seeds are half way between 805 and 806: the report at 850 is the first beyond.
  assertEquals([1200, 1250].map((step) => isSettled(delayed, setting, 1, step)), [false, true]);
  const never = measured({ delays: [late(5000), late(0), late(0), late(0)] });
  assertEquals(isSettled(never, setting, 1, setting.steps), false);
  assertEquals(isSettled(measured({ deep: { transition: none } }), setting, 1, setting.steps), false);
});

Deno.test("a setting is judged by the claims that it has ensembles for", () => {
  const ids = (...args: string[]) => claims(settingOf(...args)).map(({ id }) => id);
  const without = (...args: string[]) => ids().filter((id) => !ids(...args).includes(id));
  assertEquals(ids("--depths=1"), ["one-layer-none"]);
  assertEquals(ids("--depths=3"), [
    "transition",
    "qk-dip-in-window",
    "norm-curvature-in-window",
    "autocorrelation-in-window",
  ]);
  assertEquals(without("--no-control", "--intervene-at=1"), [
    "control-none",
    "dip-absent-control",
    "freezing-delays-at-0.5",
    "rerandomising-delays-at-0.5",
  ]);
  assertEquals(without("--task=text", "--text=x", "--intervene-at=0.5"), [
    "control-none",
    "freezing-delays",
    "rerandomising-delays",
  ]);
});

Deno.test("figures are those that a setting has ensembles for; delays need two windows", () => {
  const drawn = (of: Measurements, ...args: string[]) =>
    Object.entries(figures(of, { ...setting, ...settingOf("--replicas=12", "--every=50", ...args) }))
      .filter(([, spec]) => spec !== null).map(([name]) => name);
  const whole = ["score", "late_loss", "qk_rank", "heads", "order", "angles", "curvature", "interventions", "delays"];
  assertEquals(drawn(measured({}), "--depths=1,2,3"), whole);
  assertEquals(drawn(measured({ deep: { transition: none } }), "--depths=1,2,3"), whole.slice(0, -1));
  assertEquals(drawn(measured({}), "--depths=2", "--no-interventions", "--no-control"), whole.slice(0, -2));
  assertEquals(drawn(measured({}), "--depths=1,3"), whole.slice(0, 3));
});
