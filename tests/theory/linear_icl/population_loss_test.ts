import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import {
  blocksOf,
  poolMoments,
  populationFlow,
  populationGradient,
  populationSlope,
  type TaskLaw,
} from "../../../lib/theory/linear_icl/flow.ts";
import {
  BLOCK_NAMES,
  type FullBlocks,
  fullBlocksOf,
  fullFlow,
  fullGradient,
  fullState,
} from "../../../lib/theory/linear_icl/full_flow.ts";
import { modeGradient, modeHessian } from "../../../lib/theory/linear_icl/modes.ts";
import { diagonal } from "../../../lib/theory/matrix.ts";
import { curvatures, nullBlockGrowth } from "../../../lib/theory/linear_icl/stability.ts";
import {
  freshCommuting,
  freshDense,
  gaussianCubature,
  poolOf,
  type WeightedTasks,
} from "../../../lib/theory/linear_icl/task_average.ts";
import { lossAndGradient } from "../../oracles/linear_icl.ts";
import { commutingTask, drawPrompt, normals } from "../../oracles/linear_icl_prompts.ts";
import { sgdStep } from "../../oracles/linear_icl_sgd.ts";

const SPECTRUM = [1.5, 0.8, 0.4], PROBLEM = { spectrum: SPECTRUM, context: 4 }, d = 3, ENTRIES = d * d;
const POOL = [[1, 0.5, -0.3], [0.2, -1, 0.8]];

function random(length: number, seed: number, scale = 0.3): Float64Array {
  const normal = normals(seed);
  return Float64Array.from({ length }, () => scale * normal());
}

/** Places the four blocks into the full matrices of the oracle. */
function modelOf(blocks: FullBlocks) {
  const D = 2 * d, wP = new Float64Array(D * D), wQ = new Float64Array(D * D);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      wP[(d + i) * D + j] = blocks.p1[i * d + j];
      wP[(d + i) * D + d + j] = blocks.p2[i * d + j];
      wQ[i * D + j] = blocks.q1[i * d + j];
      wQ[(d + i) * D + j] = blocks.q2[i * d + j];
    }
  }
  return { wP, wQ };
}

const LAWS: { name: string; law: TaskLaw; average: WeightedTasks; draw: (normal: () => number) => Float64Array }[] = [
  {
    name: "fresh commuting",
    law: { kind: "commuting" },
    average: freshCommuting(d),
    draw: (normal) => commutingTask(d, normal),
  },
  {
    name: "fresh dense",
    law: { kind: "dense", variance: 0.7 },
    average: freshDense(d, 0.7),
    draw: (normal) => Float64Array.from({ length: ENTRIES }, () => Math.sqrt(0.7) * normal()),
  },
  {
    name: "pool of two",
    law: { kind: "commuting", moments: poolMoments(POOL) },
    average: poolOf(POOL),
    draw: (normal) => diagonal(POOL[normal() > 0 ? 0 : 1]),
  },
];

Deno.test("Gaussian cubature is exact to degree 5", () => {
  for (const n of [1, 2, 5, 9]) {
    const { points, weights } = gaussianCubature(n),
      mean = (f: (x: Float64Array) => number) => points.reduce((sum, x, k) => sum + weights[k] * f(x), 0);
    assertAlmostEquals(mean(() => 1), 1, 1e-12);
    assertAlmostEquals(mean((x) => x[0] ** 2), 1, 1e-12);
    assertAlmostEquals(mean((x) => x[n - 1] ** 4), 3, 1e-12);
    assertAlmostEquals(mean((x) => x[0] ** 3), 0, 1e-12);
    if (n > 1) assertAlmostEquals(mean((x) => x[0] ** 2 * x[n - 1] ** 2), 1, 1e-12);
    if (n > 1) assertAlmostEquals(mean((x) => x[0] ** 3 * x[n - 1]), 0, 1e-12);
    if (n > 2) assertAlmostEquals(mean((x) => x[0] ** 2 * x[1] * x[2]), 0, 1e-12);
  }
});

