/** Heads of stacked weights, subspaces, and changes of what is read from them and written into them. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { headOf, writeHead } from "../../lib/interventions/heads.ts";
import {
  leadingSubspaces,
  movedInto,
  normMatchedChange,
  projectionBatch,
  projectionOf,
  redrawnWithin,
  turned,
} from "../../lib/interventions/subspaces.ts";
import { randomSubspace } from "../../lib/random/laws.ts";
import { svdReference } from "../../lib/linalg/mod.ts";
import { normals } from "../../lib/random/random.ts";
import { C, circuitOf, H, parametersOf, R } from "../circuits/matrices.ts";

await openGpu();

const N = 5;
const q = randomSubspace({ seed: 3, key: "subspace test", item: 1 }, N, 2);
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
  assertEquals(randomSubspace({ seed: 3, key: "subspace test", item: 1 }, N, 2), q);
  assertThrows(() => randomSubspace({ seed: 3, key: "subspace test" }, 2, 3), RangeError, "at most 2 columns, found 3");
});

Deno.test("a batch of projections has one of each replica and head; none is zero or the identity", () => {
  const sizes = { replicas: 2, heads: 2, width: N };
  const of = (replica: number, head: number) => replica === 1 && head === 0 ? P : null;
  const traces = (batch: Float32Array) =>
    [0, 1, 2, 3].map((index) =>
      Array.from({ length: N }, (_, a) => batch[(index * N + a) * N + a]).reduce((sum, x) => sum + x)
    );
  traces(projectionBatch(sizes, of)).forEach((trace, b) => assertAlmostEquals(trace, b === 2 ? 2 : 0, 1e-6));
  traces(projectionBatch(sizes, of, "identity")).forEach((trace, b) =>
    assertAlmostEquals(trace, b === 2 ? 2 : N, 1e-6)
  );
  const message = "projectionBatch: expected projections (5, 5), found one of 4 numbers";
  assertThrows(() => projectionBatch(sizes, () => [1, 0, 0, 1]), RangeError, message);
});

Deno.test("moved into a subspace: nothing outside of it, and the norm of before", () => {
  const moved = movedInto(rows, P);
  projected(moved).forEach((value, index) => assertAlmostEquals(value, moved[index], 1e-12));
  assertAlmostEquals(dot(moved, moved), dot(rows, rows), 1e-9);
});

Deno.test("redrawn within a subspace: outside of it as before, inside of the norm of before and different", () => {
  const redrawn = redrawnWithin(rows, P, noise);
  const [before, after] = [projected(rows), projected(redrawn)];
  redrawn.forEach((value, index) => assertAlmostEquals(value - after[index], rows[index] - before[index], 1e-9));
  assertAlmostEquals(dot(after, after), dot(before, before), 1e-9);
  assert(Math.abs(dot(after, before) / dot(before, before) - 1) > 0.05);
});

Deno.test("turned: what was read from one subspace is read from another; its control changes as much", () => {
  const matrix = normals({ seed: 4, key: "rows test" }, N * 3);
  // Two subspaces at right angles.
  const both = randomSubspace({ seed: 5, key: "subspace test" }, N, 4);
  const [from, to] = [0, 2].map((first) =>
    Float64Array.from({ length: N * 2 }, (_, e) => both[Math.floor(e / 2) * 4 + first + e % 2])
  );
  const read = (w: ArrayLike<number>, frame: Float64Array) =>
    Array.from({ length: 6 }, (_, e) => {
      const [k, d] = [Math.floor(e / 3), e % 3];
      return dot(
        Array.from({ length: N }, (_, c) => frame[c * 2 + k]),
        Array.from({ length: N }, (_, c) => w[c * 3 + d]),
      );
    });
  const now = turned(matrix, from, to, N);
  const [old, there] = [read(matrix, from), read(matrix, to)];
  read(now, from).forEach((value) => assertAlmostEquals(value, 0, 1e-12));
  read(now, to).forEach((value, e) => assertAlmostEquals(value, there[e] + old[e], 1e-12));
  const control = normMatchedChange(matrix, now, noise);
  const change = (w: Float64Array) => Math.hypot(...w.map((value, i) => value - matrix[i]));
  assertAlmostEquals(change(control), change(now), 1e-12);
});

Deno.test("a head is read and written where it lies, as columns or as rows, and nothing else is touched", () => {
  const shapes = { read: [2, 3, 4], write: [2, 4, 3] } as const;
  for (const side of ["read", "write"] as const) {
    const weight = { name: "w", shape: shapes[side], data: Float32Array.from({ length: 24 }, (_, i) => i) };
    const place = { replica: 1, head: 1, heads: 2, side };
    const own = headOf(weight, place);
    assertEquals([...own], side === "read" ? [14, 15, 18, 19, 22, 23] : [18, 19, 20, 21, 22, 23]);
    writeHead(weight, place, own.map((value) => -value));
    weight.data.forEach((value, i) => assertEquals(value, own.includes(i) ? -i : i));
    assertThrows(
      () => headOf(weight, { ...place, head: 2 }),
      RangeError,
      `w: expected a weight with replica 1 and head 2 of 2 that ${side}, found one of shape (${
        shapes[side]
          .join(", ")
      })`,
    );
    assertThrows(() => writeHead(weight, place, [1]), RangeError, "w: expected a head of 6 numbers, found 1");
  }
});

Deno.test("leading subspaces span the leading singular vectors of every head's circuit", async () => {
  const arrays = parametersOf(1);
  for (const circuit of ["QK", "OV"] as const) {
    const found = await leadingSubspaces(arrays, { layer: 1, heads: H, circuit }, 2);
    assertEquals(found.length, R * H);
    found.forEach(({ left, right }, b) => {
      const { u, v } = svdReference(circuitOf(arrays, circuit, [Math.floor(b / H), 1, b % H]), C, C);
      for (const [columns, expected] of [[left, u], [right, v]]) {
        for (let k = 0; k < 2; k++) {
          const each = Array.from({ length: C }, (_, c) => columns[c * 2 + k] * expected[c * C + k]);
          assertAlmostEquals(Math.abs(each.reduce((sum, x) => sum + x)), 1, 1e-4);
        }
      }
    });
  }
});
