import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import { decoupledLoss, fixedPoint } from "../../../lib/theory/linear_icl/closed_form.ts";
import { populationGradient, type TaskLaw } from "../../../lib/theory/linear_icl/flow.ts";
import { diagonal } from "../../../lib/theory/matrix.ts";
import { decoupledTestLoss, effectiveSlopes, testLoss } from "../../../lib/theory/linear_icl/miscalibration.ts";
import { lossAndGradient, predict } from "../../oracles/linear_icl.ts";
import { commutingTask, drawPrompt, normals } from "../../oracles/linear_icl_prompts.ts";

const P = [0.7, 0.9], Q = [0.5, 0.8], BLOCKS = { p: diagonal(P), q: diagonal(Q) };
const MODEL = { wP: new Float64Array(16), wQ: new Float64Array(16) };
for (let i = 0; i < 2; i++) {
  MODEL.wP[(2 + i) * 4 + 2 + i] = P[i];
  MODEL.wQ[i * 4 + i] = Q[i];
}

Deno.test("test loss: on the training distribution it is the population loss", () => {
  const spectrum = [1.5, 0.4], p = Float64Array.of(0.7, 0.2, -0.1, 0.5), q = Float64Array.of(0.3, -0.4, 0.2, 0.9);
  for (const law of [{ kind: "commuting" }, { kind: "dense", variance: 0.6 }] satisfies TaskLaw[]) {
    const trained = populationGradient({ spectrum, context: 6 }, law, { p, q }).loss;
    assertAlmostEquals(testLoss(law, { p, q }, { context: spectrum, length: 6 }), trained, 1e-12);
  }
});

Deno.test("test loss and slope: a shifted, rotated context and another query law, against sampled prompts", () => {
  const normal = normals(21), root = Float64Array.of(1.1, 0.5, -0.3, 0.8), length = 5, query = [0.6, 1.4];
  // x = A z has covariance A Aᵀ.
  const context = Float64Array.of(1.1 ** 2 + 0.5 ** 2, -0.33 + 0.4, -0.33 + 0.4, 0.3 ** 2 + 0.8 ** 2);
  const expected = testLoss({ kind: "commuting" }, BLOCKS, { context, query, length });
  const samples = 20000, losses: number[] = [], slopes: number[] = [];
  for (let n = 0; n < samples; n++) {
    const prompt = drawPrompt(query, 1, commutingTask(2, normal), normal), tokens = new Float64Array(length * 2);
    for (let t = 0; t < length; t++) {
      const z = [normal(), normal()];
      for (let i = 0; i < 2; i++) tokens[2 * t + i] = root[2 * i] * z[0] + root[2 * i + 1] * z[1];
    }
    losses.push(lossAndGradient(MODEL, [{ ...prompt, tokens }]).loss);
    const lambda = prompt.task[0], x = prompt.query[0];
    // Regressing ŷ on λ x: E[ŷ λ x] = slope · s''.
    slopes.push(predict(MODEL, { ...prompt, tokens })[0] * lambda * x / query[0]);
  }
  const slope = effectiveSlopes([P[0] * Q[0]], [context[0]])[0];
  for (const [values, exact] of [[losses, expected], [slopes, slope]] as const) {
    const mean = values.reduce((sum, v) => sum + v, 0) / samples;
    const error = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0)) / samples;
    assert(Math.abs(mean - exact) < 4 * error, `mean ${mean} ± ${error}, exact ${exact}`);
  }
});

Deno.test("decoupled test loss: exact for p ∝ 1, smallest where the context is as strong as training taught", () => {
  const training = { spectrum: [2, 1], context: 8 },
    a = fixedPoint(training),
    same = { p: diagonal([2, 2]), q: diagonal(a.map((v) => v / 2)) };
  for (const [context, query] of [[[2, 1], [2, 1]], [[5, 0.2], [1, 3]]]) {
    const exact = testLoss({ kind: "commuting" }, same, { context, query, length: 8 });
    // Dense tasks have d outputs: variance 1/d carries the same loss.
    const dense = testLoss({ kind: "dense", variance: 0.5 }, same, { context, query, length: 8 });
    const decoupled = decoupledTestLoss(a, { spectrum: context, context: 8 }, query);
    assertAlmostEquals(exact, decoupled, 1e-12);
    assertAlmostEquals(dense, decoupled, 1e-12);
    // The same products from unequal p are another predictor.
    const unequal = { p: diagonal([3, 1]), q: diagonal([a[0] / 3, a[1]]) };
    assert(Math.abs(testLoss({ kind: "commuting" }, unequal, { context, query, length: 8 }) - decoupled) > 1e-3);
  }
  assertAlmostEquals(decoupledTestLoss(a, training), decoupledLoss(training, a), 1e-12);
  // N' → ∞: the loss vanishes exactly where every slope is 1.
  const calibrated = a.map((v) => 1 / v);
  effectiveSlopes(a, calibrated).forEach((slope) => assertAlmostEquals(slope, 1, 1e-12));
  assertAlmostEquals(decoupledTestLoss(a, { spectrum: calibrated, context: 1e9 }, [1, 1]), 0, 1e-7);
});

Deno.test("test loss: arguments are checked", () => {
  const law: TaskLaw = { kind: "commuting" };
  assertThrows(
    () => testLoss(law, BLOCKS, { context: [1, 1, 1], length: 4 }),
    RangeError,
    "expected context of length 4",
  );
  assertThrows(() => testLoss(law, BLOCKS, { context: [1, 1], length: 0 }), RangeError, "expected length");
  assertThrows(() => effectiveSlopes([1], [1, 2]), RangeError, "expected contextSpectrum of length 1");
});
