import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { normals } from "../../../lib/random/random.ts";
import { bayesClassifier } from "../../../lib/theory/mod.ts";

/** Prompts with labels sign(w·x), w and x normal. */
function prompts(dimension: number, examples: number, B: number) {
  const x = normals({ seed: 3, key: "x" }, B * (examples + 1) * dimension);
  const w = normals({ seed: 3, key: "w" }, B * dimension);
  const y = Float64Array.from({ length: B * (examples + 1) }, (_, at) => {
    const b = Math.floor(at / (examples + 1));
    let sum = 0;
    for (let i = 0; i < dimension; i++) sum += w[b * dimension + i] * x[at * dimension + i];
    return Math.sign(sum);
  });
  return { x, y, dimension, examples };
}

Deno.test("Bayes classifier in the plane: error 1/(2 (N + 1)), as N lines cut the half circle in arcs", () => {
  // w lies in an arc of expected length 2π/(N + 1), the query cuts it with probability length/π, and the smaller part is a quarter.
  for (const N of [0, 1, 4]) {
    const B = 4000;
    const { error } = bayesClassifier(prompts(2, N, B), { directions: 2000 });
    const expected = 1 / (2 * (N + 1));
    assertAlmostEquals(error, expected, 4 * Math.sqrt(expected / B) + 0.005);
  }
});

Deno.test("Bayes classifier in three dimensions errs less than the sign of the labels' average input", () => {
  const B = 1500, N = 6, D = 3;
  const given = prompts(D, N, B);
  const { error, predictions, agreeing } = bayesClassifier(given, { directions: 3000 });
  let wrong = 0;
  for (let b = 0; b < B; b++) {
    let sum = 0;
    for (let n = 0; n < N; n++) {
      for (let i = 0; i < D; i++) {
        const at = b * (N + 1);
        sum += given.y[at + n] * given.x[(at + n) * D + i] * given.x[(at + N) * D + i];
      }
    }
    wrong += Number(sum > 0 !== given.y[b * (N + 1) + N] > 0) / B;
  }
  assertLess(error, wrong);
  assertEquals(predictions.every((value) => Math.abs(value) <= 1), true);
  // Six planes through the origin make 32 cones of expected size: 3000 directions leave many in each.
  assertLess(50, agreeing);
});

Deno.test("Bayes classifier: sizes that do not fit, and labels that no direction explains, are refused", () => {
  assertThrows(
    () => bayesClassifier({ x: [1, 1], y: [1, -1, 1], dimension: 1, examples: 2 }, { directions: 8 }),
    RangeError,
    "bayesClassifier: expected B × 3 labels of inputs in 1 dimensions, found 3",
  );
  assertThrows(
    () => bayesClassifier({ x: [1, 1, 1], y: [1, -1, 1], dimension: 1, examples: 2 }, { directions: 8 }),
    RangeError,
    "bayesClassifier: expected directions that agree with prompt 0, found none of 8",
  );
});
