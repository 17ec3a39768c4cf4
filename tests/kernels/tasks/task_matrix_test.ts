import { assert, assertEquals } from "@std/assert";
import { taskMatrix } from "../../../kernels/tasks/task_matrix.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { drawKey, threefry } from "../../../lib/random/random.ts";
import { waves } from "../../oracles/waves.ts";

await openGpu();

const STEP = 4;
const KEY = drawKey("pool choice");

async function taskMatrices(seeds: number[], B: number, D: number, P: number, law: { DENSE: number; POOLED: number }) {
  const R = seeds.length, TASK = law.DENSE ? D * D : D;
  const [fresh, pools] = [waves(R * B * TASK, 1), waves(R * P * TASK, 2)];
  using seedTensor = Tensor.from(Uint32Array.from(seeds));
  using clock = Tensor.from(Uint32Array.of(STEP, 9, 1));
  using freshTensor = Tensor.from(fresh, [R, B, TASK]);
  using poolTensor = Tensor.from(pools, [R, P, TASK]);
  using task = taskMatrix({ seeds: seedTensor, clock, fresh: freshTensor, pools: poolTensor, key: KEY }, { D, ...law })
    .task;
  return { result: await task.read(), fresh, pools };
}

Deno.test("task_matrix: dense or diagonal, fresh or from the pool, beyond 65 535 workgroups", async () => {
  for (const [R, B, D, P] of [[1, 1, 1, 1], [2, 5, 3, 4], [3, 65, 2, 7], [1, 1_050_000, 2, 3]]) {
    for (const DENSE of [0, 1]) {
      for (const POOLED of [0, 1]) {
        const seeds = Array.from({ length: R }, (_, r) => 100 + r);
        const { result, fresh, pools } = await taskMatrices(seeds, B, D, P, { DENSE, POOLED });
        const TASK = DENSE ? D * D : D;
        let wrong = 0;
        for (let item = 0; item < R * B; item++) {
          const r = Math.floor(item / B);
          const from = POOLED
            ? (r * P + threefry([0, item % B, STEP, 0], [seeds[r], KEY, 0, 0])[0] % P) * TASK
            : item * TASK;
          for (let i = 0; i < D; i++) {
            for (let j = 0; j < D; j++) {
              const entry = DENSE ? i * D + j : i;
              const exact = DENSE || i === j ? (POOLED ? pools : fresh)[from + entry] : 0;
              if (result[(item * D + i) * D + j] !== exact) wrong++;
            }
          }
          // The generator is slow on the host: beyond the first and the last prompts, every 997th will do.
          if (B > 1000 && item > 100 && item < B - 1100) item += 996;
        }
        assertEquals(wrong, 0, JSON.stringify({ R, B, D, P, DENSE, POOLED }));
      }
    }
  }
});

Deno.test("task_matrix: all tasks of a pool are equally likely", async () => {
  const [B, P] = [8000, 5];
  const { result, pools } = await taskMatrices([1, 2], B, 1, P, { DENSE: 0, POOLED: 1 });
  for (const r of [0, 1]) {
    const counts = Array.from(
      { length: P },
      (_, task) => result.subarray(r * B, (r + 1) * B).filter((value) => value === pools[r * P + task]).length,
    );
    // χ² with 4 degrees of freedom exceeds 23.5 once in 10 000.
    const chi = counts.reduce((sum, count) => sum + (count - B / P) ** 2 / (B / P), 0);
    assert(chi < 23.5, `counts ${counts}`);
  }
});
