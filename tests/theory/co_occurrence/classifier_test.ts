/** Gradient of the classifier against finite differences, and what its flow keeps along descent by small steps. */
import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { normals } from "../../../lib/random/random.ts";
import { coOccurrence } from "../../../lib/tasks/co_occurrence.ts";
import { classifier, meanPull } from "../../../lib/theory/co_occurrence/classifier.ts";

const [D, M, J] = [6, 5, 7];
const NAMES = ["W", "V", "K", "Q"] as const;
const SAMPLES = coOccurrence({ counts: [3, 2, 1, 2], length: 4, vocabulary: D, seed: 3 });
const OUTER = normals({ seed: 1, key: "test outer" }, J);
const PROBLEM = { ...SAMPLES, outer: OUTER };
const COUNTS = [4, 1, 1, 1, 1, 1, 1, 1];
const THREE_WORDS = { ...coOccurrence({ words: 3, counts: COUNTS, length: 5, vocabulary: D, seed: 3 }), outer: OUTER };

function weights() {
  const draw = (item: number, rows: number) => normals({ seed: 1, key: "test weights", item }, rows * M);
  return { W: draw(0, J), V: draw(1, D), K: draw(2, D), Q: draw(3, D) };
}

const square = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0);

Deno.test("outputs are those of the formula, neuron by neuron and token by token", () => {
  const { W, V, K, Q } = weights();
  const { outputs, loss, signals } = classifier(PROBLEM, { W, V, K, Q });
  const row = (x: Float64Array, i: number) => [...x.subarray(i * M, (i + 1) * M)];
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const expected = SAMPLES.tokens.map((sample) => {
    let F = 0;
    for (const query of sample) {
      const powers = sample.map((key) => Math.exp(dot(row(K, key), row(Q, query)) / Math.sqrt(M)));
      const total = powers.reduce((a, b) => a + b);
      for (let j = 0; j < J; j++) {
        sample.forEach((key, i) => F += OUTER[j] * dot(row(W, j), row(V, key)) * powers[i] / total);
      }
    }
    return F;
  });
  expected.forEach((F, s) => assertAlmostEquals(outputs[s], F, 1e-12));
  const losses = expected.map((F, s) => Math.log(1 + Math.exp(-SAMPLES.labels[s] * F)));
  assertAlmostEquals(loss, losses.reduce((a, b) => a + b) / losses.length, 1e-12);
  assertEquals(signals.length, D);
});

Deno.test("the gradient is that of central differences", () => {
  const at = weights();
  const { gradient } = classifier(PROBLEM, at);
  for (const name of NAMES) {
    at[name].forEach((value, i) => {
      const moved = (width: number) => {
        at[name][i] = value + width;
        const { loss } = classifier(PROBLEM, at);
        at[name][i] = value;
        return loss;
      };
      assertAlmostEquals(gradient[name][i], (moved(1e-5) - moved(-1e-5)) / 2e-5, 1e-9, `${name}[${i}]`);
    });
  }
});

for (
  const [words, problem, least, near] of [["two", PROBLEM, 0.1, 0.02], ["three", THREE_WORDS, 0.05, 0.03]] as const
) {
  Deno.test(`${words} words: |u|² grows by the identity, with a rest that is exact; a tenth of the step leaves a tenth of it`, () => {
    const size = square(OUTER);
    const rests = [0.01, 0.001].map((rate) => {
      const at = weights();
      const start = square(classifier(problem, at).summed);
      const values = square(at.V);
      let integral = 0, rest = 0;
      for (let time = 0; time < 0.5 - rate / 2; time += rate) {
        const { outputs, gradient } = classifier(problem, at);
        integral += 2 * rate * meanPull(problem.labels, outputs);
        // ∂L/∂u from the row of a neuron: ∂L/∂w_j = a_j ∂L/∂u.
        rest += rate ** 2 * size * square(gradient.W.subarray(0, M)) / OUTER[0] ** 2;
        for (const name of NAMES) at[name].forEach((value, i) => at[name][i] = value - rate * gradient[name][i]);
      }
      const grown = (square(classifier(problem, at).summed) - start) / size;
      assertAlmostEquals(grown, integral + rest, 1e-10);
      assert(Math.abs(integral) > least, `found ${integral}`);
      return { rest: rest / integral, kept: (square(at.V) - values) / integral - 1 };
    });
    assertLess(Math.abs(rests[1].rest / rests[0].rest - 0.1), near);
    assertLess(Math.abs(rests[1].kept / rests[0].kept - 0.1), near);
  });
}

Deno.test("descent in units of |a| t does not depend on a while every g is one half", () => {
  // One step from F ≈ 0: u moves by η |a|² and V by η, both in proportion to u/|a| and V.
  const at = weights();
  const scaled = (factor: number) => {
    const outer = OUTER.map((a) => a * factor);
    const small = { ...at, V: at.V.map((v) => v * 1e-8) };
    const { gradient } = classifier({ ...PROBLEM, outer }, small);
    return gradient.V.map((value) => value / factor);
  };
  const [one, two] = [scaled(1), scaled(2)];
  one.forEach((value, i) => assertAlmostEquals(value, two[i], 1e-5));
});
