/** Row spaces of circuits and weights along a run. */
import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { compareSpaces, leadingVectors, matrixSpaces, spaceHistory } from "../../lib/circuits/spaces.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { svdReference } from "../../lib/linalg/mod.ts";
import { effectiveRank, rankRule, rowSpaceAngles, subspaceDistance } from "../../lib/metrics/mod.ts";
import { C, circuitOf, E, H, HEADS, L, parametersOf, R } from "./matrices.ts";

await openGpu();

const matrices = ["QK", "OV", "unembedding"] as const;

/** The unembedding (C, 7) of a replica. */
const unembedding = (arrays: ReturnType<typeof parametersOf>, r: number) =>
  arrays.find(({ name }) => name === "unembedding")!.data.slice(r * C * 7, (r + 1) * C * 7);

Deno.test("matrixSpaces: values and vectors of every circuit and weight, and how many are compared", async () => {
  const arrays = parametersOf(1);
  const found = await matrixSpaces(arrays, { heads: H, matrices });
  assertEquals([found.OV.shape, found.unembedding.shape], [[R * L * H, C, E], [R, 7, C]]);
  for (const name of ["QK", "OV"] as const) {
    assertEquals(found[name].ranks, HEADS.map(() => E));
    HEADS.forEach((head, b) => {
      const { s, v } = svdReference(circuitOf(arrays, name, head), C, C);
      for (let e = 0; e < E; e++) assertAlmostEquals(found[name].s[b * E + e], s[e], 1e-5 * s[0]);
      const first = leadingVectors(found[name], b, 1);
      const dot = Array.from(first).reduce((sum, x, n) => sum + x * v[n * C], 0);
      assertAlmostEquals(Math.abs(dot), 1, 1e-5);
      assertEquals(leadingVectors(found[name], b).length, C * E);
    });
  }
  for (let r = 0; r < R; r++) {
    assertEquals(found.unembedding.ranks[r], rankRule(svdReference(unembedding(arrays, r), C, 7).s));
  }
  const refused = () => matrixSpaces(arrays, { heads: H, matrices: ["W"] });
  await assertRejects(refused, RangeError, 'expected an array "W", found blocks.0.attention.query');
});

Deno.test("spaceHistory: the measures of lib/metrics, at more steps than are taken at once", async () => {
  const last = parametersOf(1);
  const snapshots = [...Array.from({ length: 12 }, (_, t) => parametersOf(2 + t)), last];
  const final = await matrixSpaces(last, { heads: H, matrices });
  const found = await spaceHistory(snapshots, final, H);
  assertEquals(matrices.map((name) => found[name].length), [13, 13, 13]);
  const near = (value: number, expected: number, what: string) => assertAlmostEquals(value, expected, 2e-3, what);
  for (const t of [0, 11, 12]) {
    for (const name of ["QK", "OV"] as const) {
      HEADS.forEach((head, b) => {
        const [now, end] = [snapshots[t], last].map((arrays) => circuitOf(arrays, name, head));
        const sizes = { M: C, N: C, rank: E };
        near(found[name][t].effectiveRank[b], effectiveRank(svdReference(now, C, C).s), "rank");
        near(found[name][t].distance[b], subspaceDistance(now, end, sizes), "distance");
        const angles = rowSpaceAngles(now, end, sizes);
        near(found[name][t].meanAngle[b], angles.reduce((sum, x) => sum + x / E, 0), "mean angle");
        near(found[name][t].largestAngle[b], angles[E - 1], "largest angle");
      });
    }
    for (let r = 0; r < R; r++) {
      const [now, end] = [snapshots[t], last].map((arrays) => unembedding(arrays, r));
      const sizes = { M: C, N: 7, rank: rankRule(svdReference(end, C, 7).s) };
      near(found.unembedding[t].distance[r], subspaceDistance(now, end, sizes), "distance of a weight");
    }
  }
});

Deno.test("compareSpaces: 0 within the last row space, a right angle outside it, and the share that is missed", async () => {
  const s = [5, 2, 1, 0.5];
  const [N, K] = [8, 4];
  const space = (first: number) => ({
    s: Float32Array.from({ length: 2 * K }, (_, e) => s[e % K]),
    v: Float32Array.from({ length: 2 * N * K }, (_, e) => Number(Math.floor(e / K) % N === (first + e % K) % N)),
    shape: [2, N, K] as const,
    ranks: [K, K],
  });
  const found = await compareSpaces([space(4), space(2), space(0)]);
  // The second space begins at channel 2: it lacks the first two directions of the last one.
  const missed = Math.hypot(s[0], s[1]) / Math.hypot(...s);
  [1, missed, 0].forEach((expected, t) => assertAlmostEquals(found[t].distance[1], expected, 1e-5));
  [1, 1 / 2, 0].forEach((share, t) => assertAlmostEquals(found[t].meanAngle[1], share * Math.PI / 2, 1e-5));
  [1, 1, 0].forEach((share, t) => assertAlmostEquals(found[t].largestAngle[1], share * Math.PI / 2, 1e-5));
  const [other] = await compareSpaces([space(0)], space(4));
  assertAlmostEquals(other.distance[0], 1, 1e-5);
});