for (const { name, law, average, draw } of LAWS) {
  Deno.test(`full loss, ${name}: gradient equals central differences`, () => {
    const state = random(4 * ENTRIES, 1), { gradient } = fullGradient(PROBLEM, average, fullBlocksOf(state));
    state.forEach((value, k) => {
      const at = (h: number) => {
        const moved = state.slice();
        moved[k] = value + h;
        return fullGradient(PROBLEM, average, fullBlocksOf(moved)).loss;
      };
      assertAlmostEquals((at(1e-4) - at(-1e-4)) / 2e-4, gradient[k], 1e-8, `entry ${k}`);
    });
  });

  Deno.test(`full loss, ${name}: equals sampled prompts of the definition`, () => {
    const state = random(4 * ENTRIES, 2, 0.2),
      blocks = fullBlocksOf(state),
      model = modelOf(blocks),
      normal = normals(3);
    const exact = fullGradient(PROBLEM, average, blocks), direction = random(state.length, 4, 1), samples = 8000;
    // The gradient along a random direction sees every entry at once and has one clean standard error.
    const along = fullBlocksOf(direction), slope = exact.gradient.reduce((sum, g, k) => sum + g * direction[k], 0);
    const losses: number[] = [], slopes: number[] = [];
    const aim = modelOf(along);
    for (let n = 0; n < samples; n++) {
      const { loss, dWP, dWQ } = lossAndGradient(model, [drawPrompt(SPECTRUM, 4, draw(normal), normal)]);
      losses.push(loss);
      slopes.push(dWP.reduce((sum, g, k) => sum + g * aim.wP[k] + dWQ[k] * aim.wQ[k], 0));
    }
    for (const [values, expected] of [[losses, exact.loss], [slopes, slope]] as const) {
      const mean = values.reduce((sum, v) => sum + v, 0) / samples;
      const error = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0)) / samples;
      assert(Math.abs(mean - expected) < 4 * error, `mean ${mean} ± ${error}, exact ${expected}`);
    }
  });

  Deno.test(`p2, q1 alone, ${name}: the closed expression is the full one with null blocks`, () => {
    const state = random(4 * ENTRIES, 5);
    state.fill(0, 0, ENTRIES).fill(0, 3 * ENTRIES);
    const { p2, q1 } = fullBlocksOf(state), reduced = populationGradient(PROBLEM, law, { p: p2, q: q1 });
    const full = fullGradient(PROBLEM, average, fullBlocksOf(state)), slopes = fullBlocksOf(full.gradient);
    assertAlmostEquals(reduced.loss, full.loss, 1e-12);
    for (let k = 0; k < ENTRIES; k++) {
      assertAlmostEquals(reduced.dp[k], slopes.p2[k], 1e-12);
      assertAlmostEquals(reduced.dq[k], slopes.q1[k], 1e-12);
    }
    const nullSlope = Math.max(...slopes.p1.map(Math.abs), ...slopes.q2.map(Math.abs));
    // A pool has odd moments; nothing then holds the null blocks at zero, not even in expectation.
    if (name === "pool of two") assert(nullSlope > 1e-3, `slope ${nullSlope}`);
    else assert(nullSlope < 1e-12, `slope ${nullSlope}`);
  });
}

Deno.test("diagonal p, q: modes are a special case of matrices", () => {
  const state = random(2 * d, 6), exact = modeGradient(PROBLEM, state);
  const matrices = populationGradient(PROBLEM, { kind: "commuting" }, {
    p: diagonal(state.subarray(0, d)),
    q: diagonal(state.subarray(d)),
  });
  assertAlmostEquals(matrices.loss, exact.loss, 1e-13);
  for (let i = 0; i < d; i++) {
    assertAlmostEquals(matrices.dp[i * d + i], exact.gradient[i], 1e-13);
    assertAlmostEquals(matrices.dq[i * d + i], exact.gradient[d + i], 1e-13);
  }
  assertThrows(
    () => populationGradient(PROBLEM, { kind: "commuting" }, { p: [1], q: [1] }),
    RangeError,
    "expected p of",
  );
});

Deno.test("curvatures: the full Hessian at a diagonal point, every entry, has these and no others", () => {
  const state = random(2 * d, 7).map((value) => 0.6 + value), c = curvatures(PROBLEM, state), size = 4 * ENTRIES;
  const zero = new Float64Array(ENTRIES), blocks = { p1: zero, q2: zero };
  const base = fullState({ ...blocks, p2: diagonal(state.subarray(0, d)), q1: diagonal(state.subarray(d)) });
  const expected = new Float64Array(size * size), modes = modeHessian(PROBLEM, state);
  BLOCK_NAMES.forEach((name, b) => c[name].forEach((value, k) => expected[(b * ENTRIES + k) * (size + 1)] = value));
  for (let k = 0; k < ENTRIES; k++) {
    const p1 = k, q2 = 3 * ENTRIES + k;
    expected[p1 * size + q2] = expected[q2 * size + p1] = c.p1q2[k];
  }
  const place = (k: number) => k < d ? ENTRIES + k * (d + 1) : 2 * ENTRIES + (k - d) * (d + 1);
  modes.forEach((value, k) => expected[place(Math.floor(k / (2 * d))) * size + place(k % (2 * d))] = value);
  for (let k = 0; k < size; k++) {
    const at = (h: number) => {
      const moved = base.slice();
      moved[k] += h;
      return fullGradient(PROBLEM, freshCommuting(d), fullBlocksOf(moved)).gradient;
    };
    const above = at(1e-4), below = at(-1e-4);
    for (let i = 0; i < size; i++) {
      assertAlmostEquals((above[i] - below[i]) / 2e-4, expected[i * size + k], 1e-7, `${i}, ${k}`);
    }
  }
});

