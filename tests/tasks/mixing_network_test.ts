import { assert, assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { svdReference } from "../../lib/linalg/reference.ts";
import { solveReference } from "../../lib/linalg/reference_solve.ts";
import { uniforms } from "../../lib/random/random.ts";
import { mixingNetwork } from "../../lib/tasks/mixing_network.ts";
import { waveTensor } from "../oracles/gradients.ts";

await openGpu();

/** Matrices of a network as numbers, by replica and layer. */
async function matricesOf(network: ReturnType<typeof mixingNetwork>, D: number): Promise<Float64Array[][]> {
  const arrays = await Promise.all(network.weights.map((weight) => weight.read()));
  return network.conditionNumbers.map((_, r) =>
    arrays.map((data) => Float64Array.from(data.subarray(r * D * D, (r + 1) * D * D)))
  );
}

const conditionNumber = (matrix: ArrayLike<number>, D: number) => {
  const { s } = svdReference(matrix, D, D);
  return s[0] / s[D - 1];
};

Deno.test("mixing_network: rows of length one, of all candidates the best condition number, per seed", async () => {
  for (const D of [1, 3, 5, 12]) {
    const candidates = 40;
    using network = mixingNetwork({ dimension: D, layers: 2, candidates }, [7, 8, 7]);
    const matrices = await matricesOf(network, D);
    assertEquals(matrices[2], matrices[0]);
    [7, 8].forEach((seed, r) =>
      matrices[r].forEach((matrix, layer) => {
        for (let row = 0; row < D; row++) {
          assertAlmostEquals(Math.hypot(...matrix.subarray(row * D, (row + 1) * D)), 1, 1e-6);
        }
        const numbers = Array.from({ length: candidates }, (_, item) => {
          const drawn = uniforms({ seed, key: `mixing layer ${layer}`, item }, D * D).map((u) => 2 * u - 1);
          for (let row = 0; row < D; row++) {
            const length = Math.hypot(...drawn.subarray(row * D, (row + 1) * D));
            for (let d = 0; d < D; d++) drawn[row * D + d] /= length;
          }
          return conditionNumber(drawn, D);
        });
        const best = Math.min(...numbers);
        assertAlmostEquals(network.conditionNumbers[r][layer] / best, 1, 1e-6, `D = ${D}`);
        assertAlmostEquals(conditionNumber(matrix, D) / best, 1, 1e-4, `D = ${D}`);
      })
    );
    using alone = mixingNetwork({ dimension: D, layers: 2, candidates }, [8]);
    assertEquals((await matricesOf(alone, D))[0], matrices[1]);
  }
});

Deno.test("mixing_network: x ← φ(x W) layer by layer, which solving layer by layer undoes", async () => {
  const [R, S, D, slope] = [2, 9, 4, 0.2];
  using network = mixingNetwork({ dimension: D, candidates: 50 }, [1, 2]);
  using z = waveTensor([R, S, D], 1);
  using x = await evaluate(() => network.apply(z));
  assertEquals(x.shape, [R, S, D]);
  const [given, found, matrices] = [await z.read(), await x.read(), await matricesOf(network, D)];
  assertEquals(matrices[0].length, 4);
  for (let r = 0; r < R; r++) {
    for (let s = 0; s < S; s++) {
      const at = (r * S + s) * D;
      let row = Float64Array.from(given.subarray(at, at + D));
      matrices[r].forEach((W, layer) => {
        const next = Float64Array.from({ length: D }, (_, j) => row.reduce((sum, v, i) => sum + v * W[i * D + j], 0));
        row = layer < 3 ? next.map((value) => value < 0 ? slope * value : value) : next;
      });
      row.forEach((value, d) => assertAlmostEquals(found[at + d], value, 1e-5));
      // Back: x W = y means Wᵀ xᵀ = yᵀ.
      let back = row;
      for (let layer = 3; layer >= 0; layer--) {
        const W = matrices[r][layer];
        const transposed = W.map((_, k) => W[(k % D) * D + Math.floor(k / D)]);
        if (layer < 3) back = back.map((value) => value < 0 ? value / slope : value);
        back = Float64Array.from(solveReference(transposed, back, D, 1));
      }
      back.forEach((value, d) => assertAlmostEquals(value, given[at + d], 1e-9));
    }
  }
});

Deno.test("mixing_network: more candidates are never worse conditioned", () => {
  const numbers = [10, 100, 1000].map((candidates) => {
    using network = mixingNetwork({ dimension: 5, layers: 3, candidates }, [3]);
    return network.conditionNumbers[0];
  });
  for (let layer = 0; layer < 3; layer++) {
    assert(numbers[1][layer] <= numbers[0][layer] && numbers[2][layer] <= numbers[1][layer]);
    assertLess(numbers[2][layer], 3);
  }
});

Deno.test("mixing_network: what does not fit is refused in one line", () => {
  const refuses = (options: object, text: string) => {
    const { message } = assertThrows(() => mixingNetwork({ dimension: 3, candidates: 2, ...options }, [1]), RangeError);
    assertEquals(message, `mixing_network: expected ${text}`);
  };
  refuses({ dimension: 0 }, "dimension to be an integer ≥ 1, found 0");
  refuses({ candidates: 0 }, "candidates to be an integer ≥ 1, found 0");
  refuses({ slope: 0 }, "a slope in (0, 1], found 0");
  using network = mixingNetwork({ dimension: 3, candidates: 2 }, [1]);
  using wide = waveTensor([1, 2, 4], 1);
  assertEquals(
    assertThrows(() => network.apply(wide), Error).message,
    "mixing_network: expected latent variables (1, …, 3), found shape (1, 2, 4)",
  );
});
