import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { attentionScores, diagonalScore, inductionProbe } from "../../lib/circuits/attention_scores.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";

await openGpu();

const [R, B, H, T] = [2, 3, 2, 6];

/** Attention of which all heads attend uniformly, but the first head of the second replica `back` positions back. */
const patternOf = (back: number) =>
  Tensor.from(
    Float32Array.from({ length: R * B * H * T * T }, (_, e) => {
      const [j, i, h] = [e % T, Math.floor(e / T) % T, Math.floor(e / T / T) % H];
      const sharp = e >= R * B * H * T * T / 2 && h === 0;
      return sharp ? Number(j === Math.max(0, i - back)) : j <= i ? 1 / (i + 1) : 0;
    }),
    [R, B, H, T, T],
  );

const uniform = (from: number) => {
  let sum = 0;
  for (let t = from; t < T; t++) sum += 1 / (t + 1) / (T - from);
  return sum;
};

Deno.test("scores are those of uniform attention, and 1 of heads that look where they look for; replicas first", async () => {
  using previous = patternOf(1);
  using prefix = patternOf(2);
  const found = await evaluate(() => attentionScores([previous, prefix], 3));
  assertEquals([found.prefixMatching.shape, found.previousToken.shape], [[R, 2, H], [R, 2, H]]);
  const [matching, before] = [await found.prefixMatching.read(), await found.previousToken.read()];
  for (const tensor of Object.values(found)) tensor.destroy();
  const sharp = 4; // Replica 1, layer 0, head 0; the second layer's stands two places further.
  matching.forEach((value, at) =>
    assertAlmostEquals(value, at === sharp ? 0 : at === sharp + 2 ? 1 : uniform(3), 1e-5, `${at}`)
  );
  before.forEach((value, at) =>
    // A head that looks two back looks one back where there is no more.
    assertAlmostEquals(value, at === sharp ? 1 : at === sharp + 2 ? 1 / 5 : uniform(1), 1e-5, `${at}`)
  );
});

Deno.test("a diagonal must lie within the pattern", () => {
  using pattern = patternOf(1);
  const text = "diagonalScore: expected 0 ≤ back ≤ from < 6, found back 2 and from 1";
  assertThrows(() => diagonalScore(pattern, { back: 2, from: 1 }), RangeError, text);
});

Deno.test("probes repeat a block once; of few tokens each block has different ones, the same for every seed", async () => {
  using seeds = Tensor.from(Uint32Array.of(1, 2));
  using clock = Tensor.from(Uint32Array.of(0, 0, 1));
  for (const vocabulary of [32, 9, 3]) {
    const { block, sample } = inductionProbe({ length: 13, vocabulary, batch: 4 });
    assertEquals(block, Math.min(6, vocabulary));
    const { tokens } = await evaluate(() => ({ tokens: sample({ seeds, clock, key: "probe" }).tokens }));
    assertEquals(tokens.shape, [2, 4, 2 * block]);
    const values = await tokens.read();
    tokens.destroy();
    for (let row = 0; row < 8; row++) {
      const own = values.slice(row * 2 * block, (row + 1) * 2 * block);
      assertEquals(own.slice(0, block), own.slice(block));
      if (vocabulary >= 13) continue;
      assertEquals(new Set(own).size, block);
      assertEquals(own, values.slice(row % 4 * 2 * block, (row % 4 + 1) * 2 * block));
    }
  }
});
