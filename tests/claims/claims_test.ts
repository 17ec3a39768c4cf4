import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  type Assessment,
  type Claim,
  claim,
  countVerdicts,
  expect,
  type Expectation,
  judgeClaims,
  within,
} from "../../lib/claims/mod.ts";
import { replicasToSettle, verdictOf } from "../../lib/claims/judgement.ts";
import { countsInWords } from "../../lib/claims/words.ts";
import { meanInterval, wilsonInterval } from "../../lib/statistics/mod.ts";

/** What an expectation says of values; fails where it says that they are too few. */
function assess<V>(expectation: Expectation<V>, values: V): Assessment {
  const found = expectation.assess(values);
  if ("unmeasured" in found) throw new Error(found.unmeasured);
  return found;
}

Deno.test("an interval inside the bounds reproduces, a disjoint one does not, an overlapping one says nothing", () => {
  const bounds = within(-2, 0.1);
  assertEquals(bounds, { from: -2.2, to: -1.8 });
  const verdict = (low: number, high: number, of: { from?: number; to?: number } = bounds) =>
    verdictOf({ low, high }, of);
  assertEquals(verdict(-2.2, -1.8), "reproduced");
  assertEquals(verdict(-2.3, -2.21), "not reproduced");
  assertEquals(verdict(-1.79, 0), "not reproduced");
  assertEquals(verdict(-2.3, -2), "inconclusive");
  assertEquals(verdict(-3, 0), "inconclusive");
  assertEquals(verdict(1, 99, { from: 1 }), "reproduced");
  assertEquals(verdict(1, 99, { to: 0 }), "not reproduced");
});

Deno.test("replicasToSettle: the first number at which the interval is settled, null where none is", () => {
  // An interval 1 ± 4/n lies above 0 from n = 4 on, and is all above 1 never.
  const at = (n: number) => ({ low: 1 - 4 / n, high: 1 + 4 / n });
  assertEquals(replicasToSettle(at, { from: 0 }, 2), 4);
  assertEquals(replicasToSettle(at, { from: 0 }, 6), 6);
  assertEquals(replicasToSettle(at, { from: 1 }, 2), null);
});

Deno.test("mean: the t-interval of the values against the bounds", () => {
  const { low, high } = meanInterval([1, 2, 3]);
  assertEquals(assess(expect.mean({ from: low, to: high }), [1, 2, 3]), {
    verdict: "reproduced",
    measured: 2,
    low,
    high,
    replicas: 3,
    replicasToSettle: null,
  });
  assertEquals(assess(expect.mean({ from: high + 1 }), [1, 2, 3]).verdict, "not reproduced");
  const open = assess(expect.mean({ from: 1 }), [1, 2, 3]);
  // 2 − t_{n−1} / √n ≥ 1: t_6 = 2.447 ≤ √7 = 2.646 and t_5 = 2.571 > √6 = 2.449.
  assertEquals([open.verdict, open.replicasToSettle], ["inconclusive", 7]);
  assertEquals(expect.mean({}).assess([1]), { unmeasured: "expected at least two replicas, found 1" });
  assertEquals(
    expect.mean({ from: 0.75, to: 4 / 3 }).criterion,
    "mean over replicas, 95 % interval within 0.75 … 1.33",
  );
});

Deno.test("ratio: the geometric mean, on a logarithmic scale", () => {
  const found = assess(expect.ratio({ from: 2 }), [4, 4, 4]);
  assertEquals([found.verdict, found.replicas], ["reproduced", 3]);
  assertAlmostEquals(found.measured!, 4, 1e-12);
  assertEquals(assess(expect.ratio({ from: 2 }), [1, 1]).verdict, "not reproduced");
  const open = assess(expect.ratio({ from: 1 }), [1, 4, 16]);
  // ln 4 (1 − t_{n−1} / √n) ≥ 0, as for the mean above.
  assertEquals([open.verdict, open.replicasToSettle], ["inconclusive", 7]);
  assertEquals(expect.ratio({ from: 2 }).criterion, "geometric mean over replicas, 95 % interval at least 2");
  assertEquals(expect.ratio({}).assess([2]), { unmeasured: "expected at least two replicas, found 1" });
});

