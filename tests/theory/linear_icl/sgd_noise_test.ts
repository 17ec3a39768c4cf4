import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import { descend } from "../../../lib/theory/descend.ts";
import { fullBlocksOf, fullState } from "../../../lib/theory/linear_icl/full_flow.ts";
import { modeGradient } from "../../../lib/theory/linear_icl/modes.ts";
import { diagonal } from "../../../lib/theory/matrix.ts";
import { sgdNoise } from "../../../lib/theory/linear_icl/sgd_noise.ts";
import { simulate } from "../../oracles/linear_icl_sgd.ts";

const SPECTRUM = [1, 0.5], PROBLEM = { spectrum: SPECTRUM, context: 8 }, START = new Float64Array(4).fill(0.05);

Deno.test("SGD noise: mean and standard deviation across replicas, all four blocks, against simulation", () => {
  const replicas = 64, batch = 64, rate = 0.02, steps = [60, 200, 320];
  const predicted = sgdNoise(PROBLEM, { start: START, rate, batch, steps });
  const zero = new Float64Array(4), aligned = diagonal(START.subarray(0, 2));
  const { states, losses } = simulate({
    spectrum: SPECTRUM,
    N: 8,
    batch,
    rate,
    replicas,
    seed: 11,
    start: () => fullState({ p1: zero, p2: aligned, q1: aligned, q2: zero }),
  }, steps);
  // A standard deviation from R replicas has itself a relative one of 1/√(2R−2), 9 %; four of those are allowed.
  const allowed = 4 / Math.sqrt(2 * replicas - 2);
  const ratios: number[] = [];
  const compare = (values: number[], mean: number | undefined, std: number, what: string) => {
    const measured = values.reduce((sum, v) => sum + v, 0) / replicas;
    const spread = Math.sqrt(values.reduce((sum, v) => sum + (v - measured) ** 2, 0) / (replicas - 1));
    assert(Math.abs(spread / std - 1) < allowed, `${what}: std ${spread}, predicted ${std}`);
    if (mean !== undefined) {
      assert(Math.abs(measured - mean) < 4 * std / Math.sqrt(replicas), `${what}: mean ${measured}, predicted ${mean}`);
    }
    ratios.push(spread / std);
  };
  predicted.forEach((at, k) => {
    const blocks = states[k].map(fullBlocksOf);
    for (let i = 0; i < 2; i++) {
      compare(blocks.map((b) => b.p2[3 * i] * b.q1[3 * i]), at.products[i], at.productStd[i], `a_${i} at ${at.step}`);
      compare(blocks.map((b) => b.p2[3 * i]), at.state[i], at.std.p2[3 * i], `p_${i} at ${at.step}`);
    }
    for (let entry = 0; entry < 4; entry++) {
      compare(blocks.map((b) => b.p1[entry]), 0, at.std.p1[entry], `p1[${entry}] at ${at.step}`);
      compare(blocks.map((b) => b.q2[entry]), 0, at.std.q2[entry], `q2[${entry}] at ${at.step}`);
      if (entry === 1 || entry === 2) {
        compare(blocks.map((b) => b.p2[entry]), 0, at.std.p2[entry], `p2[${entry}] at ${at.step}`);
        compare(blocks.map((b) => b.q1[entry]), 0, at.std.q1[entry], `q1[${entry}] at ${at.step}`);
      }
    }
    compare(losses[k], at.loss, at.batchLossStd, `batch loss at ${at.step}`);
    const norm = (m: Float64Array) => m.reduce((sum, v) => sum + v * v, 0);
    const imbalances = blocks.map((b) => norm(b.p1) + norm(b.p2) - norm(b.q1) - norm(b.q2));
    const mean = imbalances.reduce((sum, v) => sum + v, 0) / replicas;
    const error = Math.sqrt(imbalances.reduce((sum, v) => sum + (v - mean) ** 2, 0)) / replicas;
    // Its distribution has a long tail to one side, which 64 replicas rarely sample: the error is understated.
    assert(Math.abs(mean - at.imbalance) < 6 * error, `imbalance ${mean} ± ${error}, predicted ${at.imbalance}`);
  });
  const overall = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  assert(Math.abs(overall - 1) < 0.08, `mean ratio of measured to predicted std ${overall} over ${ratios.length}`);
});

Deno.test("SGD noise: vanishes with 1/B, its mean becoming plain gradient descent", () => {
  const run = { start: START, rate: 0.02, batch: 1e12, steps: [0, 200] };
  const [before, after] = sgdNoise(PROBLEM, run);
  const [, mapped] = descend((theta) => modeGradient(PROBLEM, theta).gradient, START, 0.02, [0, 200]);
  mapped.forEach((value, k) => assertAlmostEquals(after.state[k], value, 1e-10));
  assert(before.productStd.every((value) => value === 0) && after.productStd[0] > 0);
  const [, less] = sgdNoise(PROBLEM, { ...run, batch: 4e12 });
  assertAlmostEquals(after.productStd[0] / less.productStd[0], 2, 1e-6);
  assertAlmostEquals(after.std.q2[3] / less.std.q2[3], 2, 1e-6);
});

Deno.test("SGD noise: the imbalance moves by (η²/B)(E‖g_P‖² − E‖g_Q‖²) from a start where that is known", () => {
  // d = 1, p = 0: g_P has p2's 3(1+2/N)·3 q² s⁴, and p1's, whose Σ̂' adds the query's 2·15/N and 105/N²; g_Q = 0.
  const q = 0.5, N = 8, rate = 0.1, batch = 10;
  const [at] = sgdNoise({ spectrum: [1], context: N }, { start: [0, q], rate, batch, steps: [1] });
  const p2 = 9 * (1 + 2 / N) * q * q, p1 = (3 * (1 + 2 / N) + 2 * 15 / N + 105 / (N * N)) * q * q;
  // The mean gradient of p2 is −q s², and moves p2 by itself.
  const expected = rate * rate * (q * q + (p2 - q * q + p1) / batch) - q * q;
  assertAlmostEquals(at.imbalance, expected, 1e-12);
});

Deno.test("SGD noise: arguments are checked", () => {
  const run = { start: START, rate: 0.02, batch: 8, steps: [1] };
  assertThrows(() => sgdNoise(PROBLEM, { ...run, start: [1] }), RangeError, "expected start of length 4");
  assertThrows(() => sgdNoise(PROBLEM, { ...run, batch: 0 }), RangeError, "expected batch to be a positive integer");
  assertThrows(() => sgdNoise(PROBLEM, { ...run, steps: [2, 1] }), RangeError, "expected ascending integer steps");
});
