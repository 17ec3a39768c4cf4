import { assert, assertAlmostEquals } from "@std/assert";
import { PAPER_START, PAPER_WEIGHTS, randomSpinWeights, type SpinSystem } from "../../../lib/models/spin_attention.ts";
import { uniforms } from "../../../lib/random/random.ts";
import { spinNoise } from "../../../lib/theory/attention_dmft/finite_size.ts";
import { SpinOrbit } from "../../../lib/theory/attention_dmft/map.ts";

/** A after each step of N spins drawn one by one, in double precision. */
function simulate(system: SpinSystem, N: number, steps: number, seed: number): number[][] {
  const { weights: { o, v, q, k }, beta, gamma, epsilon } = system;
  let count = 0;
  const draw = (A: readonly number[]) =>
    [0, 1, 2].map((third) => {
      const h = [0, 1, 2].reduce((sum, b) => sum + o[5 * b + third] * A[b], 0);
      const chance = (1 + Math.tanh(beta * h)) / 2;
      const up = uniforms({ seed, key: "simulated spins", step: count++ }, N / 3).filter((u) => u < chance).length;
      return 2 * up / (N / 3) - 1;
    });
  let tokens = [0, 1, 2, 3].map((j) => draw(PAPER_START.slice(3 * j, 3 * j + 3)));
  let places = [[1, 1], [1, -1], [-1, 1], [-1, -1]];
  return Array.from({ length: steps }, () => {
    const feature = (weight: readonly number[], j: number) =>
      [0, 1, 2].map((a) =>
        [0, 1, 2].reduce((sum, s) => sum + (1 - epsilon) / 3 * weight[5 * a + s] * tokens[j][s], 0) +
        epsilon / 2 * (weight[5 * a + 3] * places[j][0] + weight[5 * a + 4] * places[j][1])
      );
    const query = feature(q, 0);
    const e = [0, 1, 2, 3].map((j) => {
      const key = feature(k, j);
      return Math.exp(gamma * query.reduce((sum, value, a) => sum + value * key[a], 0));
    });
    const total = e.reduce((sum, value) => sum + value);
    const values = [0, 1, 2, 3].map((j) => feature(v, j));
    const A = [0, 1, 2].map((a) => values.reduce((sum, value, j) => sum + e[j] / total * value[a], 0));
    tokens = [draw(A), ...tokens.slice(0, 3)];
    places = [places[3], ...places.slice(0, 3)];
    return A;
  });
}

Deno.test("linear noise theory gives the error of spins that are drawn one by one in double precision", () => {
  const [N, steps, repeats] = [1500, 6, 300];
  for (const gamma of [0, 4]) {
    const system = { weights: randomSpinWeights(8), beta: 0.8, gamma, epsilon: 0.1 };
    const orbit = new SpinOrbit(system, { window: PAPER_START, phase: 0 });
    const map = Array.from({ length: steps }, () => {
      orbit.step();
      return [...orbit.window.slice(0, 3)];
    });
    const squares = Array(steps).fill(0);
    for (let seed = 0; seed < repeats; seed++) {
      simulate(system, N, steps, seed).forEach((A, step) => {
        squares[step] += A.reduce((sum, a, i) => sum + (a - map[step][i]) ** 2, 0) / 3 / repeats;
      });
    }
    const predicted = spinNoise(system, { window: PAPER_START, phase: 0 }, steps);
    // 300 repeats of a few independent numbers: 6 % at most for one standard deviation.
    squares.forEach((square, step) => assertAlmostEquals(Math.sqrt(square * N) / predicted[step], 1, 0.15));
  }
});

Deno.test("with soft attention the theory holds for few spins in the authors' system, with sharp attention it does not", () => {
  const [N, steps, repeats] = [300, 12, 300];
  const ratioOf = (gamma: number) => {
    const system = { weights: PAPER_WEIGHTS, beta: 3, gamma, epsilon: 0.02 };
    const orbit = new SpinOrbit(system, { window: PAPER_START, phase: 0 });
    const map = Array.from({ length: steps }, () => {
      orbit.step();
      return [...orbit.window.slice(0, 3)];
    });
    const predicted = spinNoise(system, { window: PAPER_START, phase: 0 }, steps);
    let ratio = 0;
    for (let seed = 0; seed < repeats; seed++) {
      simulate(system, N, steps, seed).forEach((A, step) => {
        const square = A.reduce((sum, a, i) => sum + (a - map[step][i]) ** 2, 0) / 3;
        ratio += square * N / predicted[step] ** 2 / steps / repeats;
      });
    }
    return ratio;
  };
  assertAlmostEquals(ratioOf(220 / Math.sqrt(3) / 100), 1, 0.15);
  assert(ratioOf(220 / Math.sqrt(3)) > 4);
});