Deno.test("share: two of two are too few to say that three quarters do, twelve of twelve are enough", () => {
  const most = expect.share({ atLeast: 0.75 });
  const of = (yes: number, no = 0) => assess(most, [...Array(yes).fill(true), ...Array(no).fill(false)]);
  assertEquals(of(2), { ...of(2), verdict: "inconclusive", measured: 1, replicas: 2, replicasToSettle: 12 });
  assertEquals([of(11).verdict, of(12).verdict], ["inconclusive", "reproduced"]);
  assertEquals(of(0, 12).verdict, "not reproduced");
  const { low, high } = wilsonInterval(0.5, 8);
  assertEquals([of(4, 4).low, of(4, 4).high], [low, high]);
  assertEquals(assess(expect.share({ atMost: 0.3 }), Array(12).fill(false)).verdict, "reproduced");
  assertEquals(most.assess([]), { unmeasured: "no replicas to judge by" });
  assertEquals(most.criterion, "share of replicas, 95 % interval (Wilson) at least 0.75");
  assertEquals(expect.share({ atMost: 0.3 }, "heads").criterion, "share of heads, 95 % interval (Wilson) at most 0.3");
});

Deno.test("every: a counterexample refutes, without one twelve replicas are needed", () => {
  const all = expect.every();
  const of = (yes: number, no = 0) => assess(all, [...Array(yes).fill(true), ...Array(no).fill(false)]);
  assertEquals([of(4).verdict, of(4).replicasToSettle], ["inconclusive", 12]);
  assertEquals([of(12).verdict, of(12).measured], ["reproduced", 1]);
  assertEquals([of(99, 1).verdict, of(99, 1).measured, of(99, 1).replicasToSettle], ["not reproduced", 0.99, null]);
  assertEquals(all.assess([]), { unmeasured: "no replicas to judge by" });
});

Deno.test("estimate: an interval of its own, which narrows with the root of the replicas", () => {
  const expectation = expect.estimate({ from: 1 }, "bootstrap interval");
  const of = (low: number, high: number) => assess(expectation, { centre: 2, low, high, replicas: 4 });
  assertEquals(of(1.5, 3).verdict, "reproduced");
  assertEquals(of(-1, 0.5).verdict, "not reproduced");
  // From 2 down to 0 with 4 replicas: down to 2 − 2 √(4/n) ≥ 1 from n = 16 on.
  assertEquals([of(0, 3).verdict, of(0, 3).replicasToSettle], ["inconclusive", 16]);
  assertEquals(expectation.criterion, "bootstrap interval at least 1");
});

