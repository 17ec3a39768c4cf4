import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { lossAndGradient, type Model, predict, type Prompt } from "./linear_icl.ts";

/** Bounded, irregular and reproducible: enough for identities that hold for every input. */
function fill(length: number, seed: number): Float64Array {
  return Float64Array.from({ length }, (_, k) => Math.sin(12.9898 * (k + 1) + 78.233 * seed) * 1.3);
}

function example(d: number, N: number, seed: number): { model: Model; prompts: Prompt[] } {
  const D = 2 * d;
  const prompts = [0, 1, 2].map((b) => ({
    tokens: fill(N * d, seed + 10 * b),
    query: fill(d, seed + 10 * b + 1),
    task: fill(d * d, seed + 10 * b + 2),
  }));
  return { model: { wP: fill(D * D, seed + 3), wQ: fill(D * D, seed + 4) }, prompts };
}

Deno.test("oracle: one dimension, one token, by hand", () => {
  // x = 2, W = 3, x_q = 5: Z = [[2, 5], [6, 0]], Z Zᵀ = [[29, 12], [12, 36]], W_Q z_q = 5·(q1; q2).
  const model = { wP: Float64Array.of(9, 9, 0.5, 0.25), wQ: Float64Array.of(0.1, 9, 0.2, 9) };
  const prompt = { tokens: Float64Array.of(2), query: Float64Array.of(5), task: Float64Array.of(3) };
  const byHand = 0.5 * (29 * 0.5 + 12 * 1) + 0.25 * (12 * 0.5 + 36 * 1);
  assertAlmostEquals(predict(model, prompt)[0], byHand, 1e-12);
  assertAlmostEquals(lossAndGradient(model, [prompt]).loss, 0.5 * (byHand - 15) ** 2, 1e-9);
});

Deno.test("oracle: gradient equals central differences, every entry of both matrices", () => {
  for (const [d, N] of [[1, 1], [2, 5], [3, 4]]) {
    const { model, prompts } = example(d, N, d);
    const { dWP, dWQ } = lossAndGradient(model, prompts);
    for (const [name, gradient] of [["wP", dWP], ["wQ", dWQ]] as const) {
      for (let k = 0; k < gradient.length; k++) {
        const at = (h: number) => {
          const moved = { ...model, [name]: model[name].slice() };
          moved[name][k] += h;
          return lossAndGradient(moved, prompts).loss;
        };
        // The loss is quadratic in each matrix, so central differences are exact up to rounding.
        const difference = (at(0.01) - at(-0.01)) / 0.02;
        assertAlmostEquals(gradient[k], difference, 1e-8 * (1 + Math.abs(difference)), `${name}[${k}], d=${d}`);
      }
    }
  }
});

Deno.test("oracle: loss and gradient are means over prompts", () => {
  const { model, prompts } = example(2, 3, 7);
  const all = lossAndGradient(model, prompts), each = prompts.map((p) => lossAndGradient(model, [p]));
  assertAlmostEquals(all.loss, each.reduce((sum, e) => sum + e.loss, 0) / 3, 1e-10 * all.loss);
  for (let k = 0; k < 16; k++) {
    assertAlmostEquals(all.dWP[k], each.reduce((sum, e) => sum + e.dWP[k], 0) / 3, 1e-10 * (1 + Math.abs(all.dWP[k])));
  }
});

Deno.test("oracle: only the blocks that reach the last column's lower half have a gradient", () => {
  const d = 2, D = 4, { model, prompts } = example(d, 3, 1);
  const { dWP, dWQ } = lossAndGradient(model, prompts);
  for (let i = 0; i < D; i++) {
    for (let j = 0; j < D; j++) {
      if (i < d) assertEquals(dWP[i * D + j], 0);
      if (j >= d) assertEquals(dWQ[i * D + j], 0);
    }
  }
});

Deno.test("oracle: shapes are checked", () => {
  const { model, prompts } = example(2, 3, 1);
  assertThrows(
    () => predict({ ...model, wP: new Float64Array(4) }, prompts[0]),
    RangeError,
    "expected wP of length 16",
  );
  assertThrows(
    () => predict(model, { ...prompts[0], tokens: new Float64Array(5) }),
    RangeError,
    "expected tokens of length",
  );
  assertThrows(
    () => predict(model, { ...prompts[0], task: new Float64Array(3) }),
    RangeError,
    "expected task of length 4",
  );
  assertThrows(() => lossAndGradient(model, []), RangeError, "expected at least one prompt");
});
