/** Spectra of circuits and matrices, and how far their row spaces are from those of another snapshot. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { finalSpaces, leadingVectors, spectralMeasures } from "../../../experiments/grokking/spectral.ts";
import { openGpu } from "../../../lib/gpu/mod.ts";
import { svdReference } from "../../../lib/linalg/mod.ts";
import { effectiveRank, rankRule, rowSpaceAngles, subspaceDistance } from "../../../lib/metrics/mod.ts";
import { normals } from "../../../lib/random/random.ts";

await openGpu();

const [S, C, H, mlp] = [2, 6, 2, 4];
const D = C / H;

/** Gaussian parameters of two replicas. */
function weightsOf(seed: number) {
  const array = (name: string, ...shape: number[]) => ({
    name,
    shape: [S, ...shape],
    data: Float32Array.from(normals({ seed, key: name }, S * shape[0] * shape[1])),
  });
  return [
    ...["query", "key", "value", "output"].map((name) => array(`blocks.0.attention.${name}`, C, C)),
    array("blocks.0.mlp.in", C, mlp),
    array("blocks.0.mlp.out", mlp, C),
    array("embedding.token", 8, C),
    array("unembedding", C, 7),
  ];
}

/** QK or OV (C, C) of a head, row by row. */
function circuit(weights: ReturnType<typeof weightsOf>, name: "QK" | "OV", r: number, h: number) {
  const of = (name: string, row: number, column: number) =>
    weights.find((one) => one.name === `blocks.0.attention.${name}`)!.data[(r * C + row) * C + column];
  const entry = (a: number, b: number, d: number) =>
    name === "QK" ? of("query", a, d) * of("key", b, d) : of("value", a, d) * of("output", d, b);
  return Float64Array.from({ length: C * C }, (_, index) => {
    let sum = 0;
    for (let d = h * D; d < (h + 1) * D; d++) sum += entry(Math.floor(index / C), index % C, d);
    return sum;
  });
}

Deno.test("final spaces: QK and OV of every head and replica have the singular values of their products", async () => {
  const weights = weightsOf(1);
  const found = await finalSpaces(weights, H);
  assertEquals([found.OV.shape, found.embedding.shape], [[S * H, C, D], [S, C, C]]);
  for (const name of ["QK", "OV"] as const) {
    const { s, ranks } = found[name];
    assertEquals(ranks, new Array(S * H).fill(D));
    for (let b = 0; b < S * H; b++) {
      const expected = svdReference(circuit(weights, name, Math.floor(b / H), b % H), C, C);
      for (let k = 0; k < D; k++) assertAlmostEquals(s[b * D + k], expected.s[k], 1e-5 * expected.s[0]);
      const columns = leadingVectors(found[name], b, 1);
      const dot = Array.from(columns).reduce((sum, x, n) => sum + x * expected.v[n * C], 0);
      assertAlmostEquals(Math.abs(dot), 1, 1e-5);
    }
  }
});

Deno.test("spectral measures are those of lib/metrics, means over heads, for every snapshot and replica", async () => {
  const [last, ...others] = [1, 2, 3].map(weightsOf);
  const snapshots = [...others, last];
  const found = await spectralMeasures(snapshots, await finalSpaces(last, H), H);
  assertEquals(found.map((replicas) => replicas.length), [S, S, S]);
  snapshots.forEach((weights, t) => {
    for (let r = 0; r < S; r++) {
      for (const name of ["QK", "OV"] as const) {
        const sizes = { M: C, N: C, rank: D };
        const heads = Array.from(
          { length: H },
          (_, h) => [circuit(weights, name, r, h), circuit(last, name, r, h)] as const,
        );
        const mean = (of: (now: Float64Array, end: Float64Array) => number) =>
          heads.reduce((sum, [now, end]) => sum + of(now, end) / H, 0);
        const near = (value: number, expected: number) =>
          assertAlmostEquals(value, expected, 2e-3, `${name} ${t} ${r}`);
        near(found[t][r].ranks[name], mean((now) => effectiveRank(svdReference(now, C, C).s)));
        near(found[t][r].distances[name], mean((now, end) => subspaceDistance(now, end, sizes)));
        near(
          found[t][r].angles[name],
          mean((now, end) => rowSpaceAngles(now, end, sizes).reduce((sum, x) => sum + x / D, 0)),
        );
      }
      const own = (name: string, from: typeof last) =>
        from.find((one) => one.name === name)!.data.slice(r * C * mlp, (r + 1) * C * mlp);
      const sizes = { M: C, N: mlp, rank: rankRule(svdReference(own("blocks.0.mlp.in", last), C, mlp).s) };
      assertAlmostEquals(
        found[t][r].distances["mlp in"],
        subspaceDistance(own("blocks.0.mlp.in", weights), own("blocks.0.mlp.in", last), sizes),
        1e-4,
      );
    }
  });
  const { distances, angles } = found[2][0];
  assertAlmostEquals(distances.OV, 0, 1e-4);
  assertAlmostEquals(angles.OV, 0, 1e-3);
});