Deno.test("each: reproduced if all groups are, not if any is not; numbers of the worst group, or means", () => {
  const near = expect.mean(within(1, 0.1));
  const worst = expect.each(near, { of: "mode", shown: "worst" });
  const good = [1, 1, 1];
  assertEquals(assess(worst, { a: good, b: [1.05, 1.05, 1.05] }), {
    ...assess(near, [1.05, 1.05, 1.05]),
    verdict: "reproduced",
    shown: "mode b",
  });
  const names = ["mode 2", "N = 50", "α′ = 0.4"].map((name, at) =>
    assess(expect.each(near, { of: ["mode", "context length", "share α′"][at], shown: "worst" }), { [name]: good })
      .shown
  );
  assertEquals(names, ["mode 2", "context length N = 50", "share α′ = 0.4"]);
  // ln 2 is as far as ln ½: the first is shown; 3 is farther.
  assertEquals(assess(worst, { a: [2, 2], b: [0.5, 0.5] }).measured, 2);
  assertEquals(assess(worst, { a: good, b: [2, 2], c: [3, 3] }).measured, 3);
  assertEquals(assess(worst, { a: good, b: [2, 2] }).verdict, "not reproduced");
  // A group far away on the allowed side does not hide the one that refutes the claim.
  const small = expect.each(expect.ratio({ to: 1 }), { of: "law", shown: "worst" });
  const hidden = assess(small, { a: [0.1, 0.1, 0.1], b: [1.3, 1.3, 1.3] });
  assertEquals([hidden.verdict, hidden.measured], ["not reproduced", 1.3]);
  const open = assess(worst, { a: good, b: [0.9, 1, 1.1] });
  // 0.1 t_{n−1} / √n ≤ 0.1, as for the mean above.
  assertEquals([open.verdict, open.replicasToSettle], ["inconclusive", 7]);
  const means = assess(expect.each(near, { of: "mode", shown: "mean" }), { a: good, b: [2, 2] });
  assertEquals(means, {
    verdict: "not reproduced",
    measured: 1.5,
    low: 1,
    high: 2,
    replicas: 2,
    replicasToSettle: null,
  });
  assertEquals(worst.assess({ a: [1], b: [1] }), { unmeasured: "expected at least two replicas, found 1" });
  assertEquals(worst.assess({}), { unmeasured: "no mode to judge by" });
  assertEquals(worst.criterion, `of every mode: ${near.criterion}`);
});

Deno.test("ordered: every step paired by seed; the measured value is the share of neighbours in order", () => {
  const falling = expect.ordered("falling", "depth");
  const found = assess(falling, { one: [3, 30], two: [2, 29], four: [1, 28] });
  assertEquals(found, { verdict: "reproduced", measured: 1, low: 1, high: 1, replicas: 2, replicasToSettle: null });
  const wrong = assess(falling, { one: [3, 3], two: [2, 2], four: [4, 4] });
  assertEquals([wrong.verdict, wrong.measured, wrong.low, wrong.high], ["not reproduced", 0.5, 0.5, 0.5]);
  assertEquals(assess(falling, { one: [1, 1], two: [1, 1] }).verdict, "not reproduced");
  // Differences 0, 1, 2: 1 − t_{n−1} / √n > 0 from n = 7 on.
  const open = assess(expect.ordered("rising", "depth"), { one: [0, 0, 0], two: [0, 1, 2] });
  assertEquals([open.verdict, open.measured, open.low, open.high, open.replicasToSettle], ["inconclusive", 1, 0, 1, 7]);
  assertEquals(falling.assess({ one: [1, 2] }), { unmeasured: "expected at least two of depth, found 1" });
  assert(falling.criterion.startsWith("mean falling with every depth; "));
});

Deno.test("moreThanChance: by p, or by an interval at or below chance", () => {
  const chance = expect.moreThanChance();
  const of = (p: number, perSeed: readonly number[], expected = 0.5) =>
    assess(chance, { share: perSeed.reduce((sum, x) => sum + x, 0) / perSeed.length, expected, p, perSeed });
  assertEquals(of(0.05, [0.9, 0.8]).verdict, "reproduced");
  assertEquals(of(0.06, [0.5, 0.5]).verdict, "not reproduced");
  assertEquals(of(0.9, [0.2, 0.2, 0.2]).verdict, "not reproduced");
  const open = of(0.2, [0.6, 0.7, 0.8]);
  assertEquals([open.verdict, open.replicas], ["inconclusive", 3]);
  // 0.7 − 0.1 t_{n−1} / √n ≥ 0.5: t_3 / √4 = 1.59.
  assertEquals(open.replicasToSettle, 4);
  assertEquals(of(0.2, [0.5]).replicasToSettle, null);
  assert(chance.criterion.includes("p at most 0.05"));
});

