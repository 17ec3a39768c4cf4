import { assertAlmostEquals } from "@std/assert";
import {
  type BlockName,
  diagonalSecondMoment,
  entrySecondMoment,
  promptLossVariance,
} from "../../../lib/theory/linear_icl/gradient_moments.ts";
import { modeGradient } from "../../../lib/theory/linear_icl/modes.ts";
import { lossAndGradient } from "../../oracles/linear_icl.ts";

/** Five-point Gauss–Hermite rule for N(0, 1): exact to degree 9 in each variable, and the squares have at most 8. */
const NODES = [0, ...[1, -1].flatMap((sign) => [-1, 1].map((root) => sign * Math.sqrt(5 + root * Math.sqrt(10))))];
const WEIGHTS = NODES.map((x) => x === 0 ? 8 / 15 : (7 + (x * x < 5 ? 2 : -2) * Math.sqrt(10)) / 60);

/** Exact mean over every variable of the definition's loss and gradient, nothing shared with the Wick enumeration. */
function quadrature(
  spectrum: readonly number[],
  N: number,
  state: readonly number[],
  visit: (weight: number, loss: number, at: (block: BlockName, i: number, j: number) => number) => void,
): void {
  const d = spectrum.length, D = 2 * d, variables = d * (N + 2);
  const wP = new Float64Array(D * D), wQ = new Float64Array(D * D);
  for (let i = 0; i < d; i++) {
    wP[(d + i) * D + d + i] = state[i];
    wQ[i * D + i] = state[d + i];
  }
  for (let code = 0; code < 5 ** variables; code++) {
    const z: number[] = [];
    let weight = 1;
    for (let v = 0, rest = code; v < variables; v++, rest = Math.floor(rest / 5)) {
      z.push(NODES[rest % 5]);
      weight *= WEIGHTS[rest % 5];
    }
    const task = new Float64Array(d * d);
    for (let i = 0; i < d; i++) task[i * d + i] = z[i];
    const query = Float64Array.from(spectrum, (s, i) => Math.sqrt(s) * z[d + i]);
    const tokens = Float64Array.from(z.slice(2 * d), (value, k) => Math.sqrt(spectrum[k % d]) * value);
    const { loss, dWP, dWQ } = lossAndGradient({ wP, wQ }, [{ tokens, query, task }]);
    visit(weight, loss, (block, i, j) => {
      const gradient = block[0] === "p" ? dWP : dWQ, shift = block[1] === "2" ? d : 0;
      return block[0] === "p" ? gradient[(d + i) * D + shift + j] : gradient[(shift + i) * D + j];
    });
  }
}

for (const [spectrum, N, state] of [[[1.3], 3, [0.7, 0.4]], [[1.5, 0.6], 1, [0.7, 0.9, 0.4, 0.8]]] as const) {
  const d = spectrum.length;
  Deno.test(`gradient moments equal exhaustive quadrature of the definition, d = ${d}, N = ${N}`, () => {
    const pairs = [["p1", "p1"], ["q2", "q2"], ["p1", "q2"], ["p2", "p2"], ["q1", "q1"]] as const;
    const diagonal = new Float64Array(4 * d * d), entries = pairs.map(() => new Float64Array(d * d));
    const mean = new Float64Array(2 * d);
    let loss = 0, square = 0;
    quadrature(spectrum, N, state, (weight, value, at) => {
      loss += weight * value;
      square += weight * value * value;
      const g = Array.from({ length: 2 * d }, (_, k) => k < d ? at("p2", k, k) : at("q1", k - d, k - d));
      g.forEach((a, i) => {
        mean[i] += weight * a;
        g.forEach((b, j) => diagonal[i * 2 * d + j] += weight * a * b);
      });
      pairs.forEach(([first, second], k) => {
        for (let i = 0; i < d; i++) {
          for (let j = 0; j < d; j++) entries[k][i * d + j] += weight * at(first, i, j) * at(second, i, j);
        }
      });
    });
    const problem = { spectrum, context: N };
    const close = (actual: number, expected: number, what: string) =>
      assertAlmostEquals(actual, expected, 1e-10 * (1 + Math.abs(expected)), what);
    diagonalSecondMoment(problem, state).forEach((value, k) => close(value, diagonal[k], `diagonal ${k}`));
    pairs.forEach(([first, second], k) => {
      entrySecondMoment(first, second, problem, state).forEach((value, e) => {
        close(value, entries[k][e], `${first} ${second} entry ${e}`);
      });
    });
    close(promptLossVariance(problem, state), square - loss * loss, "loss variance");
    const exact = modeGradient(problem, state);
    close(exact.loss, loss, "mean loss");
    exact.gradient.forEach((value, k) => close(value, mean[k], `mean gradient ${k}`));
  });
}
