/** Tasks of patterns: replicas alone and together, and what is refused. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { patternPromptReference } from "../../kernels/tasks/pattern_prompts.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { type PatternTask, patternTasks } from "../../lib/tasks/pattern_tasks.ts";
import { differingTensor, sample } from "./sample.ts";

await openGpu();

const LISTS: readonly (readonly PatternTask[])[] = [[[0, 1], [2, 0]], [[1, 2]]];

/** Patterns of R replicas: the standard basis of D = 5, the first three relevant. */
function basis(R: number) {
  const rows = (from: number, count: number) =>
    Float32Array.from({ length: R * count * 5 }, (_, at) => Number(at % 5 === from + Math.floor(at / 5) % count));
  return { relevant: Tensor.from(rows(0, 3), [R, 3, 5]), irrelevant: Tensor.from(rows(3, 2), [R, 2, 5]) };
}

Deno.test("pattern_tasks: a replica alone has the bits of the ensemble; steps and keys differ; prompts as on the host", async () => {
  const [both, one] = [basis(2), basis(1)];
  const sizes = { spread: 0.5, length: 6, batch: 9 };
  const shares = [0.8, 0.4];
  const together = await sample(patternTasks({ tasks: LISTS, share: shares, patterns: both, ...sizes }), {
    seeds: [3, 7],
    step: 5,
  });
  assertEquals(together.tokens.shape, [2, 9, 7, 6]);
  for (const [r, seed] of [3, 7].entries()) {
    const alone = patternTasks({ tasks: LISTS[r], share: shares[r], patterns: one, ...sizes });
    const single = await sample(alone, { seeds: [seed], step: 5 });
    assertEquals(differingTensor(together, single, r), null);
    for (const other of [{ seeds: [seed], step: 6 }, { seeds: [seed], step: 5, key: "other" }]) {
      assert((await sample(alone, other)).value.values.join() !== single.value.values.join());
    }
    const law = { share: shares[r], spread: 0.5, relevant: 3, irrelevant: 2, tokens: 7 };
    const exact = patternPromptReference({ seed, key: "batch", step: 5, item: 4 }, LISTS[r], law);
    const prompt = <A extends Uint32Array | Float32Array>(values: A, entry: number) =>
      [...values.slice(4 * 21, 5 * 21)].filter((_, at) => at % 3 === entry);
    assertEquals(prompt(single.index.values, 0), exact.relevant);
    assertEquals([...prompt(single.value.values, 2).slice(0, 6), single.labels.values[4]], exact.labels);
    assertEquals(single.query.values.slice(24, 30), single.tokens.values.slice(34 * 6, 35 * 6));
  }
  Object.values({ ...both }).concat(Object.values(one)).forEach((tensor) => tensor.destroy());
});

Deno.test("pattern_tasks: options out of their domain are refused", async () => {
  const patterns = basis(1);
  const task = { tasks: LISTS[0], share: 0.5, spread: 0.5, length: 4, batch: 2, patterns };
  const refused = (change: Partial<Parameters<typeof patternTasks>[0]>, message: string) =>
    assertThrows(() => patternTasks({ ...task, ...change }), RangeError, message);
  refused({ batch: 0 }, "pattern_tasks: expected batch to be an integer ≥ 1, found 0");
  refused({ tasks: [[0, 0]] }, "pattern_tasks: expected tasks of two different patterns below 3, found 0, 0");
  refused({ tasks: [[0, 3]] }, "pattern_tasks: expected tasks of two different patterns below 3, found 0, 3");
  refused({ tasks: [] }, "pattern_tasks: expected at least one task, found 0");
  refused({ tasks: LISTS }, "pattern_tasks: expected tasks for 1 replicas, found 2");
  refused(
    { patterns: { ...patterns, irrelevant: patterns.irrelevant.reshape([2, 5]) } },
    "pattern_tasks: expected irrelevant patterns (1, K, 5), found 2, 5",
  );
  const late = async (change: Partial<Parameters<typeof patternTasks>[0]>) =>
    (await sample(patternTasks({ ...task, ...change }), { seeds: [1] }).catch((error) => error)).message;
  assertEquals(await late({ share: 0 }), "pattern_tasks: expected shares above 0, at most 1, found 0");
  assertEquals(await late({ spread: -1 }), "pattern_tasks: expected spreads ≥ 0, found -1");
  assertEquals(await late({ share: [0.5, 0.5] }), "pattern_tasks: expected 1 numbers for share, found 2");
  Object.values(patterns).forEach((tensor) => tensor.destroy());
});