const claims: Claim<readonly number[]>[] = [
  claim({
    id: "rate",
    statement: "x shrinks.",
    source: "eq. 1",
    measure: "ratio",
    predicted: 1,
    expect: expect.mean(within(1, 0.01)),
    values: (values: readonly number[]) => ({ values }),
  }),
  claim({
    id: "plateau",
    statement: "The loss stays.",
    source: "eq. 2",
    measure: "loss",
    expect: expect.mean({ from: 2 }),
    values: (values: readonly number[]) => ({
      values,
      predicted: 3,
      rivals: { "closed form": 0.123 },
      detail: "over three replicas",
    }),
  }),
];

Deno.test("claims are judged in order with their numbers, what was found said beside them", () => {
  const [rate, plateau] = judgeClaims(claims, [1, 1, 1]);
  assertEquals(rate, {
    id: "rate",
    statement: "x shrinks.",
    source: "eq. 1",
    criterion: "ratio: mean over replicas, 95 % interval within 0.99 … 1.01",
    verdict: "reproduced",
    predicted: 1,
    measured: 1,
    low: 1,
    high: 1,
    replicas: 3,
    replicasToSettle: null,
  });
  assertEquals([plateau.verdict, plateau.predicted], ["not reproduced", 3]);
  assertEquals([plateau.rivals, plateau.detail], [{ "closed form": 0.123 }, "over three replicas"]);
  assertEquals(countVerdicts([rate, plateau]), { "reproduced": 1, "not reproduced": 1 });
  assertEquals(countsInWords([rate, plateau]), "1 reproduced, 1 not reproduced");
});

Deno.test("what was not measured is null, says why, and is inconclusive", () => {
  const nothing = { measured: null, low: null, high: null, replicas: 0, replicasToSettle: null };
  const missing = { ...claims[0], ...claim({ ...parts, values: () => ({ unmeasured: "no events" }) }) };
  assertEquals(missing.judge([]), { verdict: "inconclusive", predicted: null, ...nothing, detail: "no events" });
  const [rate, plateau] = judgeClaims(claims, [1]);
  const few = "expected at least two replicas, found 1";
  assertEquals([rate.verdict, rate.measured, rate.predicted, rate.detail], ["inconclusive", null, 1, few]);
  assertEquals(plateau.detail, `${few}; over three replicas`);
});

const parts = {
  id: "one",
  statement: "It is one.",
  source: "text",
  measure: "value",
  expect: expect.mean({ from: 1 }),
};

Deno.test("under a trial preset every claim is computed, and none judged", () => {
  const judged = judgeClaims(claims, [0.5, 1, 1.5], true);
  assertEquals(judged.map(({ verdict, replicasToSettle }) => [verdict, replicasToSettle]), [
    ["trial", null],
    ["trial", null],
  ]);
  assertEquals(judged[0].measured, 1);
  assertEquals(countsInWords(judged), "2 not judged: verdicts of a trial preset would mean nothing");
  assertEquals(countsInWords([]), "no claims");
});

Deno.test("a number that is not finite, and a statement that is no sentence, are refused by the claim's name", () => {
  assertThrows(
    () => judgeClaims(claims, [1, NaN]),
    Error,
    "cannot judge claim rate: expected finite values, found NaN for replica 1",
  );
  const ratios = claim({
    ...parts,
    expect: expect.ratio({ from: 1 }),
    values: (values: readonly number[]) => ({ values }),
  });
  assertThrows(
    () => judgeClaims([ratios], [1, -1]),
    Error,
    "cannot judge claim one: expected ratios above 0, found -1",
  );
  const rival = claim({ ...parts, values: (values: readonly number[]) => ({ values, rivals: { flow: NaN } }) });
  assertThrows(() => judgeClaims([rival], [1, 1]), Error, "expected a finite flow for claim one, found NaN");
  assertThrows(
    () => claim({ ...parts, statement: "it is one", values: () => ({ values: [] }) }),
    Error,
    'expected the statement of claim one to be a sentence with a full stop, found "it is one"',
  );
});
