/** Places of prompts and of lists' members: integers, so equal to the reference to the last bit. */
import { assert, assertEquals } from "@std/assert";
import { listPlaces } from "../../../kernels/random/list_place.ts";
import { promptPlaces, promptPlacesReference } from "../../../kernels/random/prompt_place.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Staging, Tensor } from "../../../lib/gpu/tensor.ts";
import { chiSquareCdf } from "../../oracles/distributions.ts";

await openGpu();

interface Lists {
  seeds: number[];
  list: number[];
  tasks: number[];
  sequences: number[];
}

async function draw({ seeds, list, tasks, sequences }: Lists, B: number, step = 3, key = "choice") {
  const u32 = (values: number[]) => Tensor.from(Uint32Array.from(values));
  using seedTensor = u32(seeds);
  using listTensor = u32(list);
  using taskTensor = u32(tasks);
  using sequenceTensor = u32(sequences);
  using clock = u32([step, 9, 1]);
  const lists = { seeds: listTensor, tasks: taskTensor, sequences: sequenceTensor };
  const { task, sequence, choice } = promptPlaces({ seeds: seedTensor, clock, key }, lists, B);
  const results = await Promise.all([task.read(), sequence.read(), choice.read()]);
  for (const tensor of [task, sequence, choice]) tensor.destroy();
  return results;
}

// A remainder of 2³² that large makes the first word miss in a quarter of the draws.
const LARGE = 3 * 2 ** 29;
const LISTS: Lists = {
  seeds: [1, 2, 3, 4, 5, 6],
  list: [9, 9, 3, 0xffff_ffff, 5, 0],
  tasks: [0, 1, 5, LARGE, 7, 0],
  sequences: [0, 0, 3, 0, 1, LARGE],
};

Deno.test("prompt_place: new and listed tasks and sequences in one ensemble, one prompt, odd sizes", async () => {
  for (const B of [1, 33, 130]) {
    const [task, sequence, choice] = await draw(LISTS, B);
    LISTS.seeds.forEach((seed, r) => {
      const list = { seed: LISTS.list[r], tasks: LISTS.tasks[r], sequences: LISTS.sequences[r] };
      const exact = promptPlacesReference({ seed, key: "choice", step: 3 }, list, B);
      assertEquals([...task.slice(r * B * 4, (r + 1) * B * 4)], exact.task.flat());
      assertEquals([...sequence.slice(r * B * 4, (r + 1) * B * 4)], exact.sequence.flat());
      assertEquals([...choice.slice(r * B, (r + 1) * B)], exact.choice);
    });
  }
});

Deno.test("prompt_place: a replica alone, and a smaller batch, choose the same", async () => {
  const [, , together] = await draw(LISTS, 20);
  const alone = { seeds: [3], list: [3], tasks: [5], sequences: [3] };
  assertEquals((await draw(alone, 20))[2], together.slice(40, 60));
  assertEquals((await draw(alone, 7))[2], together.slice(40, 47));
  assert((await draw(alone, 20, 4))[2].join() !== together.slice(40, 60).join());
  assert((await draw(alone, 20, 3, "other"))[2].join() !== together.slice(40, 60).join());
});

Deno.test("prompt_place: all tasks of a list are equally likely", async () => {
  const [B, M] = [40_000, 10];
  const [, , choice] = await draw({ seeds: [1], list: [1], tasks: [M], sequences: [0] }, B);
  const counts = new Float64Array(M);
  for (const m of choice) counts[m]++;
  const statistic = counts.reduce((sum, count) => sum + (count - B / M) ** 2 / (B / M), 0);
  assert(1 - chiSquareCdf(M - 1, statistic) > 1e-4, `counts ${counts}`);
});

Deno.test("prompt_place: over 65 535 workgroups", async () => {
  const B = 65_536 * 64 + 3;
  const [, , choice] = await draw({ seeds: [1], list: [1], tasks: [100], sequences: [0] }, B);
  assert(choice.every((m) => m < 100));
  const last =
    promptPlacesReference({ seed: 1, key: "choice", step: 3 }, { seed: 1, tasks: 100, sequences: 0 }, 3).choice;
  assertEquals([...choice.slice(0, 3)], last);
  const counts = new Float64Array(100);
  for (const m of choice.subarray(B - 20_000)) counts[m]++;
  assert(counts.every((count) => count > 100), "the last prompts are drawn too");
});

Deno.test("list_place: every member of every list, over 65 535 workgroups", async () => {
  using seeds = Tensor.from(Uint32Array.of(4, 0xffff_ffff));
  using places = listPlaces(seeds, 3);
  assertEquals([...await places.read()], [4, 0xffff_ffff].flatMap((seed) => [0, 1, 2].flatMap((m) => [seed, 0, m, 1])));
  using one = Tensor.from(Uint32Array.of(4));
  const M = 65_536 * 64 + 3;
  using many = listPlaces(one, M);
  using staging = new Staging(8);
  const words = new Uint32Array((await staging.read(many, 4 * (M - 2), 8)).slice().buffer);
  assertEquals([...words], [4, 0, M - 2, 1, 4, 0, M - 1, 1]);
});
