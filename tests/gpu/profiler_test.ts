import { assertEquals, assertGreater } from "@std/assert";
import { advance } from "../../kernels/shared/advance.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { scale } from "../../kernels/elementwise/unary.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { record } from "../../lib/gpu/program.ts";
import { startProfiling, stopProfiling } from "../../lib/gpu/profiler.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";

const gpu = await openGpu();

Deno.test({
  name: "a profile counts launches, operations and bytes, and times what takes longest",
  ignore: !gpu.device.features.has("timestamp-query"),
  fn: async () => {
    using a = new Tensor([256, 256]);
    using small = Tensor.from([1, 2]);
    using program = await record("product", () => [matmul(matmul(a, a), a), scale(scale(small, 2), 3)]);
    const profiler = startProfiling(gpu);
    try {
      for (let i = 0; i < 5; i++) program.replay(2);
    } finally {
      stopProfiling();
    }
    program.replay();
    const [{ kernels, replays, elapsedMs, plannedBytes, work }] = await profiler.programs();
    assertEquals(work, program.work);
    assertEquals([work.launches, work.unfused.launches, work.unfused.bytes - work.bytes], [3, 4, 2 * 8]);
    assertEquals([replays, plannedBytes], [10, program.memory.planned]);
    const [product, scaled] = kernels;
    assertEquals([product.kernel, product.launches, product.flops], ["matmul", 2, 2 * 2 * 256 ** 3]);
    assertEquals([scaled.kernel, scaled.launches, scaled.bytes, scaled.flops], ["scale + scale", 1, 2 * 8, null]);
    assertGreater(product.elapsedMs, scaled.elapsedMs);
    assertGreater(scaled.elapsedMs, 0);
    assertGreater(elapsedMs, product.elapsedMs / 2);
    assertEquals([...await program.outputs[1].read()], [6, 12]);
  },
});

Deno.test({
  name: "a program that is replayed in one go is measured too, and all its replays are made",
  ignore: !gpu.device.features.has("timestamp-query"),
  fn: async () => {
    using clock = Tensor.from(Uint32Array.of(0, 100, 1), [3]);
    using program = await record("count", () => advance({ clock }));
    const profiler = startProfiling(gpu);
    try {
      program.replay(20);
    } finally {
      stopProfiling();
    }
    const [{ kernels, replays }] = await profiler.programs();
    assertEquals([replays, kernels.map(({ kernel }) => kernel)], [20, ["advance"]]);
    assertEquals((await clock.read())[0], 20);
  },
});
