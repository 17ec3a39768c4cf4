import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { markovChain, markovChainReference } from "../../../kernels/tasks/markov_chain.ts";
import { givenTransitions } from "../../../kernels/tasks/transition_matrix.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { chiSquareCdf } from "../../oracles/distributions.ts";
import { waves } from "../../oracles/waves.ts";

const gpu = await openGpu();

/** Cumulative rows (count, V, V) of irregular positive weights. */
function cumulativeRows(count: number, V: number): Float32Array {
  const c = waves(count * V * V, 3).map((value) => Math.abs(value));
  for (let first = 0; first < c.length; first += V) {
    const row = c.subarray(first, first + V);
    for (let j = 1; j < V; j++) row[j] += row[j - 1];
    row.forEach((value, j) => row[j] = j + 1 === V ? 1 : value / row[V - 1]);
  }
  return c;
}

async function chains(
  seeds: number[],
  [B, T, P, V, K]: readonly [number, number, number, number, number],
  step = 2,
) {
  const R = seeds.length;
  const rows = cumulativeRows(P, V);
  const all = new Float32Array(R * rows.length);
  seeds.forEach((_, r) => all.set(rows, r * rows.length));
  using seedTensor = Tensor.from(Uint32Array.from(seeds));
  using clock = Tensor.from(Uint32Array.of(step, 9, 1));
  using c = Tensor.from(all, [R, P, V, V]);
  const from = Uint32Array.from({ length: R * B * Math.max(1, K) }, (_, k) => (k % B + k) % V);
  const to = from.map((token) => (token * 5 + 1) % V);
  using triggers = Tensor.from(from, [R, B, Math.max(1, K)]);
  using successors = Tensor.from(to, [R, B, Math.max(1, K)]);
  const place = { seeds: seedTensor, clock, key: "chain" };
  using tokens = markovChain(place, c, { B, T }, K > 0 ? { triggers, successors } : undefined);
  const values = await tokens.read();
  const exact = (r: number, b: number) => {
    const matrix = rows.subarray(b % P * V * V, (b % P + 1) * V * V);
    const fixed = new Map<number, number>();
    for (let k = 0; k < K; k++) fixed.set(from[(r * B + b) * K + k], to[(r * B + b) * K + k]);
    return markovChainReference({ seed: seeds[r], key: "chain", step, item: b }, matrix, T, fixed);
  };
  return { values, exact };
}

Deno.test("markov_chain: every token as the reference, one token, odd sizes, long chains, many states, triggers", async () => {
  const seeds = [3, 0xffff_ffff];
  for (
    const sizes of [[1, 1, 1, 1, 0], [5, 7, 1, 3, 0], [5, 9, 5, 3, 0], [3, 600, 3, 131, 0], [4, 33, 1, 7, 2], [
      3,
      65,
      3,
      2,
      1,
    ]] as const
  ) {
    const { values, exact } = await chains(seeds, sizes);
    const [B, T] = sizes;
    for (const r of [0, 1]) {
      for (let b = 0; b < B; b++) {
        const first = (r * B + b) * T;
        assertEquals([...values.slice(first, first + T)], exact(r, b), JSON.stringify(sizes));
      }
    }
    assertEquals((await chains([3], sizes)).values, values.slice(0, B * T));
  }
});

Deno.test("markov_chain: over 65 535 workgroups, the last sequence like the first", async () => {
  const B = 65_536 * 64 + 3;
  const { values, exact } = await chains([1], [B, 2, 1, 3, 0]);
  for (const b of [0, 65_535 * 64, 65_536 * 64, B - 1]) assertEquals([...values.slice(2 * b, 2 * b + 2)], exact(0, b));
});

Deno.test("markov_chain: transitions have their probabilities", async () => {
  const [B, T, V] = [400, 100, 3];
  const p = [0.5, 0.3, 0.2, 0.1, 0.1, 0.8, 0, 0.75, 0.25];
  using seeds = Tensor.from(Uint32Array.of(6));
  using clock = Tensor.from(Uint32Array.of(0, 9, 1));
  const { probability, cumulative } = givenTransitions(p, 1);
  using tokens = markovChain({ seeds, clock, key: "law" }, cumulative, { B, T });
  const values = await tokens.read();
  const counts = new Float64Array(V * V);
  for (let n = 0; n < values.length; n++) if (n % T) counts[values[n - 1] * V + values[n]]++;
  for (let i = 0; i < V; i++) {
    const row = counts.subarray(i * V, (i + 1) * V);
    const total = row.reduce((a, b) => a + b);
    let [statistic, cells] = [0, 0];
    row.forEach((count, j) => {
      const expected = total * p[i * V + j];
      if (expected === 0) return assertEquals(count, 0);
      statistic += (count - expected) ** 2 / expected;
      cells++;
    });
    assert(1 - chiSquareCdf(cells - 1, statistic) > 1e-4, `row ${i}: ${row}`);
  }
  for (const token of [0, 1, 2]) {
    const starts = Array.from({ length: B }, (_, b) => values[T * b]).filter((first) => first === token).length;
    assertLess(Math.abs(starts - B / V), 5 * Math.sqrt(B * 2 / 9));
  }
  probability.destroy();
  cumulative.destroy();
});

Deno.test({
  name: "markov_chain: chains that a software driver would cut short are refused",
  ignore: !gpu.adapter.software,
  fn: () => {
    using seeds = Tensor.from(Uint32Array.of(6));
    using clock = Tensor.from(Uint32Array.of(0, 9, 1));
    using c = new Tensor([1, 1, 16, 16]);
    assertThrows(
      () => markovChain({ seeds, clock, key: "law" }, c, { B: 1, T: 10_923 }),
      ShapeError,
      "markov_chain: expected at most 65535 loop iterations",
    );
  },
});
