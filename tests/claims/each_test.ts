import { assert, assertEquals } from "@std/assert";
import { expect } from "../../lib/claims/mod.ts";

const every = expect.each(expect.mean({ from: 0.9, to: 1.1 }), { of: "mode", shown: "worst" });
const [near, far] = [[0.999, 1.001], [1.999, 2.001]];

Deno.test("each: a group that cannot be judged leaves open what the others do not refute", () => {
  const verdict = (groups: Record<string, number[]>) => {
    const assessment = every.assess(groups);
    assert("verdict" in assessment);
    return [assessment.verdict, Math.round(assessment.measured!), assessment.replicasToSettle];
  };
  assertEquals(verdict({ first: near, second: near }), ["reproduced", 1, null]);
  assertEquals(verdict({ first: near, second: [] }), ["inconclusive", 1, null]);
  assertEquals(verdict({ first: [], second: far }), ["not reproduced", 2, null]);
  assertEquals(every.assess({ first: [] }), { unmeasured: "expected at least two replicas, found 0" });
  assertEquals(every.assess({}), { unmeasured: "no mode to judge by" });
});
