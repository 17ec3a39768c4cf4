/** Losses of the scores against brute force, finite differences, a Monte-Carlo simulation, and the project's numbers. */
import { assert, assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { normals, uniforms } from "../../../lib/random/random.ts";
import {
  contextCorrection,
  firstOrderContext,
  infiniteContext,
} from "../../../lib/theory/attention_convergence/flow.ts";
import { finiteContext } from "../../../lib/theory/attention_convergence/finite_context.ts";
import { attentionTo, dominantLaw, type ScoreLoss } from "../../../lib/theory/attention_convergence/problem.ts";
import { initialLead, tailRate } from "../../../lib/theory/attention_convergence/stages.ts";
import { descend, gradientFlow } from "../../../lib/theory/descend.ts";

const BALANCED = { probabilities: dominantLaw(10, 0.1), query: 0 };
const DOMINANT = { probabilities: dominantLaw(10, 0.5), query: 0 };
const RARE = { probabilities: dominantLaw(10, 0.5), query: 1 };

const steps = (loss: ScoreLoss, at: readonly number[], K = 10) =>
  descend((scores) => loss(scores).gradient, new Float64Array(K), 1, at);

Deno.test("the balanced law as in a separate implementation, by steps and by the flow", () => {
  const at = [100, 200, 500, 2000];
  const loss = infiniteContext(BALANCED);
  const flow = gradientFlow((scores) => loss(scores).gradient, new Float64Array(10), 1, at).states;
  [steps(loss, at), flow].forEach((states) =>
    states.forEach((scores, i) =>
      assertAlmostEquals(attentionTo(BALANCED.probabilities, scores)[0], [0.317, 0.664, 0.868, 0.948][i], 2e-3)
    )
  );
});

Deno.test("first steps with a loss below 1e-3 as in a separate implementation; ratio 9.6", () => {
  const first = [BALANCED, DOMINANT, RARE].map((problem) => {
    const loss = infiniteContext(problem);
    return steps(loss, Array.from({ length: 5200 }, (_, step) => step)).findIndex((scores) => loss(scores).loss < 1e-3);
  });
  assertEquals(first, [2809, 532, 5081]);
});

Deno.test("the rare query as in a separate implementation, whose steps count one later: the dominant score falls first, then they change places", () => {
  const states = steps(infiniteContext(RARE), [31, 101, 201]);
  [[-0.225, 0.12], [-0.637, 0.461], [-1.069, 1.175]].forEach(([dominant, target], i) => {
    assertAlmostEquals(states[i][0], dominant, 1e-3);
    assertAlmostEquals(states[i][1], target, 1e-3);
  });
  const start = infiniteContext(RARE)(new Float64Array(10)).gradient;
  assertAlmostEquals(initialLead(RARE), -start[0] / start[1], 1e-12);
});

Deno.test("gradients are those of finite differences, and sum to 0", () => {
  const problem = { probabilities: [0.5, 0.25, 0.15, 0.1], query: 1 };
  const symmetric = { probabilities: [0.5, 0.3, 0.1, 0.1], query: 1 };
  const q = [0.3, 1.1, -0.4, 0.2], even = [0.3, 1.1, -0.4, -0.4];
  for (
    const [loss, p, at] of [
      [infiniteContext(problem), 0.25, q],
      [contextCorrection(problem), 0.25, q],
      [firstOrderContext(problem, 40), 0.25, q],
      [finiteContext(symmetric, 9), 0.3, even],
    ] as const
  ) {
    const { gradient } = loss(at);
    assertAlmostEquals(gradient.reduce((sum, value) => sum + value), 0, 1e-14);
    // Features of one class are moved together.
    const groups = at === even ? [[0], [1], [2, 3]] : [[0], [1], [2], [3]];
    for (const group of groups) {
      const moved = (width: number) => loss(at.map((value, m) => value + (group.includes(m) ? width : 0))).loss;
      const slope = p * (moved(1e-5) - moved(-1e-5)) / 2e-5;
      assertAlmostEquals(group.reduce((sum, m) => sum + gradient[m], 0), slope, 1e-9);
    }
  }
});

Deno.test("a finite context as by brute force over all contexts of three tokens", () => {
  const p = [0.5, 0.2, 0.1, 0.1, 0.1], q = [0.4, 0.9, -0.3, -0.3, -0.3];
  for (const query of [0, 1]) {
    const same = query === 0 ? { p: [0.5, 0.125, 0.125, 0.125, 0.125], q: [0.4, -0.3, -0.3, -0.3, -0.3] } : { p, q };
    let expected = 0;
    for (let code = 0; code < 125; code++) {
      const tokens = [code % 5, Math.floor(code / 5) % 5, Math.floor(code / 25)];
      const counts = same.p.map((_, m) => tokens.filter((token) => token === m).length);
      const a = attentionTo(counts, same.q);
      const loss = 0.5 * a.reduce((sum, value, m) => sum + (value - Number(m === query)) ** 2, 0);
      expected += tokens.reduce((product, token) => product * same.p[token], 1) * loss;
    }
    assertAlmostEquals(finiteContext({ probabilities: same.p, query }, 3)(same.q).loss, expected, 1e-12);
  }
});

Deno.test("the correction is what is left of a long context: N (L_N − L_∞) → c, with errors like 1/N", () => {
  for (const problem of [BALANCED, DOMINANT, RARE]) {
    const [early, middle, late] = steps(infiniteContext(problem), [20, 300, 3000]);
    for (const scores of [early, middle, late]) {
      const c = contextCorrection(problem)(scores), limit = infiniteContext(problem)(scores);
      const error = (N: number) => {
        const exact = finiteContext(problem, N)(scores);
        assertAlmostEquals(exact.gradient.reduce((sum, value) => sum + value), 0, 1e-14);
        return Math.abs(N * (exact.loss - limit.loss) - c.loss);
      };
      assertLess(error(4000), 0.15 * Math.abs(c.loss));
      assertAlmostEquals(error(2000) / error(4000), 2, 0.25);
    }
  }
});

Deno.test("first order in 1/N as a Monte-Carlo simulation of prompts in double precision has it, N → ∞ not", () => {
  const problem = { probabilities: [0.4, 0.3, 0.2, 0.1], query: 2 }, N = 60, prompts = 20_000;
  const q = [-0.3, 0.1, 1.2, -0.2], samples: number[] = [], slopes: number[] = [];
  for (let item = 0; item < prompts; item++) {
    const counts = new Float64Array(4);
    for (const u of uniforms({ seed: 1, key: "tokens", item }, N)) {
      let [m, sum] = [0, 0.4];
      while (u > sum && m < 3) sum += problem.probabilities[++m];
      counts[m]++;
    }
    const w = normals({ seed: 1, key: "labels", item }, 4);
    const a = attentionTo(counts, q);
    const prediction = a.reduce((sum, value, m) => sum + value * w[m], 0);
    samples.push(0.5 * (prediction - w[2]) ** 2);
    slopes.push(0.2 * (prediction - w[2]) * a[2] * (w[2] - prediction));
  }
  const zOf = (values: readonly number[], expected: number) => {
    const mean = values.reduce((sum, value) => sum + value) / prompts;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / prompts;
    return (mean - expected) / Math.sqrt(variance / prompts);
  };
  const first = firstOrderContext(problem, N)(q), averaged = labelAverages(problem.probabilities, 2, N, q);
  assertLess(Math.abs(zOf(samples, first.loss)), 4);
  assertLess(Math.abs(zOf(slopes, first.gradient[2])), 4);
  assertLess(Math.abs(zOf(averaged, first.loss)), 4);
  assert(zOf(averaged, infiniteContext(problem)(q).loss) > 8);
});

/** Losses of other simulated contexts, their average over labels taken: far less noisy. */
function labelAverages(p: readonly number[], query: number, N: number, q: readonly number[]): number[] {
  return Array.from({ length: 20_000 }, (_, item) => {
    const counts = new Float64Array(p.length);
    for (const u of uniforms({ seed: 2, key: "tokens", item }, N)) {
      let [m, sum] = [0, p[0]];
      while (u > sum && m < p.length - 1) sum += p[++m];
      counts[m]++;
    }
    return 0.5 * attentionTo(counts, q).reduce((sum, value, m) => sum + (value - Number(m === query)) ** 2, 0);
  });
}

Deno.test("the tail of 1/L grows at 4 p_k K/(K − 1), at every N at which the feature is in every prompt", () => {
  for (const problem of [BALANCED, DOMINANT]) {
    for (const loss of [infiniteContext(problem), finiteContext(problem, 400), firstOrderContext(problem, 400)]) {
      const [a, b] = steps(loss, [8000, 12_000]).map((scores) => loss(scores).loss);
      assertAlmostEquals((1 / b - 1 / a) / 4000 / tailRate(problem), 1, 0.06);
    }
  }
});

Deno.test("arguments out of their domain are refused", () => {
  assertThrows(
    () => infiniteContext({ probabilities: [1], query: 0 }),
    RangeError,
    "expected at least two features, found 1",
  );
  assertThrows(() => infiniteContext({ probabilities: [0.5, 0.6], query: 0 }), RangeError, "with sum 1, found 1.1");
  assertThrows(
    () => infiniteContext({ probabilities: [0.5, 0.5], query: 2 }),
    RangeError,
    "expected a query from 0 to 1, found 2",
  );
  assertThrows(() => finiteContext(RARE, 0.5), RangeError, "that is a positive integer, found 0.5");
  assertThrows(
    () => finiteContext({ probabilities: [0.4, 0.3, 0.2, 0.1], query: 0 }, 5),
    RangeError,
    "expected features of at most two probabilities beside the query's, found 3",
  );
  assertThrows(() => firstOrderContext(RARE, 0), RangeError, "expected a context length of at least 1, found 0");
  assertThrows(() => initialLead(DOMINANT), RangeError, "expected a dominant feature other than the query, found 0");
});
