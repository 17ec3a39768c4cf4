import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { advance } from "../../../kernels/shared/advance.ts";
import { meanToRing } from "../../../kernels/linear_icl/mean_to_ring.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { waves } from "../../oracles/waves.ts";

const gpu = await openGpu();

Deno.test("mean_to_ring: means; one value, odd sizes, a large batch, more than 65 535 replicas", async () => {
  for (const [R, B] of [[1, 1], [3, 63], [2, 65], [5, 1000], [1, 1_000_003], [65_537, 3]]) {
    const values = waves(R * B, 3).map((value) => value + 1);
    using x = Tensor.from(values, [R, B]);
    using clock = Tensor.from(Uint32Array.of(0, 1, 1));
    using ring = new Tensor([1, R]);
    meanToRing({ x, clock, ring });
    const result = await ring.read();
    let worst = 0;
    for (let r = 0; r < R; r++) {
      let mean = 0;
      for (let b = 0; b < B; b++) mean += values[r * B + b] / B;
      worst = Math.max(worst, Math.abs(result[r] - mean));
    }
    assertLess(worst, 1e-5, `(${R}, ${B})`);
  }
});

Deno.test("mean_to_ring: the step picks the row, round and round", async () => {
  using clock = Tensor.from(Uint32Array.of(5, 99, 1));
  using x = Tensor.from([1, 3], [1, 2]);
  using ring = Tensor.from([-1, -1, -1], [3, 1]);
  for (const values of [[1, 3], [10, 10], [0, 1]]) {
    x.write(values);
    meanToRing({ x, clock, ring });
    advance({ clock });
  }
  // Steps 5, 6 and 7 land in rows 2, 0 and 1.
  assertEquals([...await ring.read()], [10, 0.5, 2]);
  x.write([7, 7]);
  meanToRing({ x, clock, ring });
  assertAlmostEquals((await ring.read())[2], 7);
});

Deno.test({
  name: "mean_to_ring: a batch that a software driver would cut short is refused",
  ignore: !gpu.adapter.software,
  fn: () => {
    using x = new Tensor([1, 4_193_857]);
    using clock = new Tensor([3], "u32");
    using ring = new Tensor([1, 1]);
    assertThrows(() => meanToRing({ x, clock, ring }), ShapeError, "mean_to_ring: expected at most");
  },
});
