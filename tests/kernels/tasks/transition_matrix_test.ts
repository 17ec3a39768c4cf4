import { assert, assertEquals, assertLess } from "@std/assert";
import { listPlaces } from "../../../kernels/random/list_place.ts";
import {
  givenTransitions,
  softmaxCumulative,
  transitionsAt,
  transitionsAtReference,
} from "../../../kernels/tasks/transition_matrix.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { kolmogorovSmirnov } from "../../oracles/distributions.ts";
import { KEYS, placeTensor, somePlaces } from "../../oracles/places.ts";
import { waves } from "../../oracles/waves.ts";

await openGpu();

async function draw(concentration: number[], B: number, V: number) {
  const R = concentration.length;
  const places = somePlaces(R, B);
  using place = placeTensor(places, [R, B]);
  using alpha = Tensor.from(concentration);
  const { probability, cumulative } = transitionsAt(place, alpha, KEYS, V);
  assertEquals([probability.shape, cumulative.shape], [[R, B, V, V], [R, B, V, V]]);
  const result = { places, p: await probability.read(), c: await cumulative.read() };
  probability.destroy();
  cumulative.destroy();
  return result;
}

Deno.test("transitions: probabilities as in double precision, one state, odd sizes, more columns than lanes", async () => {
  for (
    const [concentration, B, V] of [[[1], 1, 1], [[1, 0.1, 7.5], 4, 5], [[0.01, 300], 3, 3], [[1], 2, 131]] as const
  ) {
    const { places, p, c } = await draw([...concentration], B, V);
    let [worst, off] = [0, 0];
    places.forEach((place, item) => {
      const exact = transitionsAtReference(place, concentration[Math.floor(item / B)], KEYS, V);
      let sum = 0;
      exact.forEach((value, k) => {
        sum = (k % V ? sum : 0) + value;
        worst = Math.max(worst, Math.abs(p[item * V * V + k] - value));
        off = Math.max(off, Math.abs(c[item * V * V + k] - sum));
        if (k % V === V - 1) assertEquals(c[item * V * V + k], 1);
      });
    });
    // A Gamma number's logarithm is good to 2e-5 for shapes ≥ 1; below, u^(1/α) divides the error of a logarithm by α.
    const tolerance = 2e-5 / Math.min(1, ...concentration);
    assertLess(worst, tolerance, `α = ${concentration}, V = ${V}`);
    assertLess(off, tolerance, `α = ${concentration}, V = ${V}`);
  }
});

Deno.test("transitions: a replica alone has the bits that it has in an ensemble", async () => {
  const { p } = await draw([1, 0.3], 3, 4);
  assertEquals((await draw([1], 3, 4)).p, p.slice(0, 48));
});

Deno.test("transitions: entries are Beta numbers, rows of tiny α one-hot and none empty", async () => {
  using seeds = Tensor.from(Uint32Array.of(4));
  using place = listPlaces(seeds, 8000);
  const draw = async (alpha: number, V: number) => {
    using table = Tensor.from([alpha]);
    const { probability, cumulative } = transitionsAt(place, table, KEYS, V);
    const values = await probability.read();
    probability.destroy();
    cumulative.destroy();
    return values;
  };
  // Dirichlet(1, 1, 1): Beta(1, 2), F = 1 − (1 − x)².  Dirichlet(½, ½): the arcsine law.
  const first = (values: Float32Array, V: number) => values.filter((_, k) => k % V === 0);
  assertLess(kolmogorovSmirnov(first(await draw(1, 3), 3), (x) => 1 - (1 - x) ** 2), 2.23);
  assertLess(kolmogorovSmirnov(first(await draw(0.5, 2), 2), (x) => 2 / Math.PI * Math.asin(Math.sqrt(x))), 2.23);
  const tiny = await draw(0.001, 4);
  let ones = 0;
  for (let row = 0; row < tiny.length / 4; row++) {
    const values = tiny.subarray(4 * row, 4 * row + 4);
    assertLess(Math.abs(values.reduce((a, b) => a + b) - 1), 1e-6);
    if (Math.max(...values) > 0.999) ones++;
  }
  assert(ones > 0.97 * tiny.length / 4, `${ones}`);
});

Deno.test("transitions: over 65 535 workgroups, the last matrix like the first", async () => {
  const M = 2_100_001;
  using seeds = Tensor.from(Uint32Array.of(4));
  using place = listPlaces(seeds, M);
  using alpha = Tensor.from([2]);
  const { probability, cumulative } = transitionsAt(place, alpha, KEYS, 2);
  const p = await probability.read();
  for (const item of [0, 65_535 * 32, 65_536 * 32, M - 1]) {
    transitionsAtReference([4, 0, item, 1], 2, KEYS, 2).forEach((exact, k) => {
      assertLess(Math.abs(p[4 * item + k] - exact), 2e-5);
    });
  }
  probability.destroy();
  cumulative.destroy();
});

Deno.test("softmax_cumulative: over 65 535 workgroups, each row as in double precision", async () => {
  const [M, V] = [4_200_001, 2];
  const logits = waves(M * V, 1);
  using p = Tensor.from(logits, [M, V]);
  using c = softmaxCumulative({ p }).c;
  const [found, sums] = [await p.read(), await c.read()];
  let worst = 0;
  for (let row = 0; row < M; row++) {
    const exact = 1 / (1 + Math.exp(logits[2 * row + 1] - logits[2 * row]));
    worst = Math.max(
      worst,
      Math.abs(found[2 * row] - exact),
      Math.abs(sums[2 * row] - exact),
      Math.abs(sums[2 * row + 1] - 1),
    );
  }
  assertLess(worst, 1e-6);
});

Deno.test("given transitions: counts become probabilities, the same for every replica", async () => {
  const { probability, cumulative } = givenTransitions([1, 3, 0, 2], 2);
  assertEquals([...await probability.read()], [0.25, 0.75, 0, 1, 0.25, 0.75, 0, 1]);
  assertEquals([...await cumulative.read()], [0.25, 1, 0, 1, 0.25, 1, 0, 1]);
  probability.destroy();
  cumulative.destroy();
});
