/** Heads of linear attention against whole attention over tokens, and their gradients against exact ones. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { evaluate, record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { meanSquare } from "../../lib/losses.ts";
import { linearAttentionHeads } from "../../lib/models/linear_attention_heads.ts";
import { linearTransformer, regressionTokens } from "../../lib/models/linear_transformer.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { regressionStatistics } from "../../lib/tasks/regression_statistics.ts";
import { keyQueryGradient, keyQueryMap } from "../../lib/theory/mod.ts";
import { waves } from "../oracles/waves.ts";

await openGpu();

const [R, B, N, D, H] = [2, 3, 5, 2, 3];

for (const rank of [1, 2, "merged"] as const) {
  Deno.test(`rank ${rank}: the answer is that of whole attention over tokens, summed over heads`, async () => {
    const model = linearAttentionHeads({ dimension: D, heads: H, rank, deviation: 0.5 });
    using parameters = ParameterSet.create(model.parameters, [1, 2]);
    using x = Tensor.from(waves(R * B * (N + 1) * D, 1), [R, B, N + 1, D]);
    using y = Tensor.from(waves(R * B * (N + 1), 2), [R, B, N + 1]);
    using context = Tensor.from(
      (await y.read()).filter((_, index) => index % (N + 1) < N),
      [R, B, N, 1],
    );
    using found = await evaluate(() => model.apply(parameters.weights, { x, y }));
    const answers = await found.read();
    const arrays = Object.fromEntries((await parameters.read()).map(({ name, data }) => [name, data]));

    const C = D + 1;
    const whole = linearTransformer({ width: C, deviation: 0 });
    using layer = ParameterSet.create(whole.parameters, [0, 0]);
    const expected = new Float64Array(R * B);
    for (let head = 0; head < H; head++) {
      // W_Q of the whole layer holds the head's QK, transposed, and W_P its value, at the label's place.
      const query = new Float32Array(R * C * C);
      const output = new Float32Array(R * C * C);
      for (let r = 0; r < R; r++) {
        const E = rank === "merged" ? D : rank;
        const rows = (name: string) => arrays[name].subarray((r * H + head) * E * D, (r * H + head + 1) * E * D);
        const state = rank === "merged" ? [1, ...rows("keyQuery")] : [1, ...rows("key"), ...rows("query")];
        const M = keyQueryMap({ heads: 1, rank }, D, state);
        for (let i = 0; i < D; i++) for (let j = 0; j < D; j++) query[r * C * C + j * C + i] = M[i * D + j];
        output[r * C * C + C * C - 1] = arrays.value[r * H + head];
      }
      layer.load([
        { name: "blocks.0.attention.query", shape: [R, C, C], data: query },
        { name: "blocks.0.attention.output", shape: [R, C, C], data: output },
      ]);
      using tokens = await evaluate(() => whole.apply(layer.weights, regressionTokens(x, context)));
      (await tokens.read()).forEach((value, index) => {
        if (index % ((N + 1) * C) === (N + 1) * C - 1) expected[Math.floor(index / ((N + 1) * C))] += value;
      });
    }
    expected.forEach((value, index) => assertAlmostEquals(answers[index], value, 1e-6));
  });

  Deno.test(`rank ${rank}: the mean gradient over prompts is the exact one of the population loss`, async () => {
    const problem = { spectrum: [0.9, 0.5], context: 4 };
    const model = linearAttentionHeads({ dimension: D, heads: H, rank, deviation: 0.6 });
    const [replicas, batch] = [8, 30_000];
    using parameters = ParameterSet.create(model.parameters, Array(replicas).fill(5));
    using seeds = Tensor.from(Uint32Array.from({ length: replicas }, (_, r) => r));
    using clock = Tensor.from(Uint32Array.of(0, 9, 1));
    const prompts = regressionStatistics({ ...problem, batch });
    using program = await record("gradient", () => {
      const { beta, query, label } = prompts({ seeds, clock, key: "train" });
      const loss = meanSquare(model.answer(parameters.weights, { beta, query }), label, { half: true });
      return parameters.viewsOf(parameters.gradient(loss));
    });
    program.replay();
    const names = rank === "merged" ? ["value", "keyQuery"] : ["value", "key", "query"];
    const arrays = Object.fromEntries((await parameters.read()).map(({ name, data }) => [name, data]));
    const first = (of: Float32Array) => of.subarray(0, of.length / replicas);
    const exact = keyQueryGradient(problem, { heads: H, rank }, names.flatMap((name) => [...first(arrays[name])]));
    let at = 0;
    for (const name of names) {
      const found = await program.outputs[name].read();
      const size = found.length / replicas;
      for (let entry = 0; entry < size; entry++, at++) {
        const values = Array.from({ length: replicas }, (_, r) => found[r * size + entry]);
        const mean = values.reduce((sum, value) => sum + value, 0) / replicas;
        const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (replicas - 1));
        const error = 5 * spread / Math.sqrt(replicas) + 1e-4;
        assert(Math.abs(mean - exact[at]) < error, `${name} ${entry}: ${mean} ± ${error}, exact ${exact[at]}`);
      }
    }
    assertEquals(at, exact.length);
  });
}

Deno.test("sizes that cannot be are refused", () => {
  assertThrows(
    () => linearAttentionHeads({ dimension: 2, heads: 0, rank: 1, deviation: 1 }),
    ShapeError,
    "linearAttentionHeads: expected a positive integer for heads, found 0",
  );
  const model = linearAttentionHeads({ dimension: 2, heads: 1, rank: 1, deviation: 1 });
  using parameters = ParameterSet.create(model.parameters, [1]);
  using x = new Tensor([1, 1, 4, 3]);
  using y = new Tensor([1, 1, 4]);
  assertThrows(() => model.apply(parameters.weights, { x, y }), ShapeError, "expected inputs (R, B, N + 1, 2)");
});
