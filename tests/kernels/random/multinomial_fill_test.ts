import { assert, assertEquals, assertLess } from "@std/assert";
import { multinomialFill, multinomialReference } from "../../../kernels/random/multinomial_fill.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { uniforms } from "../../../lib/random/random.ts";

await openGpu();

const LAWS = { balanced: new Array<number>(10).fill(0.1), dominant: [0.5, ...new Array<number>(9).fill(0.5 / 9)] };

async function draw(seeds: readonly number[], law: Parameters<typeof multinomialFill>[1], items: number, step = 0) {
  using seed = Tensor.from(Uint32Array.from(seeds));
  using clock = Tensor.from(Uint32Array.of(step, step + 1, 1));
  using counts = multinomialFill({ seeds: seed, clock, key: "test" }, law, items);
  return await counts.read();
}

Deno.test("multinomial_fill: counts as in double precision, of one token, of two categories, of laws of two replicas", async () => {
  for (
    const [trials, probabilities] of [
      [[1], [[0.3, 0.7]]],
      [[7, 3], [[0.2, 0.3, 0.5], [0.6, 0.1, 0.3]]],
      [[50, 1000], [LAWS.dominant, LAWS.balanced]],
      [[200], [[0.9, 0.05, 0.05]]],
    ] as const
  ) {
    const [I, K] = [67, probabilities[0].length];
    const seeds = [5, 9].slice(0, trials.length);
    const values = await draw(seeds, { trials, probabilities }, I, 3);
    let differing = 0;
    seeds.forEach((seed, r) => {
      for (let item = 0; item < I; item++) {
        const at = { seed, key: "test", step: 3, item };
        const expected = multinomialReference(at, trials[r], probabilities[r]);
        const found = [...values.slice((r * I + item) * K, (r * I + item + 1) * K)];
        assertEquals(found.reduce((sum, count) => sum + count), trials[r]);
        if (expected.join() !== found.join()) differing++;
      }
    });
    // A number within rounding of a step of the distribution function: about one draw in 10⁶.
    assertLess(differing, 2, `${trials}`);
  }
});

Deno.test("multinomial_fill: a replica alone has the bits of the ensemble, among longer contexts too", async () => {
  const law = { trials: [50, 1000], probabilities: [LAWS.dominant, LAWS.balanced] };
  const together = await draw([1, 2], law, 5);
  const alone = await draw([1], { trials: [50], probabilities: [LAWS.dominant] }, 5);
  assertEquals(alone, together.slice(0, 50));
});

Deno.test("multinomial_fill: over 65 535 workgroups, the last item is drawn", async () => {
  const items = 64 * 65_535 + 3;
  const values = await draw([1], { trials: [2], probabilities: [[0.5, 0.5]] }, items);
  const last = { seed: 1, key: "test", step: 0, item: items - 1 };
  assertEquals([...values.slice(-2)], multinomialReference(last, 2, [0.5, 0.5]));
});

Deno.test("multinomial_fill: the law of tokens drawn one by one, by χ² of counts, of pairs of counts, and against binomial probabilities", async () => {
  for (
    const [name, p, N] of [["balanced", LAWS.balanced, 50], ["dominant", LAWS.dominant, 50], [
      "dominant",
      LAWS.dominant,
      1000,
    ]] as const
  ) {
    const items = 20_000;
    const drawn = await draw([11], { trials: [N], probabilities: [p] }, items);
    const tokens = tokenByToken(p, N, N > 50 ? 2000 : items);
    const measures: ((counts: ArrayLike<number>) => number)[] = [(c) => c[0], (c) => c[9], (c) => c[1] - c[5]];
    for (const measure of measures) {
      const [a, b] = [drawn, tokens].map((counts) =>
        Array.from({ length: counts.length / 10 }, (_, i) => measure(counts.subarray(10 * i, 10 * i + 10)))
      );
      const { statistic, degrees } = twoSamples(a, b);
      // Wilson–Hilferty: (χ²/ν)^⅓ is all but normal.
      const score = (Math.cbrt(statistic / degrees) - 1 + 2 / (9 * degrees)) / Math.sqrt(2 / (9 * degrees));
      assertLess(score, 4, `${name}, N = ${N}: χ² = ${statistic} of ${degrees} degrees of freedom`);
    }
    for (const k of [0, 1, 9]) {
      const counts = Array.from({ length: items }, (_, i) => drawn[10 * i + k]);
      const [mean, variance] = [N * p[k], N * p[k] * (1 - p[k])];
      const found = counts.reduce((sum, x) => sum + x) / items;
      const spread = counts.reduce((sum, x) => sum + (x - mean) ** 2, 0) / items;
      assertLess(Math.abs(found - mean), 4 * Math.sqrt(variance / items));
      assertLess(Math.abs(spread / variance - 1), 4 * Math.sqrt(2.2 / items));
      const none = counts.filter((x) => x === 0).length;
      const expected = items * (1 - p[k]) ** N;
      assert(
        Math.abs(none - expected) <= 4 * Math.sqrt(expected) + 1e-6,
        `${none} items without, expected ${expected}`,
      );
    }
  }
});

/** Counts (items, 10) of tokens that are drawn one by one on the host. */
function tokenByToken(p: readonly number[], N: number, items: number): Float32Array {
  const counts = new Float32Array(10 * items);
  for (let item = 0; item < items; item++) {
    for (const u of uniforms({ seed: 3, key: "tokens", item }, N)) {
      let [k, sum] = [0, p[0]];
      while (u > sum && k < 9) sum += p[++k];
      counts[10 * item + k]++;
    }
  }
  return counts;
}

/** χ² that two samples are of one law; values are joined until each cell holds 20. */
function twoSamples(a: readonly number[], b: readonly number[]): { statistic: number; degrees: number } {
  const values = [...new Set([...a, ...b])].sort((x, y) => x - y);
  let [statistic, cells, inA, inB] = [0, 0, 0, 0];
  const countOf = (sample: readonly number[]) => Map.groupBy(sample, (x) => x);
  const [ofA, ofB] = [countOf(a), countOf(b)];
  for (const value of values) {
    inA += ofA.get(value)?.length ?? 0;
    inB += ofB.get(value)?.length ?? 0;
    if (inA + inB < 40 || inA === 0 || inB === 0) continue;
    const ratio = Math.sqrt(b.length / a.length);
    statistic += (ratio * inA - inB / ratio) ** 2 / (inA + inB);
    cells++;
    [inA, inB] = [0, 0];
  }
  return { statistic, degrees: cells - 1 };
}
