import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { baselines, tasksOf } from "../../../experiments/icl_emergence/tasks.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { inContextLosses } from "../../../lib/tasks/mod.ts";
import { settingOf } from "./synthetic.ts";

await openGpu();

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);

Deno.test("a text's tokens are its different bytes, and the control has them in another order", async () => {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(path, "zebra ".repeat(200));
    const setting = settingOf("--task=text", `--text=${path}`, "--length=16");
    const { vocabulary, held } = await tasksOf(setting);
    assertEquals(vocabulary, 6);
    using seeds = Tensor.from(Uint32Array.of(1));
    using clock = Tensor.from(Uint32Array.of(0, 0, 1));
    const read = async (task: typeof held) => {
      const { tokens, inputs, targets } = task(1)({ seeds, clock, key: "test" });
      const values = [...await tokens.read()];
      for (const tensor of new Set([tokens, inputs, targets])) tensor.destroy();
      return values;
    };
    const ordered = await read(held);
    // " abrez": the bytes in their order.
    const word = [5, 3, 2, 4, 1, 0];
    const first = word.indexOf(ordered[0]);
    assertEquals(ordered, ordered.map((_, t) => word[(first + t) % 6]));
    assert((await read((await tasksOf(setting, true)).held)).some((token, t) => token !== word[(first + t) % 6]));
  } finally {
    Deno.removeSync(path);
  }
});

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
