/** Errors of copying and of the best predictor, against prompts as they are drawn and the posterior over all tasks. */
import { assert, assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { patternPromptReference } from "../../../kernels/tasks/pattern_prompts.ts";
import { bayesError, copyingError } from "../../../lib/theory/nonlinear_generalisation/pattern_errors.ts";

/** Errors of both on drawn prompts: the posterior multiplies the probabilities of all examples under each task. */
function simulated(M: number, share: number, N: number, prompts: number) {
  const tasks = Array.from({ length: M * M }, (_, at) => [Math.floor(at / M), at % M] as const).filter(([a, b]) =>
    a !== b
  );
  const law = { share, spread: 0, relevant: M, irrelevant: 1, tokens: N + 1 };
  let [copying, best] = [0, 0];
  for (let item = 0; item < prompts; item++) {
    const { relevant, labels } = patternPromptReference({ seed: 5, key: "simulated", item }, tasks, law);
    const [asked, label] = [relevant[N], labels[N]];
    const votes = relevant.reduce((sum, j, t) => sum + (t < N && j === asked ? labels[t] : 0), 0);
    copying += votes === 0 ? 0.5 : Number(Math.sign(votes) !== label);
    let [positive, negative] = [0, 0];
    for (const [a, b] of tasks) {
      if (a !== asked && b !== asked) continue;
      let likelihood = 1;
      for (let t = 0; t < N; t++) {
        const [j, y] = [relevant[t], labels[t]];
        if (j === a) likelihood *= y === 1 ? share / 2 : 0;
        else if (j === b) likelihood *= y === -1 ? share / 2 : 0;
        else likelihood *= (1 - share) / (M - 2) / 2;
      }
      if (a === asked) positive += likelihood;
      else negative += likelihood;
    }
    const tie = Math.abs(positive - negative) <= 1e-9 * (positive + negative);
    best += tie ? 0.5 : Number((positive > negative ? 1 : -1) !== label);
  }
  return { copying: copying / prompts, best: best / prompts };
}

Deno.test("pattern errors: those of drawn prompts, by votes of the query's pattern and by the posterior over all tasks", () => {
  for (const [M, share, N] of [[3, 0.5, 2], [4, 0.3, 3], [6, 0.2, 4], [6, 0.8, 3], [6, 0.4, 9]] as const) {
    const prompts = 4000;
    const found = simulated(M, share, N, prompts);
    const examples = { patterns: M, share, length: N };
    const [copying, best] = [copyingError(examples), bayesError(examples)];
    const within = (expected: number) => 4 * Math.sqrt(expected / prompts);
    assertLess(Math.abs(found.copying - copying), within(copying), `copying, M = ${M}, α = ${share}, N = ${N}`);
    assertLess(Math.abs(found.best - best), within(best), `best, M = ${M}, α = ${share}, N = ${N}`);
    assert(best < copying);
  }
});

Deno.test("pattern errors: known cases", () => {
  for (const share of [0.3, 0.8]) {
    assertAlmostEquals(bayesError({ patterns: 3, share, length: 1 }), (1 - share) / 2, 1e-12);
    assertEquals(bayesError({ patterns: 5, share, length: 0 }), 0.5);
    assertEquals(copyingError({ patterns: 5, share, length: 0 }), 0.5);
  }
  assertEquals(bayesError({ patterns: 2, share: 1, length: 1 }), 0);
  assertEquals(copyingError({ patterns: 2, share: 1, length: 1 }), 0.25);
  // The longest that the experiment asks for.
  const long = bayesError({ patterns: 6, share: 0.1, length: 20 });
  assert(long > 0 && long < copyingError({ patterns: 6, share: 0.1, length: 20 }));
});

Deno.test("pattern errors: laws out of their domain are refused", () => {
  const law = { patterns: 6, share: 0.5, length: 4 };
  assertThrows(() => copyingError({ ...law, share: 0 }), RangeError, "expected a share above 0, at most 1, found 0");
  assertThrows(
    () => bayesError({ ...law, patterns: 2 }),
    RangeError,
    "expected a share of 1 where there are 2 patterns",
  );
  assertThrows(() => bayesError({ ...law, length: 1.5 }), RangeError, "expected an integer of examples ≥ 0, found 1.5");
});
