/** Every claim's verdict on evidence for which it is known, and which claims a setting is judged by. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { claims } from "../../../experiments/icl_emergence/claims.ts";
import { controlLimit, type Evidence, learnedLevel } from "../../../experiments/icl_emergence/evidence.ts";
import { delays } from "../../../experiments/icl_emergence/intervention_claims.ts";
import { scoreCurve } from "../../../experiments/icl_emergence/series.ts";
import { judgeClaims, type Verdict } from "../../../lib/claims/mod.ts";
import { everywhere, evidenceOf, MIDDLE, setting, settingOf, synthetic } from "./synthetic.ts";

const late = (extra: number) => (replica: number) => extra + (replica % 2);
const none = () => null;
const half = (replica: number) => replica < 2 ? everywhere(replica) : null;
const inside = () => MIDDLE;
const outside = () => 200;
const transition = everywhere;

const cases: Record<string, Partial<Record<Verdict, () => Evidence>>> = {
  "transition": {
    "reproduced": () => evidenceOf({}),
    "not reproduced": () => evidenceOf({ deep: { transition: half } }),
  },
  "one-layer-none": {
    "reproduced": () => evidenceOf({}),
    "not reproduced": () => evidenceOf({ one: { transition: half } }),
  },
  "previous-token-first": {
    "reproduced": () => evidenceOf({}),
    "not reproduced": () => evidenceOf({ deep: { transition, previous: 900 } }),
    "inconclusive": () => evidenceOf({ deep: { transition, previous: MIDDLE } }),
  },
  "induction-in-window": {
    "reproduced": () => evidenceOf({}),
    "not reproduced": () => evidenceOf({ deep: { transition, prefix: 300 } }),
    "inconclusive": () => evidenceOf({ deep: { transition: none } }),
  },
  "qk-dip-in-window": {
    "reproduced": () => evidenceOf({ deep: { transition, dip: inside } }),
    "not reproduced": () => evidenceOf({ deep: { transition, dip: outside } }),
    "inconclusive": () => evidenceOf({ deep: { transition: none, dip: inside } }),
  },
  "dip-absent-one-layer": {
    "reproduced": () => evidenceOf({ one: { dip: outside } }),
    "not reproduced": () => evidenceOf({ one: { dip: inside } }),
    "inconclusive": () => evidenceOf({ deep: { transition: none } }),
  },
  "dip-absent-control": {
    "reproduced": () => evidenceOf({ control: { dip: none } }),
    "not reproduced": () => evidenceOf({ control: { dip: inside } }),
  },
  "subspace-early": {
    "reproduced": () => evidenceOf({}),
    "not reproduced": () => evidenceOf({ deep: { transition, subspace: 900 } }),
    "inconclusive": () => evidenceOf({ deep: { transition: none } }),
  },
  "qk-mean-angle-early": {
    "reproduced": () => evidenceOf({}),
    "not reproduced": () => evidenceOf({ deep: { transition, subspace: 900 } }),
  },
  "ov-distance-early": {
    "reproduced": () => evidenceOf({}),
    "not reproduced": () => evidenceOf({ deep: { transition, subspace: 900 } }),
  },
  "ov-mean-angle-early": {
    "reproduced": () => evidenceOf({}),
    "not reproduced": () => evidenceOf({ deep: { transition, subspace: 900 } }),
  },
  "subspace-before-magnitude": {
    "reproduced": () => evidenceOf({}),
    "not reproduced": () => evidenceOf({ deep: { transition, subspace: 600, magnitude: 300 } }),
    "inconclusive": () => evidenceOf({ deep: { transition, subspace: 600, magnitude: 600 } }),
  },
  "norm-curvature-in-window": {
    "reproduced": () => evidenceOf({ deep: { transition, bend: MIDDLE } }),
    "not reproduced": () => evidenceOf({ deep: { transition, bend: 1200 } }),
    "inconclusive": () => evidenceOf({ deep: { transition: none } }),
  },
  "autocorrelation-in-window": {
    "reproduced": () => evidenceOf({ deep: { transition, bend: MIDDLE - 30 } }),
    "not reproduced": () => evidenceOf({ deep: { transition, bend: 1200 } }),
  },
  "control-none": {
    "reproduced": () => evidenceOf({}),
    "not reproduced": () => evidenceOf({ control: { transition } }),
  },
  "freezing-delays-at-0.5": {
    "reproduced": () => evidenceOf({ earlyDelays: [late(300), late(20), late(0), late(0)] }),
    "not reproduced": () => evidenceOf({ delays: [late(300), late(20), late(0), late(0)] }),
  },
  "rerandomising-delays-at-0.5": {
    "reproduced": () => evidenceOf({ earlyDelays: [late(0), late(0), late(300), late(20)] }),
    "not reproduced": () => evidenceOf({ delays: [late(0), late(0), late(300), late(20)] }),
  },
  "freezing-delays": {
    "reproduced": () => evidenceOf({ delays: [late(300), late(20), late(0), late(0)] }),
    "not reproduced": () => evidenceOf({ delays: [late(20), late(20), late(0), late(0)] }),
    "inconclusive": () => evidenceOf({ deep: { transition: none } }),
  },
  "rerandomising-delays": {
    "reproduced": () => evidenceOf({ delays: [late(0), late(0), late(300), late(20)] }),
    "not reproduced": () => evidenceOf({ delays: [late(300), late(0), late(20), late(20)] }),
  },
};

cases["score-beyond-control"] = {
  "reproduced": () => evidenceOf({ control: { transition: none } }),
  "not reproduced": () => evidenceOf({ control: { transition }, deep: { transition: none } }),
  "inconclusive": () => evidenceOf({ deep: { transition: half }, control: { transition: none } }),
};

const text = settingOf("--task=text", "--text=x");
const all = [...claims(setting), ...claims(text).filter(({ id }) => id === "score-beyond-control")];

Deno.test("every claim has evidence on which it is reproduced and evidence on which it is not", () => {
  assertEquals(Object.keys(cases).sort(), all.map(({ id }) => id).sort());
  for (const verdicts of Object.values(cases)) assert(verdicts["reproduced"] && verdicts["not reproduced"]);
});

for (const claim of all) {
  for (const [verdict, evidence] of Object.entries(cases[claim.id] ?? {})) {
    Deno.test(`${claim.id}: ${verdict} where it must be`, () => {
      const [judged] = judgeClaims([claim], evidence());
      assertEquals(judged.verdict, verdict, JSON.stringify(judged));
      assert(judged.low <= judged.measured && judged.measured <= judged.high, JSON.stringify(judged));
    });
  }
}

Deno.test("delays are those of the evidence, and a transition that never comes counts to the last step", () => {
  const evidence = evidenceOf({ delays: [late(300), late(0), late(5000), late(0)] });
  // The fall before the window moves the level by a step or so.
  const [, last] = evidence.interventions;
  for (const { steps } of delays(evidence, last, "freeze top")) assertAlmostEquals(steps, 300, 3);
  const [first] = delays(evidence, last, "re-randomise top");
  assertEquals([first.censored, Math.abs(first.steps - (setting.steps - everywhere(0))) < 10], [true, true]);
});

Deno.test("a setting is judged by the claims that it has ensembles for", () => {
  const ids = (...args: string[]) => claims(settingOf(...args)).map(({ id }) => id);
  const without = (...args: string[]) => claims(setting).map(({ id }) => id).filter((id) => !ids(...args).includes(id));
  assertEquals(ids("--depths=1"), ["one-layer-none"]);
  assertEquals(ids("--depths=3"), [
    "transition",
    "qk-dip-in-window",
    "norm-curvature-in-window",
    "autocorrelation-in-window",
  ]);
  assertEquals(without("--control=no", "--intervene-at=1"), [
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

Deno.test("what counts as learned: half way between exact predictors; of a text what a further control seed would not reach", () => {
  const evidence = evidenceOf({});
  assertEquals(learnedLevel(evidence), -2);
  // Scores end between −0.15 and −0.2: the same in every seed, so that the interval has no width.
  const limit = learnedLevel({ ...evidence, setting: text });
  assert(limit < -0.15 && limit > -0.2, `${limit}`);
  const wide = synthetic("control", 2, { transition: (replica) => replica === 0 ? MIDDLE : null });
  const last = [0, 1, 2, 3].map((replica) => scoreCurve(wide, replica).y.slice(-15).reduce((a, b) => a + b) / 15);
  const mean = last.reduce((a, b) => a + b) / 4;
  const deviation = Math.sqrt(last.reduce((sum, score) => sum + (score - mean) ** 2, 0) / 3);
  // t of 3 degrees of freedom at 0.975 is 3.18245.
  assertAlmostEquals(controlLimit(wide), mean - 3.18245 * deviation * Math.sqrt(1.25), 1e-4);
});
