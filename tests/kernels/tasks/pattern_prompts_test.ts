/** Prompts of patterns: the draws of the host, the laws of tasks and labels, and what tokens are made of. */
import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { patternPromptReference, patternPrompts, patternTokens } from "../../../kernels/tasks/pattern_prompts.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Staging, Tensor } from "../../../lib/gpu/tensor.ts";
import { waves } from "../../oracles/waves.ts";

await openGpu();

type Tasks = readonly (readonly [number, number])[];

interface Given {
  readonly seeds: readonly number[];
  readonly tasks: readonly Tasks[];
  readonly laws: readonly (readonly [share: number, spread: number])[];
  readonly sizes: readonly [M: number, K: number, B: number, T: number];
}

const STEP = 5;

function draw({ seeds, tasks, laws, sizes: [M, K, B, T] }: Given) {
  const [R, P] = [seeds.length, Math.max(...tasks.map((list) => list.length))];
  const rows = tasks.flatMap((list) => Array.from({ length: P }, (_, p) => list[p] ?? [0, 1]).flat());
  using seedTensor = Tensor.from(Uint32Array.from(seeds));
  using clock = Tensor.from(Uint32Array.of(STEP, 9, 1));
  using taskTensor = Tensor.from(Uint32Array.from(rows), [R, P, 2]);
  using counts = Tensor.from(Uint32Array.from(tasks.map((list) => list.length)));
  using lawTensor = Tensor.from(laws.flat(), [R, 2]);
  const given = { tasks: taskTensor, counts, laws: lawTensor, patterns: [M, K], prompts: [B, T] } as const;
  const prompts = patternPrompts({ seeds: seedTensor, clock, key: "prompts" }, given);
  return prompts;
}

async function read(prompts: ReturnType<typeof draw>) {
  const [index, value, labels] = [await prompts.index.read(), await prompts.value.read(), await prompts.labels.read()];
  Object.values(prompts).forEach((tensor) => tensor.destroy());
  return { index, value, labels };
}

/** Numbers of token n: pattern j, M + k, and M + K; 1, κ, and y. */
const token = <A extends Uint32Array | Float32Array>(values: A, n: number) => [...values.subarray(3 * n, 3 * n + 3)];

Deno.test("pattern_prompts: the patterns, factors and labels of the host, replicas with tasks and laws of their own", async () => {
  const settings: Given[] = [
    { seeds: [7], tasks: [[[0, 1]]], laws: [[1, 0.5]], sizes: [2, 1, 1, 1] },
    {
      seeds: [3, 0xffff_ffff],
      tasks: [[[0, 1], [4, 2], [5, 0]], [[5, 3]]],
      laws: [[0.8, 0.5], [0.3, 2]],
      sizes: [6, 24, 13, 21],
    },
    {
      seeds: [9, 1, 4],
      tasks: [[[1, 0]], [[0, 1], [1, 2]], [[2, 0]]],
      laws: [[0.5, 0], [1, 1], [0.1, 1]],
      sizes: [3, 2, 40, 5],
    },
  ];
  for (const given of settings) {
    const { seeds, tasks, laws, sizes: [M, K, B, T] } = given;
    const found = await read(draw(given));
    for (let n = 0; n < seeds.length * B; n++) {
      const r = Math.floor(n / B);
      const law = { share: laws[r][0], spread: laws[r][1], relevant: M, irrelevant: K, tokens: T };
      const exact = patternPromptReference({ seed: seeds[r], key: "prompts", step: STEP, item: n % B }, tasks[r], law);
      for (let t = 0; t < T; t++) {
        assertEquals(token(found.index, n * T + t), [exact.relevant[t], M + exact.irrelevant[t], M + K]);
        const [one, kappa, label] = token(found.value, n * T + t);
        assertEquals([one, label], [1, t === T - 1 ? 0 : exact.labels[t]]);
        assertAlmostEquals(kappa, exact.kappa[t], 3e-7 * (1 + laws[r][1]));
      }
      assertEquals(found.labels[n], exact.labels[T - 1]);
    }
  }
});

