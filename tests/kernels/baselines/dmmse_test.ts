import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { mixParts } from "../../../kernels/arrange/mix_parts.ts";
import { dmmsePrefixes, dmmseReference } from "../../../kernels/baselines/dmmse.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { both, bothNormal, relativeError } from "../../oracles/prompts.ts";

await openGpu();

Deno.test("dmmse: as the posterior mean in float64, for pools of one task to pools of several chunks", async () => {
  for (const [R, B, N, D] of [[1, 1, 1, 1], [2, 3, 5, 1], [2, 5, 12, 3], [1, 2, 9, 17]]) {
    const [x, y] = [bothNormal([R, B, N, D], 1), bothNormal([R, B, N], 2)];
    using input = x.tensor;
    using label = y.tensor;
    for (const M of [1, 2, 17, 512, 1100]) {
      const pool = bothNormal([R, M, D], 3);
      const sigma = both([1], [0.7]);
      using tasks = Tensor.from(Uint32Array.of(M));
      using candidates = pool.tensor;
      using deviation = sigma.tensor;
      using prediction = dmmsePrefixes({ x: input, y: label }, { pool: candidates, tasks, sigma: deviation });
      const count = { shape: [1], data: Float64Array.of(M) };
      const exact = dmmseReference(x.exact, y.exact, pool.exact, count, sigma.exact);
      assertLess(relativeError(await prediction.read(), exact), 1e-5, `(${R}, ${B}, ${N}, ${D}), M = ${M}`);
    }
  }
});

Deno.test("dmmse: nested pools in one tensor, a noise level for each replica", async () => {
  const [R, B, N, D, M] = [4, 3, 8, 2, 1030];
  const [x, y] = [bothNormal([R, B, N, D], 4), bothNormal([R, B, N], 5)];
  const [pool, sigma] = [bothNormal([1, M, D], 6), both([R], [0.5, 1, 0.3, 2])];
  const counts = [1, 513, 1030, 512];
  using tasks = Tensor.from(Uint32Array.from(counts));
  const tensors = [x, y, pool, sigma].map(({ tensor }) => tensor);
  using prediction = dmmsePrefixes(
    { x: x.tensor, y: y.tensor },
    { pool: pool.tensor, tasks, sigma: sigma.tensor },
  );
  const count = { shape: [R], data: Float64Array.from(counts) };
  const exact = dmmseReference(x.exact, y.exact, pool.exact, count, sigma.exact);
  assertLess(relativeError(await prediction.read(), exact), 1e-5);

  // The same bits from a replica alone, whose pool is not padded.
  const [r, size] = [1, B * N];
  using input = Tensor.from(x.exact.data.subarray(r * size * D, (r + 1) * size * D), [1, B, N, D]);
  using label = Tensor.from(y.exact.data.subarray(r * size, (r + 1) * size), [1, B, N]);
  using own = Tensor.from(pool.exact.data.subarray(0, counts[r] * D), [1, counts[r], D]);
  using ownTasks = Tensor.from(Uint32Array.of(counts[r]));
  using ownSigma = Tensor.from([sigma.exact.data[r]]);
  using alone = dmmsePrefixes({ x: input, y: label }, { pool: own, tasks: ownTasks, sigma: ownSigma });
  assertEquals(await alone.read(), (await prediction.read()).slice(r * size, (r + 1) * size));
  tensors.forEach((tensor) => tensor.destroy());
});

Deno.test("dmmse: likelihoods far below the smallest number", async () => {
  // Log-likelihoods of −5e5 and −1.25e6: the nearer task takes all, whichever comes first.
  for (const tasks of [[1, -1], [-1, 1]]) {
    using pool = Tensor.from(tasks, [1, 2, 1]);
    using x = Tensor.from([1, 2], [1, 1, 2, 1]);
    using y = Tensor.from([11, 0], [1, 1, 2]);
    using count = Tensor.from(Uint32Array.of(2));
    using sigma = Tensor.from([0.01]);
    using prediction = dmmsePrefixes({ x, y }, { pool, tasks: count, sigma }, "last");
    assertAlmostEquals((await prediction.read())[0], 2, 1e-6);
  }
});

Deno.test("dmmse: long prompts take smaller chunks; more than 65 535 loop iterations in all", async () => {
  const [N, M] = [4000, 300];
  using x = Tensor.from(new Float32Array(N).fill(1), [1, 1, N, 1]);
  using y = Tensor.from(new Float32Array(N).fill(1), [1, 1, N]);
  using pool = Tensor.from(Array.from({ length: M }, (_, m) => m / 100), [1, M, 1]);
  using tasks = Tensor.from(Uint32Array.of(M));
  using sigma = Tensor.from([0.1]);
  using prediction = dmmsePrefixes({ x, y }, { pool, tasks, sigma }, "last");
  assertAlmostEquals((await prediction.read())[0], 1, 1e-5);
});

Deno.test("dmmse: more than 65 535 workgroups", async () => {
  const B = 32 * 65_536 + 1;
  using x = new Tensor([1, B, 2, 1]);
  using y = new Tensor([1, B, 2]);
  x.write([1, 2], 2 * (B - 1));
  y.write([0.25], 2 * (B - 1));
  using pool = Tensor.from([1, -1], [1, 2, 1]);
  using tasks = Tensor.from(Uint32Array.of(2));
  using sigma = Tensor.from([1]);
  using prediction = dmmsePrefixes({ x, y }, { pool, tasks, sigma }, "last");
  assertAlmostEquals((await prediction.read())[B - 1], 2 * Math.tanh(0.25), 1e-6);
});

Deno.test("dmmse: a pool for neither one nor all replicas is refused", () => {
  using x = new Tensor([3, 1, 2, 1]);
  using y = new Tensor([3, 1, 2]);
  using pool = new Tensor([2, 4, 1]);
  using tasks = Tensor.from(Uint32Array.of(4));
  using sigma = Tensor.from([1]);
  assertThrows(
    () => dmmsePrefixes({ x, y }, { pool, tasks, sigma }),
    ShapeError,
    `dmmse: expected axis R of "pool" to be 1 or 3, found 2`,
  );
});

Deno.test("mix_parts: means over parts of any scale; parts without weight do not count", async () => {
  using part = Tensor.from(
    [-1e6, 1, 2, -1e6 + 1, 3, 5, -3e38, 0, 0, 0, 0, 7, 5, 2, 8, -200, 1, 1e9],
    [2, 3, 1, 3],
  );
  using prediction = mixParts({ part }).prediction;
  const found = await prediction.read();
  assertAlmostEquals(found[0], (2 + 5 * Math.E) / (1 + 3 * Math.E), 1e-5);
  assertAlmostEquals(found[1], 4, 0.05);
});
