/** Plateaus, waits and the flow of heads: reference numbers, finite differences, conservation, and prompts drawn one by one. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { normals } from "../../../lib/random/random.ts";
import { integrate } from "../../../lib/theory/integrate.ts";
import {
  keyQueryFlow,
  keyQueryGradient,
  type KeyQueryHeads,
  keyQueryLoss,
  keyQueryMap,
  predictionDistance,
} from "../../../lib/theory/separate_keys_queries/flow.ts";
import {
  keyQueryPlateaus,
  keyQueryWait,
  regressionMoments,
} from "../../../lib/theory/separate_keys_queries/plateaus.ts";

const problem = { spectrum: [0.4, 0.3, 0.2, 0.1], context: 31 };
const D = 4;
const SIZES: readonly KeyQueryHeads[] = [{ heads: 2, rank: 1 }, { heads: 3, rank: 2 }, { heads: 2, rank: "merged" }];

const length = ({ heads, rank }: KeyQueryHeads) => heads * (1 + (rank === "merged" ? D * D : 2 * rank * D));
const halfLoss = (sizes: KeyQueryHeads, state: ArrayLike<number>) =>
  keyQueryLoss(problem, keyQueryMap(sizes, D, state)) / 2;

Deno.test("plateaus and waits are those of a separate implementation", () => {
  const rounded = (values: Iterable<number>) => Array.from(values, (value) => Number(value.toFixed(4)));
  assertEquals(rounded(keyQueryPlateaus(problem)), [1, 0.6406, 0.3774, 0.2098, 0.136]);
  const other = keyQueryPlateaus({ spectrum: [4, 2, 1, 0.5], context: 8 });
  assertEquals(rounded(other), [7.5, 4.5575, 3.3026, 2.8177, 2.6511]);
  // Its waits were measured with finite steps; those of the flow are up to 0.2 shorter.
  const waits = { separate: [58.5, 204.5, 621], merged: [17, 24.6, 31.5] };
  for (const matrices of ["separate", "merged"] as const) {
    [0.1, 0.03, 0.01].forEach((start, k) => {
      const found = keyQueryWait(problem, matrices, { mode: 0, start });
      const early = waits[matrices][k] - found;
      assert(early > 0 && early < 0.25, `${matrices}, ${start}: ${found}`);
    });
  }
});

Deno.test("the closed form of a wait is where the integrated scalar flow arrives", () => {
  const { lambda, gamma, slopes } = regressionMoments(problem);
  for (const mode of [0, 2]) {
    for (const share of [0.2, 0.9]) {
      for (const [matrices, power] of [["separate", 3], ["merged", 2]] as const) {
        const time = keyQueryWait(problem, matrices, { mode, start: 0.1, share });
        const { states } = integrate(
          (_t, y, out) =>
            out[0] = y[0] ** (power - 1) * (lambda[mode] ** 2 - lambda[mode] * gamma[mode] * y[0] ** power),
          [0.1],
          [time],
        );
        assertAlmostEquals(states[0][0] ** power / slopes[mode], share, 1e-8);
      }
    }
  }
});

Deno.test("the loss is the mean over prompts that are drawn pair by pair", () => {
  const small = { spectrum: [0.9, 0.4], context: 3 };
  const M = [0.5, -0.2, 0.3, 0.8];
  const prompts = 300_000;
  const z = normals({ seed: 3, key: "prompts" }, prompts * 10);
  let [sum, squares] = [0, 0];
  for (let b = 0; b < prompts; b++) {
    const at = (k: number) => z[10 * b + k];
    const x = (n: number, i: number) => Math.sqrt(small.spectrum[i]) * at(2 + 2 * n + i);
    const y = (n: number) => at(0) * x(n, 0) + at(1) * x(n, 1);
    const beta = [0, 1].map((i) => (y(0) * x(0, i) + y(1) * x(1, i) + y(2) * x(2, i)) / 3);
    const answer = [0, 1].reduce((sum, i) => sum + beta[i] * (M[2 * i] * x(3, 0) + M[2 * i + 1] * x(3, 1)), 0);
    const loss = (answer - y(3)) ** 2;
    sum += loss / prompts;
    squares += loss * loss / prompts;
  }
  const error = Math.sqrt((squares - sum * sum) / prompts);
  const exact = keyQueryLoss(small, M);
  assert(Math.abs(sum - exact) < 4 * error, `${sum} ± ${error}, exact ${exact}`);
});

for (const sizes of SIZES) {
  Deno.test(`${sizes.heads} heads, rank ${sizes.rank}: the gradient is that of the loss by finite differences`, () => {
    const state = normals({ seed: 1, key: "state" }, length(sizes));
    const gradient = keyQueryGradient(problem, sizes, state);
    for (let i = 0; i < state.length; i++) {
      const at = (step: number) => halfLoss(sizes, state.map((value, k) => k === i ? value + step : value));
      assertAlmostEquals(gradient[i], (at(1e-5) - at(-1e-5)) / 2e-5, 1e-7);
    }
  });

  Deno.test(`${sizes.heads} heads, rank ${sizes.rank}: the flow conserves v² − ‖K‖², and K Kᵀ − Q Qᵀ`, () => {
    const start = normals({ seed: 2, key: "start" }, length(sizes)).map((value) => 0.3 * value);
    const { states: [end] } = keyQueryFlow(problem, sizes, start, 0.5, [100]);
    assert(halfLoss(sizes, end) < 0.9 * halfLoss(sizes, start));
    const { heads: H, rank } = sizes;
    const E = rank === "merged" ? D : rank;
    const row = (state: Float64Array, k: number) => state.subarray(H + k * D, H + (k + 1) * D);
    const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
    const conserved = (state: Float64Array) =>
      Array.from({ length: H }, (_, head) => {
        const rows = Array.from({ length: E }, (_, e) => head * E + e);
        const norm = rows.reduce((sum, k) => sum + dot(row(state, k), row(state, k)), 0);
        if (rank === "merged") return [state[head] ** 2 - norm];
        const differences = rows.flatMap((k) =>
          rows.map((l) => dot(row(state, k), row(state, l)) - dot(row(state, H * E + k), row(state, H * E + l)))
        );
        return [state[head] ** 2 - norm, ...differences];
      }).flat();
    const before = conserved(start);
    conserved(end).forEach((value, k) => assertAlmostEquals(value, before[k], 1e-8));
  });
}

Deno.test("five random heads of rank one visit all plateaus and end on the lowest", () => {
  const sizes = { heads: 5, rank: 1 };
  const start = normals({ seed: 103, key: "x" }, length(sizes)).map((value) => 0.05 * value);
  const steps = Array.from({ length: 2000 }, (_, k) => 2 * k);
  const { states } = keyQueryFlow(problem, sizes, start, 1, steps, { relative: 1e-8, absolute: 1e-10 });
  const losses = states.map((state) => 2 * halfLoss(sizes, state));
  for (const plateau of keyQueryPlateaus(problem)) {
    const nearest = Math.min(...losses.map((loss) => Math.abs(loss - plateau)));
    assert(nearest < 0.01, `plateau ${plateau}: ${nearest}`);
  }
  assertAlmostEquals(losses.at(-1)!, 0.136, 1e-4);
});

Deno.test("the distance of predictions from zero is their mean square, and adds to the loss at the best map", () => {
  const { slopes } = regressionMoments(problem);
  const best = new Float64Array(D * D);
  slopes.forEach((slope, d) => best[d * (D + 1)] = slope);
  const M = normals({ seed: 4, key: "map" }, D * D);
  const excess = keyQueryLoss(problem, M) - keyQueryLoss(problem, best);
  assertAlmostEquals(predictionDistance(problem, M, best), excess, 1e-12);
});

Deno.test("what has no wait is refused", () => {
  const wait = (options: { mode: number; start: number; share?: number }) => () =>
    keyQueryWait(problem, "separate", options);
  assertThrows(wait({ mode: 4, start: 0.1 }), RangeError, "expected a mode from 0 to 3, found 4");
  assertThrows(wait({ mode: 0, start: 2 }), RangeError, "expected a share of the slope between");
  assertThrows(() => keyQueryMap({ heads: 1, rank: 1 }, 2, [1, 2]), RangeError, "expected state of length 5, found 2");
});

Deno.test("small steps of SGD on prompts drawn pair by pair follow the flow, drop by drop", () => {
  const [small, H, B, rate] = [{ spectrum: [0.6, 0.3], context: 6 }, 2, 60, 0.02];
  const [D, N] = [2, small.context];
  const sizes = { heads: H, rank: 1 };
  const start = normals({ seed: 6, key: "test heads" }, H * (1 + 2 * D)).map((value) => 0.3 * value);
  const times = [10, 20, 40, 80];
  const { states } = keyQueryFlow(small, sizes, start, rate, times.map((time) => time / rate));
  const scale = small.spectrum.map(Math.sqrt);
  const state = Float64Array.from(start);
  const slopes = regressionMoments(small).slopes;
  let drops = 0;
  for (let step = 0; step <= times.at(-1)! / rate; step++) {
    const at = times.indexOf(step * rate);
    if (at >= 0) {
      const [found, exact] = [state, states[at]].map((one) => keyQueryMap(sizes, D, one));
      found.forEach((value, i) => assertAlmostEquals(value / slopes[0], exact[i] / slopes[0], 0.08));
      drops = exact[0] / slopes[0] > 0.9 && exact[3] / slopes[1] > 0.9 ? 2 : exact[0] / slopes[0] > 0.9 ? 1 : drops;
    }
    const M = keyQueryMap(sizes, D, state);
    const z = normals({ seed: 6, key: "test prompts", step }, B * (D + (N + 1) * D));
    const G = new Float64Array(D * D);
    for (let b = 0; b < B; b++) {
      const row = z.subarray(b * (D + (N + 1) * D), (b + 1) * (D + (N + 1) * D));
      const pair = (n: number) => {
        const x = scale.map((s, d) => s * row[D + n * D + d]);
        return { x, y: x[0] * row[0] + x[1] * row[1] };
      };
      const beta = [0, 0];
      for (let n = 0; n < N; n++) {
        const { x, y } = pair(n);
        x.forEach((value, d) => beta[d] += value * y / N);
      }
      const { x, y } = pair(N);
      const error = beta.reduce((sum, c, i) => sum + c * (M[i * D] * x[0] + M[i * D + 1] * x[1]), 0) - y;
      for (let i = 0; i < D; i++) for (let j = 0; j < D; j++) G[i * D + j] += error * beta[i] * x[j] / B;
    }
    const before = Float64Array.from(state);
    for (let h = 0; h < H; h++) {
      const [v, k, q] = [before[h], H + h * D, H + H * D + h * D];
      for (let i = 0; i < D; i++) {
        for (let j = 0; j < D; j++) {
          state[h] -= rate * G[i * D + j] * before[k + i] * before[q + j];
          state[k + i] -= rate * G[i * D + j] * v * before[q + j];
          state[q + j] -= rate * G[i * D + j] * v * before[k + i];
        }
      }
    }
  }
  assertEquals(drops, 2, "both modes are learnt within the time");
});
