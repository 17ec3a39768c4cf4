import { assertEquals, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { checkLoopIterations, kernel, MAX_LOOP_ITERATIONS } from "../../lib/gpu/kernel.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";

const gpu = await openGpu();

const count = kernel({
  label: "count",
  code: {
    "count.wgsl": `
struct Dims { first: u32, second: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;  // (2)
@compute @workgroup_size(1) fn main() {
  for (var i = 0u; i < dims.first; i++) {
    y[0] += 1u;
  }
  for (var i = 0u; i < dims.second; i++) {
    y[1] += 1u;
    for (var k = 0u; k < 3u; k++) { // unroll
      y[1] += k - 1u;
    }
  }
}`,
  },
  inputs: { y: ["2"] },
  outputs: {},
  scalars: ["first", "second"],
  groups: () => 1,
});

async function iterations(first: number, second: number): Promise<number[]> {
  using y = new Tensor([2], "u32");
  count({ y, first, second });
  return [...await y.read()];
}

Deno.test("up to the limit, summed over all loops, every iteration runs; unrolled ones are free", async () => {
  assertEquals(await iterations(MAX_LOOP_ITERATIONS, 0), [65_535, 0]);
  assertEquals(await iterations(30_000, 35_535 - 1), [30_000, 35_534]);
});

Deno.test({
  name: "a software driver ends loops beyond the limit silently, which is why the check exists",
  ignore: !/llvmpipe/.test(gpu.adapter.description),
  fn: async () => {
    assertEquals((await iterations(MAX_LOOP_ITERATIONS + 1, 0))[0], MAX_LOOP_ITERATIONS);
    const [first, second] = await iterations(40_000, 40_000);
    assertEquals(first, 40_000);
    assertEquals(second < 40_000, true);
  },
});

Deno.test("the check refuses what a software driver would cut short, and only there", () => {
  checkLoopIterations("sum_tokens", MAX_LOOP_ITERATIONS, true);
  checkLoopIterations("sum_tokens", 1e9, false);
  for (const found of [65_536, Infinity, NaN]) {
    assertEquals(
      assertThrows(() => checkLoopIterations("sum_tokens", found, true), ShapeError).message,
      "sum_tokens: expected at most 65535 loop iterations per invocation on a software adapter, " +
        `found ${found}: spread the work over more workgroups or dispatches, or unroll inner loops`,
    );
  }
  if (gpu.adapter.software) assertThrows(() => checkLoopIterations("sum_tokens", 65_536), ShapeError);
  else checkLoopIterations("sum_tokens", 65_536);
});
