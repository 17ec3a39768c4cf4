import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { type Pca, pca, randomizedPca } from "../../lib/linalg/pca.ts";
import { svdReference } from "../../lib/linalg/reference.ts";
import { matmulReference } from "../../lib/linalg/reference_solve.ts";
import { gaussian, largest, largestDifference, orthonormalityError, readAll, withSingularValues } from "./matrices.ts";

await openGpu();

interface Expected {
  readonly mean: Float64Array;
  readonly centred: Float64Array;
  readonly variances: Float64Array;
  readonly components: Float64Array;
}

function pcaReference(x: ArrayLike<number>, S: number, F: number): Expected {
  const mean = new Float64Array(F);
  for (let i = 0; i < x.length; i++) mean[i % F] += x[i] / S;
  const centred = Float64Array.from(x, (value, index) => value - mean[index % F]);
  const { s, v } = svdReference(centred, S, F);
  return { mean, centred, variances: s.map((value) => value * value / (S - 1)), components: v };
}

/** Checks mean, variances and scores, and each component up to its sign where variances are apart. */
async function assertComponents(found: Pca, expected: Expected, S: number, F: number, K: number, tolerance: number) {
  assertEquals([found.mean.shape, found.components.shape, found.variances.shape, found.scores.shape], [
    [F],
    [F, K],
    [K],
    [S, K],
  ]);
  const [mean, components, variances, scores] = await readAll(
    found.mean,
    found.components,
    found.variances,
    found.scores,
  );
  assertLess(largestDifference(mean, expected.mean), 1e-6 * (largest(expected.mean) || 1) + 1e-6, "mean");
  const top = expected.variances[0];
  assertLess(largestDifference(variances, expected.variances.slice(0, K)), tolerance * top, "variances");
  assertLess(orthonormalityError(components, F, K), 1e-5, "components");
  const width = expected.components.length / F;
  for (let k = 0; k < K; k++) {
    let overlap = 0;
    for (let f = 0; f < F; f++) overlap += components[f * K + k] * expected.components[f * width + k];
    assertLess(1 - Math.abs(overlap), tolerance, `component ${k}`);
  }
  const product = matmulReference(expected.centred, components, S, F, K);
  assertLess(largestDifference(scores, product), 1e-5 * largest(product) + 1e-5, "scores");
}

/** Rows with variances that fall by half, about a mean far from zero. */
function rows(S: number, F: number, K: number, seed: number): Float32Array {
  const values = Array.from({ length: K }, (_, k) => Math.sqrt(S) * 2 ** (-k / 2));
  return withSingularValues(values, S, F, seed).map((value, index) => value + 3 + index % F);
}

Deno.test("pca, against float64: more rows than columns and the other way round, some components and all", async () => {
  for (const [S, F, K] of [[40, 7, 7], [40, 7, 2], [9, 30, 5], [1500, 6, 6]]) {
    const x = rows(S, F, Math.min(S - 1, F), S);
    using tensor = Tensor.from(x, [S, F]);
    await assertComponents(pca(tensor, K), pcaReference(x, S, F), S, F, K, 1e-5);
  }
});

Deno.test("pca: one row has no variance", async () => {
  using x = Tensor.from([4, 5], [1, 2]);
  const { mean, components, variances, scores } = pca(x);
  const [average, , variance, coordinates] = await readAll(mean, components, variances, scores);
  assertEquals([...average, ...variance, ...coordinates], [4, 5, 0, 0]);
});

Deno.test("pca: an offset a thousand times the spread costs no digits of the variances", async () => {
  const [S, F] = [200, 3];
  const x = gaussian(S * F, 4).map((value) => value + 1000);
  using tensor = Tensor.from(x, [S, F]);
  const { mean, components, variances, scores } = pca(tensor);
  const [, , found] = await readAll(mean, components, variances, scores);
  const expected = pcaReference(x, S, F).variances;
  assertLess(largestDifference(found, expected), 1e-5 * expected[0]);
});

Deno.test("randomizedPca finds the leading components of a large matrix", async () => {
  const [S, F, K] = [1300, 90, 4];
  const x = rows(S, F, 40, 5);
  using tensor = Tensor.from(x, [S, F]);
  const expected = pcaReference(x, S, F);
  await assertComponents(randomizedPca(tensor, K), expected, S, F, K, 1e-5);
  // Without power iterations and extra directions it is only near.
  const rough = randomizedPca(tensor, K, { iterations: 0, oversampling: 0, seed: 1 });
  const [, , variances] = await readAll(rough.mean, rough.components, rough.variances, rough.scores);
  assertLess(1e-3 * expected.variances[0], largestDifference(variances, expected.variances.slice(0, K)));
});

Deno.test("pca and randomizedPca: leading axes, at once and recorded", async () => {
  const [S, F, K] = [20, 6, 2];
  const x = [rows(S, F, 6, 1), rows(S, F, 6, 2)];
  using both = Tensor.from([...x[0], ...x[1]], [2, 1, S, F]);
  for (const run of [(x: Tensor) => pca(x, K), (x: Tensor) => randomizedPca(x, K)]) {
    const at = run(both);
    assertEquals([at.mean.shape, at.components.shape, at.variances.shape, at.scores.shape], [
      [2, 1, F],
      [2, 1, F, K],
      [2, 1, K],
      [2, 1, S, K],
    ]);
    const [, , variances] = await readAll(at.mean, at.components, at.variances, at.scores);
    const expected = x.flatMap((values) => [...pcaReference(values, S, F).variances.slice(0, K)]);
    assertLess(largestDifference(variances, expected), 1e-4 * largest(expected));
    using program = await record("pca", () => run(both));
    program.replay(2);
    assertEquals(await program.outputs.variances.read(), variances);
  }
});

Deno.test("pca: errors name what is out of range", () => {
  using x = new Tensor([4, 3]);
  assertThrows(() => pca(x, 4), ShapeError, "pca: expected 1 to 3 components, found 4");
  assertThrows(() => randomizedPca(x, 0), ShapeError, "randomizedPca: expected 1 to 3 components, found 0");
});
