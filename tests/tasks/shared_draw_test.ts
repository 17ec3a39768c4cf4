import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { linearRegression, regressionTasks, sharedDraw } from "../../lib/tasks/mod.ts";

await openGpu();

Deno.test("a shared draw: the same prompts for all replicas, with the lists that are theirs", async () => {
  using seeds = Tensor.from(Uint32Array.of(5, 6, 7));
  using clock = Tensor.from(Uint32Array.of(0, 9, 1));
  const [N, D, B] = [3, 2, 4];
  const options = { dimension: D, context: N, batch: B, list: { tasks: 3, seeds: [5, 6, 7] } };
  const found = await evaluate(() => {
    const { x, y, w, choice } = linearRegression(options)({ ...sharedDraw({ seeds, clock }), key: "test" });
    return { x, y, w, choice, list: regressionTasks(options)({ seeds, clock, key: "any" }).w };
  });
  const [x, y, w, choice, list] = await Promise.all(
    [found.x, found.y, found.w, found.choice, found.list].map((one) => one.read()),
  );
  Object.values(found).forEach((tensor) => tensor.destroy());
  const part = (all: ArrayLike<number>, r: number) =>
    Array.from(all).slice(r * all.length / 3, (r + 1) * all.length / 3);
  assertEquals([part(x, 1), part(choice, 2)], [part(x, 0), part(choice, 0)]);
  assertNotEquals(part(y, 1), part(y, 0));
  for (let r = 0; r < 3; r++) {
    const tasks = part(choice, r).flatMap((m) => part(list, r).slice(m * D, (m + 1) * D));
    assertEquals(part(w, r), tasks);
  }
});

Deno.test("a shared draw: another seed gives other prompts, and no replica's own are among them", async () => {
  using seeds = Tensor.from(Uint32Array.of(0, 6));
  using clock = Tensor.from(Uint32Array.of(0, 9, 1));
  const prompts = linearRegression({ dimension: 2, context: 3, batch: 4 });
  const inputs = async (seed?: number) => {
    using x = await evaluate(() => prompts({ ...sharedDraw({ seeds, clock }, seed), key: "test" }).x);
    return await x.read();
  };
  assertEquals(await inputs(), await inputs(0));
  assertNotEquals(await inputs(1), await inputs(0));
  assertThrows(
    () => sharedDraw({ seeds, clock }, -1),
    RangeError,
    "expected the seed to be an unsigned 32-bit integer, found -1",
  );
});
