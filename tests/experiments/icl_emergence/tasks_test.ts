import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { baselines, tasksOf } from "../../../experiments/icl_emergence/tasks.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { inContextLosses } from "../../../lib/tasks/mod.ts";
import { settingOf } from "./synthetic.ts";

await openGpu();

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);

Deno.test("exact predictors of Markov chains: the bigram has the law's α, the unigram the best one", async () => {
  const setting = settingOf("--preset=cpu-markov", "--evaluation-batch=16");
  const tasks = await tasksOf(setting);
  const [uniform, unigram, bigram] = await baselines(setting, tasks, 3);
  assertAlmostEquals(uniform.losses[5], Math.log(16));
  using seeds = Tensor.from(Uint32Array.of(3));
  using clock = Tensor.from(Uint32Array.of(0, 0, 1));
  const batch = tasks.held(64)({ seeds, clock, key: "baseline" });
  const rows = { tokens: await batch.tokens.read(), length: 65, vocabulary: 16 };
  for (const tensor of new Set([batch.tokens, batch.inputs, batch.targets])) tensor.destroy();
  assertEquals(bigram.losses, [...inContextLosses(rows, 1, 0.1)]);
  for (const alpha of [0.125, 0.5, 2]) assert(sum(unigram.losses) <= sum(inContextLosses(rows, 0, alpha)));
  assert(sum(unigram.losses) < sum(uniform.losses) && sum(bigram.losses) < sum(unigram.losses));
});