Deno.test("stability: null blocks grow like the mode from the origin, and shrink once it is learnt", () => {
  const origin = nullBlockGrowth(PROBLEM, new Float64Array(2 * d)).fastest;
  SPECTRUM.forEach((s, i) => assertAlmostEquals(origin[i * d + i], s * s, 1e-12));
  const start = new Float64Array(4 * ENTRIES).fill(0, 0).map((_, k) => {
    const block = Math.floor(k / ENTRIES), onDiagonal = (k % ENTRIES) % (d + 1) === 0;
    if (block === 1 || block === 2) return onDiagonal ? 0.9 : 1e-6;
    return 1e-6;
  });
  const { states } = fullFlow(PROBLEM, freshCommuting(d), start, 1, [60], { relative: 1e-7, absolute: 1e-12 });
  const final = fullBlocksOf(states[0]);
  const largest = (block: Float64Array) => Math.max(...block.map((v, k) => k % (d + 1) ? Math.abs(v) : 0));
  for (const block of [final.p1, final.q2]) assert(Math.max(...block.map(Math.abs)) < 1e-6);
  for (const block of [final.p2, final.q1]) assert(largest(block) < 1e-6);
});

Deno.test("alignment: off-diagonals decay as exp(−∫G_j dt) along the flow", () => {
  const law: TaskLaw = { kind: "commuting" }, size = 1e-6;
  const start = { p: diagonal([0.7, 0.7, 0.7]), q: diagonal([0.8, 0.8, 0.8]) };
  start.p[1] = start.q[5] = size;
  const steps = Float64Array.from({ length: 401 }, (_, k) => k * 0.02),
    { states } = populationFlow(PROBLEM, law, start, 1, steps);
  const rates = states.map((state) => {
    const { p, q } = blocksOf(state), pick = (m: Float64Array) => [0, 1, 2].map((i) => m[i * (d + 1)]);
    return curvatures(PROBLEM, [...pick(p), ...pick(q)]);
  });
  // Simpson's rule over the flow's own states.
  const integral = (pick: (k: number) => number) =>
    rates.reduce((sum, _, k) => sum + 0.02 / 3 * pick(k) * (k === 0 || k === 400 ? 1 : k % 2 ? 4 : 2), 0);
  const final = blocksOf(states[400]);
  assertAlmostEquals(Math.log(final.p[1] / size), -integral((k) => rates[k].p2[1]), 1e-5);
  assertAlmostEquals(Math.log(final.q[5] / size), -integral((k) => rates[k].q1[5]), 1e-5);
});

Deno.test("flows conserve ‖P‖² − ‖Q‖² for every task law and from any start", () => {
  const norm = (block: Float64Array) => block.reduce((sum, v) => sum + v * v, 0);
  for (const { law, average } of LAWS) {
    const state = random(4 * ENTRIES, 8),
      balance = (s: Float64Array) => {
        const { p1, p2, q1, q2 } = fullBlocksOf(s);
        return norm(p1) + norm(p2) - norm(q1) - norm(q2);
      };
    if (average.tasks.length < 50) {
      const full = fullFlow(PROBLEM, average, state, 1, [5], { relative: 1e-8 });
      assertAlmostEquals(balance(full.states[0]), balance(state), 1e-6);
    }
    const reduced = populationFlow(
      PROBLEM,
      law,
      { p: state.subarray(0, ENTRIES), q: state.subarray(ENTRIES, 2 * ENTRIES) },
      1,
      [20],
    );
    const { p, q } = blocksOf(reduced.states[0]);
    assertAlmostEquals(
      norm(p) - norm(q),
      norm(state.subarray(0, ENTRIES)) - norm(state.subarray(ENTRIES, 2 * ENTRIES)),
      1e-8,
    );
    const slope = populationSlope(PROBLEM, law)(reduced.states[0]);
    assertAlmostEquals(
      slope.reduce((sum, g, k) => sum + (k < ENTRIES ? 1 : -1) * g * reduced.states[0][k], 0),
      0,
      1e-12,
    );
  }
});

Deno.test("the fast float64 SGD takes the step that the definition's gradient gives", () => {
  const state = random(4 * ENTRIES, 9), before = fullBlocksOf(state.slice()), N = 4, rate = 0.1;
  const loss = sgdStep(state, SPECTRUM, N, 1, rate, normals(10));
  // The same draws in the same order: λ_i and x_i in turn, then the tokens.
  const normal = normals(10), task = new Float64Array(ENTRIES), query = new Float64Array(d);
  for (let i = 0; i < d; i++) {
    task[i * (d + 1)] = normal();
    query[i] = Math.sqrt(SPECTRUM[i]) * normal();
  }
  const tokens = Float64Array.from({ length: N * d }, (_, k) => Math.sqrt(SPECTRUM[k % d]) * normal());
  const oracle = lossAndGradient(modelOf(before), [{ tokens, query, task }]), D = 2 * d, after = fullBlocksOf(state);
  assertAlmostEquals(loss, oracle.loss, 1e-12);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      const k = i * d + j;
      assertAlmostEquals(after.p1[k], before.p1[k] - rate * oracle.dWP[(d + i) * D + j], 1e-12);
      assertAlmostEquals(after.p2[k], before.p2[k] - rate * oracle.dWP[(d + i) * D + d + j], 1e-12);
      assertAlmostEquals(after.q1[k], before.q1[k] - rate * oracle.dWQ[i * D + j], 1e-12);
      assertAlmostEquals(after.q2[k], before.q2[k] - rate * oracle.dWQ[(d + i) * D + j], 1e-12);
    }
  }
});
