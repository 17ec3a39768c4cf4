import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  PAPER_START,
  PAPER_WEIGHTS,
  randomSpinStart,
  randomSpinWeights,
  type SpinSystem,
} from "../../../lib/models/spin_attention.ts";
import { SpinOrbit } from "../../../lib/theory/attention_dmft/map.ts";

const GAMMA = 220 / Math.sqrt(3);

/** Attention over whole tokens, as the paper writes it: expectations of N = 6 spins and 2 bits, positions rolled as a list. */
function* literal({ weights, beta, gamma, epsilon }: SpinSystem, start: readonly number[]): Generator<number[]> {
  const N = 6;
  const row = (weight: readonly number[], a: number) => ({
    spins: Array.from({ length: N }, (_, i) => weight[5 * a + Math.floor(3 * i / N)]),
    places: [3, 4].map((p) => weight[5 * a + p]),
  });
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
  const spinsOf = (A: readonly number[]) =>
    Array.from({ length: N }, (_, i) => {
      const h = [0, 1, 2].reduce((sum, b) => sum + row(weights.o, b).spins[i] * A[b], 0);
      return Math.tanh(beta * h);
    });
  let tokens = [0, 1, 2, 3].map((j) => spinsOf(start.slice(3 * j, 3 * j + 3)));
  let places = [[1, 1], [1, -1], [-1, 1], [-1, -1]];
  while (true) {
    const feature = (weight: readonly number[], j: number) =>
      [0, 1, 2].map((a) => {
        const { spins, places: bits } = row(weight, a);
        return (1 - epsilon) * dot(spins, tokens[j]) / N + epsilon * dot(bits, places[j]) / 2;
      });
    const query = feature(weights.q, 0);
    const e = [0, 1, 2, 3].map((j) => Math.exp(gamma * dot(query, feature(weights.k, j))));
    const total = e.reduce((sum, value) => sum + value);
    const A = [0, 1, 2].map((a) => [0, 1, 2, 3].reduce((sum, j) => sum + e[j] / total * feature(weights.v, j)[a], 0));
    yield A;
    tokens = [spinsOf(A), ...tokens.slice(0, 3)];
    places = [places[3], ...places.slice(0, 3)];
  }
}

Deno.test("an orbit of the map is that of attention over whole tokens, written as in the paper", () => {
  for (const weights of [PAPER_WEIGHTS, randomSpinWeights(5)]) {
    const system = { weights, beta: 1.1, gamma: 30, epsilon: 0.1 };
    const orbit = new SpinOrbit(system, { window: PAPER_START, phase: 0 });
    const whole = literal(system, PAPER_START);
    for (let step = 1; step <= 12; step++) {
      orbit.step();
      whole.next().value!.forEach((a: number, index: number) => assertAlmostEquals(orbit.window[index], a, 1e-11));
      assertEquals(orbit.phase, step % 4);
    }
  }
});

Deno.test("derivatives of the map are its finite differences, for the authors' weights and for others, at all phases", () => {
  for (const [seed, weights] of [PAPER_WEIGHTS, randomSpinWeights(1), randomSpinWeights(2)].entries()) {
    const system = { weights, beta: 1.4, gamma: seed === 0 ? GAMMA : 20, epsilon: 0.05 };
    const orbit = new SpinOrbit(system, { window: randomSpinStart(seed + 1), phase: 0 });
    for (let step = 0; step < 4; step++) {
      orbit.step();
      const [jacobian, window, phase] = [orbit.jacobian(), [...orbit.window], orbit.phase];
      for (let i = 0; i < 12; i++) {
        const h = 1e-6;
        const [above, below] = [h, -h].map((by) => {
          const moved = new SpinOrbit(system, { window: window.with(i, window[i] + by), phase });
          moved.step();
          return moved.window;
        });
        for (let a = 0; a < 3; a++) {
          assertAlmostEquals(jacobian[a * 12 + i], (above[a] - below[a]) / (2 * h), 2e-7, `∂A${a}/∂${i}`);
        }
      }
    }
  }
});

Deno.test("orbits refuse windows and weights of other lengths, and numbers that are not finite", () => {
  const system = { weights: PAPER_WEIGHTS, beta: 1, gamma: 1, epsilon: 0 };
  const refused = (window: number[], weights = PAPER_WEIGHTS) => () =>
    new SpinOrbit({ ...system, weights }, { window, phase: 0 });
  assertThrows(refused([1, 2]), RangeError, "expected a window of 12 finite numbers, found 1, 2");
  assertThrows(refused(Array(12).fill(NaN)), RangeError, "expected a window of 12 finite numbers");
  assertThrows(
    refused([...PAPER_START], { ...PAPER_WEIGHTS, q: [1] }),
    RangeError,
    "expected 15 signs of a weight, found 1",
  );
});

Deno.test("random weights are fair signs of their seed, random starts lie in (−1, 1)", () => {
  const all = Array.from({ length: 200 }, (_, seed) => Object.values(randomSpinWeights(seed)).flat());
  assert(all.every((signs) => signs.length === 60 && signs.every((sign: number) => sign === 1 || sign === -1)));
  assert(Math.abs(all.flat().reduce((sum, sign) => sum + sign, 0)) < 4 * Math.sqrt(200 * 60));
  assertEquals(randomSpinWeights(3), randomSpinWeights(3));
  assert(randomSpinStart(3).length === 12 && randomSpinStart(3).every((a) => Math.abs(a) < 1));
});
