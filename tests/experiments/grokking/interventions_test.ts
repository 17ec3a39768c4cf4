/** Interventions on a head's output matrix, and what a history keeps. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  type History,
  packHistory,
  someReplicas,
  squaredNorms,
  unpackHistory,
} from "../../../experiments/grokking/history.ts";
import {
  changedRows,
  movedInto,
  projectionOf,
  randomSubspace,
  redrawnIn,
  repeated,
} from "../../../experiments/grokking/interventions.ts";
import { normals } from "../../../lib/random/random.ts";

const N = 5;
const q = randomSubspace(3, 1, N, 2);
const P = projectionOf(q, N);
const rows = Float32Array.from(normals({ seed: 1, key: "rows test" }, 3 * N));
const noise = normals({ seed: 2, key: "rows test" }, 3 * N);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, x, i) => sum + x * b[i], 0);
const projected = (x: ArrayLike<number>) =>
  Array.from({ length: x.length }, (_, index) => {
    const [d, b] = [Math.floor(index / N), index % N];
    return Array.from({ length: N }, (_, a) => x[d * N + a] * P[a * N + b]).reduce((sum, y) => sum + y);
  });

Deno.test("a random subspace has orthonormal columns, is its own projection, and is the same again", () => {
  for (const [i, j, expected] of [[0, 0, 1], [1, 1, 1], [0, 1, 0]]) {
    const column = (which: number) => Array.from({ length: N }, (_, n) => q[n * 2 + which]);
    assertAlmostEquals(dot(column(i), column(j)), expected, 1e-12);
  }
  assertAlmostEquals(Array.from({ length: N }, (_, a) => P[a * N + a]).reduce((sum, x) => sum + x), 2, 1e-12);
  assertEquals(randomSubspace(3, 1, N, 2), q);
});

Deno.test("moved into a subspace: nothing outside of it, and the norm of before", () => {
  const moved = movedInto(rows, P, N);
  projected(moved).forEach((value, index) => assertAlmostEquals(value, moved[index], 1e-12));
  assertAlmostEquals(dot(moved, moved), dot(rows, rows), 1e-9);
});

Deno.test("redrawn in a subspace: outside of it as before, inside of the norm of before and different", () => {
  const redrawn = redrawnIn(rows, P, noise, N);
  const [before, after] = [projected(rows), projected(redrawn)];
  redrawn.forEach((value, index) => assertAlmostEquals(value - after[index], rows[index] - before[index], 1e-9));
  assertAlmostEquals(dot(after, after), dot(before, before), 1e-9);
  assertEquals(Math.abs(dot(after, before) / dot(before, before) - 1) > 0.05, true);
  const all = { final: P, random: projectionOf(randomSubspace(4, 0, N, 2), N), noise };
  assertEquals(changedRows(rows, { intervention: "none", ...all }, N), rows);
  assertEquals(changedRows(rows, { intervention: "redraw final", ...all }, N), redrawn);
});

Deno.test("arrays are repeated replica by replica", () => {
  const [{ shape, data }] = repeated([{ name: "w", shape: [2, 1], data: Float32Array.of(1, 2) }], 2);
  assertEquals([shape, [...data]], [[4, 1], [1, 2, 1, 2]]);
});

Deno.test("a history comes back from a checkpoint as it went in", () => {
  const point = (x: number) => ({
    trainLoss: x,
    testLoss: 2 * x,
    trainAccuracy: 0.5,
    testAccuracy: 0.25,
    norm2: 4 * x,
  });
  const weights = (x: number) => [
    { name: "blocks.0.mlp.in", shape: [1, 2], data: Float32Array.of(x, -x) },
    { name: "a", shape: [1, 1], data: Float32Array.of(x) },
  ];
  const history: History = {
    snapshots: [0, 3].map((step) => ({ step, points: [point(step), point(step + 1)], weights: weights(step) })),
    studied: [{ step: 3, weights: weights(5) }],
    branches: [3, 8].map((step) => ({
      step,
      tensors: [{ name: "optimizer.mean.w", shape: [1, 1], data: Float32Array.of(7 * step) }],
    })),
  };
  assertEquals(unpackHistory(packHistory(history)), history);
  const [first, second] = history.snapshots;
  const turned = { ...history, snapshots: [first, { ...second, weights: second.weights.toReversed() }] };
  assertEquals(unpackHistory(packHistory(turned)), history);
  const young: History = { ...history, studied: [], branches: [] };
  assertEquals(unpackHistory(packHistory(young)), young);
  assertEquals(someReplicas([{ name: "w", shape: [3, 1], data: Float32Array.of(1, 2, 3) }], [2, 0, 0])[0], {
    name: "w",
    shape: [3, 1],
    data: Float32Array.of(3, 1, 1),
  });
  assertEquals(squaredNorms([{ name: "w", shape: [2, 2], data: Float32Array.of(1, 2, 0, 3) }], 2), [5, 9]);
});