Deno.test("pattern_prompts: shares of patterns, labels by pattern, and factors have their laws; the query shows the task", async () => {
  const [M, K, B, T, share] = [5, 3, 6000, 6, 0.7];
  const tasks: Tasks = [[0, 3], [4, 0]];
  const found = await read(draw({ seeds: [11], tasks: [tasks], laws: [[share, 0.5]], sizes: [M, K, B, T] }));
  const near = (count: number, total: number, p: number, what: string) =>
    assertLess(Math.abs(count / total - p), 4.5 * Math.sqrt(p * (1 - p) / total), what);
  let [first, shown, coins, other, sum, squares] = [0, 0, 0, 0, 0, 0];
  const irrelevant = new Array<number>(K).fill(0);
  for (let b = 0; b < B; b++) {
    const at = (t: number) => b * T + t;
    const [pattern] = token(found.index, at(T - 1));
    const label = found.labels[b];
    // Pattern 3 is asked by task (0, 3) alone, and pattern 4 by (4, 0).
    if (pattern === 3) assertEquals(label, -1);
    if (pattern === 4) assertEquals(label, 1);
    const task = tasks[pattern === 3 ? 0 : pattern === 4 ? 1 : label === 1 ? 0 : 1];
    if (task === tasks[0]) first++;
    for (let t = 0; t < T - 1; t++) {
      const [j, k] = token(found.index, at(t));
      const [, kappa, y] = token(found.value, at(t));
      irrelevant[k - M]++;
      sum += kappa;
      squares += kappa ** 2;
      if (task.includes(j)) {
        shown++;
        assertEquals(y, j === task[0] ? 1 : -1);
      } else {
        if (y === 1) coins++;
        if (j === 1) other++;
      }
    }
  }
  const n = B * (T - 1);
  near(first, B, 0.5, "tasks");
  near(shown, n, share, "share");
  near(coins, n - shown, 0.5, "coins");
  near(other, n - shown, 1 / 3, "one of three other patterns");
  irrelevant.forEach((count) => near(count, n, 1 / K, "irrelevant"));
  assertLess(Math.abs(sum / n), 4.5 * Math.sqrt(1 / 12 / n));
  assertLess(Math.abs(squares / n - 1 / 12), 4.5 * Math.sqrt((1 / 80 - 1 / 144) / n));
});

Deno.test("pattern_tokens: patterns by number, labels of examples, none of the query; odd sizes", async () => {
  const [R, M, K, D, B, T] = [2, 3, 2, 5, 3, 4];
  const prompts = draw({
    seeds: [1, 2],
    tasks: [[[0, 1]], [[2, 1]]],
    laws: [[0.5, 1], [0.9, 2]],
    sizes: [M, K, B, T],
  });
  const [mu, nu] = [waves(R * M * D, 1), waves(R * K * D, 2)];
  using muTensor = Tensor.from(mu, [R, M, D]);
  using nuTensor = Tensor.from(nu, [R, K, D]);
  for (const S of [T, 1, 3]) {
    using tokens = patternTokens(prompts, muTensor, nuTensor, S);
    assertEquals(tokens.shape, [R, B, S, D + 1]);
    const written = await tokens.read();
    const [index, value] = [await prompts.index.read(), await prompts.value.read()];
    for (let n = 0; n < R * B * S; n++) {
      const prompt = Math.floor(n / S);
      const r = Math.floor(prompt / B);
      const at = prompt * T + T - S + n % S;
      const [[j, k], [, kappa, y]] = [token(index, at), token(value, at)];
      for (let d = 0; d < D; d++) {
        assertAlmostEquals(
          written[n * (D + 1) + d],
          mu[(r * M + j) * D + d] + kappa * nu[(r * K + k - M) * D + d],
          1e-6,
        );
      }
      assertEquals(written[n * (D + 1) + D], y);
    }
  }
  Object.values(prompts).forEach((tensor) => tensor.destroy());
});

Deno.test("pattern_prompts and pattern_tokens: over 65 535 workgroups, the last like the first", async () => {
  const [B, T] = [1_400_001, 3];
  const law = { share: 0.6, spread: 0.5, relevant: 3, irrelevant: 2, tokens: T };
  const tasks: Tasks = [[0, 1], [1, 2]];
  const prompts = draw({ seeds: [1], tasks: [tasks], laws: [[0.6, 0.5]], sizes: [3, 2, B, T] });
  using mu = Tensor.from([1, 2, 3], [1, 3, 1]);
  using nu = Tensor.from([10, 20], [1, 2, 1]);
  using tokens = patternTokens(prompts, mu, nu, T);
  using staging = new Staging(2 * T);
  for (const item of [0, 65_535, B - 1]) {
    const exact = patternPromptReference({ seed: 1, key: "prompts", step: STEP, item }, tasks, law);
    const found = await staging.read(tokens, item * T * 2, 2 * T);
    exact.relevant.forEach((j, t) => {
      assertAlmostEquals(found[2 * t], j + 1 + 10 * (exact.irrelevant[t] + 1) * exact.kappa[t], 1e-5);
      assertEquals(found[2 * t + 1], t === T - 1 ? 0 : exact.labels[t]);
    });
  }
  Object.values(prompts).forEach((tensor) => tensor.destroy());
});
