/** Repeated tokens, shuffled rows, windows of bytes, next-token targets: integers, so equal to the last bit. */
import { assert, assertEquals } from "@std/assert";
import { byteWindows } from "../../../kernels/tasks/byte_windows.ts";
import { nextToken } from "../../../kernels/tasks/next_token.ts";
import type { RandomDraw } from "../../../kernels/random/random_fill.ts";
import { repeatedTokens, repeatedTokensReference } from "../../../kernels/tasks/repeated_tokens.ts";
import { shuffleRows, shuffleRowsReference } from "../../../kernels/tasks/shuffle_rows.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { integersBelow } from "../../../lib/random/laws.ts";
import { chiSquareCdf } from "../../oracles/distributions.ts";

await openGpu();

/** Calls a kernel with seeds, clock and key, and frees what it was called with. */
async function at<T>(seeds: number[], use: (draw: RandomDraw) => Promise<T>, step = 4): Promise<T> {
  using seedTensor = Tensor.from(Uint32Array.from(seeds));
  using clock = Tensor.from(Uint32Array.of(step, 9, 1));
  return await use({ seeds: seedTensor, clock, key: "rows" });
}

const SEEDS = [2, 0xffff_ffff];
const wheres = (B: number) =>
  SEEDS.flatMap((seed) => Array.from({ length: B }, (_, item) => ({ seed, key: "rows", step: 4, item })));

Deno.test("repeated_tokens: as the reference; one token, fixed and random blocks, blocks longer than the sequence", async () => {
  for (
    const [B, T, V, low, high] of [[1, 1, 1, 1, 1], [5, 9, 7, 4, 4], [6, 131, 1000, 3, 40], [3, 5, 10, 2, 9], [
      2,
      8,
      2 ** 31,
      8,
      8,
    ]]
  ) {
    const sizes = { B, T, V, low, high };
    await at(SEEDS, async (draw) => {
      const { tokens, block } = repeatedTokens(draw, sizes);
      const exact = wheres(B).map((where) => repeatedTokensReference(where, sizes));
      assertEquals([...await tokens.read()], exact.flatMap((sequence) => sequence.tokens));
      assertEquals([...await block.read()], exact.map((sequence) => sequence.block));
      tokens.destroy();
      block.destroy();
    });
  }
});

Deno.test("repeated_tokens: over 65 535 workgroups, tokens and blocks equally likely", async () => {
  const sizes = { B: 1_400_001, T: 3, V: 5, low: 1, high: 3 };
  const [tokens, block] = await at([1], async (draw) => {
    const batch = repeatedTokens(draw, sizes);
    const values = await Promise.all([batch.tokens.read(), batch.block.read()]);
    batch.tokens.destroy();
    batch.block.destroy();
    return values;
  });
  const last = repeatedTokensReference({ seed: 1, key: "rows", step: 4, item: sizes.B - 1 }, sizes);
  assertEquals([...tokens.slice(-3)], last.tokens);
  const even = (values: Uint32Array, cells: number, of: (value: number) => number) => {
    const counts = new Float64Array(cells);
    for (const value of values) counts[of(value)]++;
    const expected = values.length / cells;
    const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    assert(1 - chiSquareCdf(cells - 1, statistic) > 1e-4, `${counts}`);
  };
  even(tokens.filter((_, n) => n % 3 === 0), 5, (token) => token);
  even(block, 3, (length) => length - 1);
});

Deno.test("shuffle_rows: as the reference; one token, odd sizes, more columns than lanes, over 65 535 workgroups", async () => {
  for (const [B, T] of [[1, 1], [5, 7], [3, 131], [1_400_001, 3]]) {
    const seeds = B > 1000 ? [1] : SEEDS;
    const values = Uint32Array.from({ length: seeds.length * B * T }, (_, k) => k * 7 % 1000);
    using x = Tensor.from(values, [seeds.length, B, T]);
    const found = await at(seeds, async (draw) => {
      using y = shuffleRows(draw, x);
      return await y.read();
    });
    const items = B > 1000 ? [0, B - 1] : Array.from({ length: seeds.length * B }, (_, k) => k);
    for (const k of items) {
      const where = { seed: seeds[Math.floor(k / B)], key: "rows", step: 4, item: k % B };
      const row = (all: Uint32Array) => all.slice(k * T, (k + 1) * T);
      assertEquals([...row(found)], shuffleRowsReference(where, row(values)));
    }
  }
});

Deno.test("byte_windows: every window lies where its start says, starts as the reference, over 65 535 workgroups", async () => {
  const text = Uint8Array.from({ length: 101 }, (_, k) => k * 31 % 256);
  const padded = new Uint8Array(104);
  padded.set(text);
  using bytes = Tensor.from(new Uint32Array(padded.buffer));
  for (const [B, T, first, starts] of [[1, 1, 100, 1], [9, 7, 10, 50], [4, 101, 0, 1], [1_400_001, 3, 5, 90]]) {
    const seeds = B > 1000 ? [1] : SEEDS;
    const [tokens, start] = await at(seeds, async (draw) => {
      const batch = byteWindows(draw, bytes, { B, T, first, starts });
      const values = await Promise.all([batch.tokens.read(), batch.start.read()]);
      batch.tokens.destroy();
      batch.start.destroy();
      return values;
    });
    let wrong = 0;
    tokens.forEach((token, n) => {
      if (token !== text[start[Math.floor(n / T)] + n % T]) wrong++;
    });
    assertEquals(wrong, 0);
    const items = B > 1000 ? [0, B - 1] : Array.from({ length: seeds.length * B }, (_, k) => k);
    for (const k of items) {
      const where = { seed: seeds[Math.floor(k / B)], key: "rows", step: 4, item: k % B };
      assertEquals(start[k], first + integersBelow(where, starts, 1)[0]);
    }
  }
});

Deno.test("next_token: inputs and targets, one pair, odd sizes, over 65 535 workgroups", async () => {
  for (const [R, B, S] of [[1, 1, 2], [2, 3, 5], [1, 2, 131], [1, 2_100_001, 3]]) {
    const values = Uint32Array.from({ length: R * B * S }, (_, k) => k);
    using tokens = Tensor.from(values, [R, B, S]);
    const { inputs, targets } = nextToken(tokens);
    assertEquals(inputs.shape, [R, B, S - 1]);
    const [before, after] = await Promise.all([inputs.read(), targets.read()]);
    assertEquals(before, values.filter((k) => k % S < S - 1));
    assertEquals(after, values.filter((k) => k % S > 0));
    inputs.destroy();
    targets.destroy();
  }
});
