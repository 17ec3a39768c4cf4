/** Spectra of circuits, and subspace distances that are known. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  comparedRank,
  leadingVectors,
  spectraOf,
  type Spectrum,
  subspaceDistance,
} from "../../../experiments/grokking/spectral.ts";
import { openGpu } from "../../../lib/gpu/mod.ts";
import { svdReference } from "../../../lib/linalg/mod.ts";
import { normals } from "../../../lib/random.ts";

await openGpu();

/** Singular values and standard basis vectors, in the given order, of three dimensions. */
const axes = (s: readonly number[], order: readonly number[], rank = 0): Spectrum => ({
  s: Float32Array.from(s),
  v: Float32Array.from({ length: 3 * s.length }, (_, k) => Number(order[k % s.length] === Math.floor(k / s.length))),
  rank,
});

Deno.test("subspace distance: 0 inside, 1 where orthogonal, the lost part between", () => {
  const end = axes([3, 4], [0, 1]);
  assertAlmostEquals(subspaceDistance(axes([1, 1], [1, 0]), end, 2), 0, 1e-7);
  assertAlmostEquals(subspaceDistance(axes([1], [2]), end, 1), 1, 1e-7);
  assertAlmostEquals(subspaceDistance(axes([1, 0.1], [1, 0]), end, 1), 3 / 5, 1e-7);
});

Deno.test("the compared rank is the heads' width, or the effective rank rounded up", () => {
  assertEquals(comparedRank(axes([1, 1e-4], [0, 1], 2)), 2);
  assertEquals(comparedRank(axes([1, 1], [0, 1])), 2);
  assertEquals(comparedRank(axes([1, 1e-4], [0, 1])), 2);
  assertEquals(comparedRank(axes([1, 0], [0, 1])), 1);
  assertEquals([...leadingVectors(axes([2, 1], [1, 2]), 1)], [0, 1, 0]);
});

Deno.test("spectra: QK and OV of every head and replica have the singular values of their products", async () => {
  const [S, C, H, mlp] = [2, 6, 2, 4];
  const D = C / H;
  const array = (name: string, ...shape: number[]) => ({
    name,
    shape: [S, ...shape],
    data: Float32Array.from(normals({ seed: 1, key: "spectra test", item: name.length }, S * shape[0] * shape[1])),
  });
  const weights = [
    ...["query", "key", "value", "output"].map((name) => array(`blocks.0.attention.${name}`, C, C)),
    array("blocks.0.mlp.in", C, mlp),
    array("blocks.0.mlp.out", mlp, C),
    array("embedding.token", 8, C),
    array("unembedding", C, 7),
  ];
  const of = (name: string) => weights.find((one) => one.name === `blocks.0.attention.${name}`)!.data;
  const found = await spectraOf(weights, H);
  assertEquals(found.map(({ OV, embedding }) => [OV.length, embedding.length]), [[H, 1], [H, 1]]);
  for (const r of [0, 1]) {
    for (const h of [0, 1]) {
      const product = (entry: (a: number, b: number, d: number) => number) =>
        Float64Array.from(
          { length: C * C },
          (_, index) =>
            Array.from({ length: D }, (_, d) => entry(Math.floor(index / C), index % C, d)).reduce((a, b) => a + b),
        );
      const column = (name: string, a: number, d: number) => of(name)[r * C * C + a * C + h * D + d];
      const qk = product((a, b, d) => column("query", a, d) * column("key", b, d));
      const ov = product((a, b, d) => column("value", a, d) * of("output")[r * C * C + (h * D + d) * C + b]);
      for (const [spectrum, matrix] of [[found[r].QK[h], qk], [found[r].OV[h], ov]] as const) {
        const { s } = svdReference(matrix, C, C);
        spectrum.s.forEach((value, index) => assertAlmostEquals(value, s[index], 1e-5 * s[0]));
        assertEquals(spectrum.rank, D);
      }
    }
  }
});
