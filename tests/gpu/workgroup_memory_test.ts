import { assertEquals, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { GpuError, KernelError } from "../../lib/gpu/errors.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { assembleWgsl } from "../../lib/gpu/wgsl.ts";
import { workgroupBytes } from "../../lib/gpu/workgroup_memory.ts";

const { device } = await openGpu();

const bytesOf = (...code: string[]) => workgroupBytes(assembleWgsl({ "a.wgsl": code.join("\n") }));

Deno.test("workgroup memory: scalars, vectors, arrays of either, sizes computed from constants", () => {
  assertEquals(bytesOf("var<private> a: array<f32, 9>;", "// var<workgroup> b: f32;"), 0);
  assertEquals(bytesOf("var<workgroup> a: f32;", "var<workgroup> b: atomic<u32>;"), 8);
  assertEquals(bytesOf("var<workgroup> a: vec3<f32>;", "var<workgroup> b: array<vec2u, 3>;"), 16 + 24);
  assertEquals(
    bytesOf("const D: u32 = 3u;", "const M: u32 = 4u * D * D;", "var<workgroup> a: array<f32, (M + 1u) * 8u>;"),
    4 * 37 * 8,
  );
  assertEquals(bytesOf("var<workgroup> a: array<atomic<i32>, 5u,>;"), 20);
  assertEquals(bytesOf("alias Element = vec4f;", "var<workgroup> a: array<Element, 5u>;"), 80);
  assertThrows(
    () => bytesOf("struct S { x: f32 }", "var<workgroup> a: array<S, 2>;"),
    KernelError,
    'a.wgsl:2: expected "a" of scalars or vectors in workgroup memory, found S',
  );
});

Deno.test("workgroup memory: a kernel beyond the adapter's limit is refused, one that fills it runs", async () => {
  const words = device.limits.maxComputeWorkgroupStorageSize / 4;
  const fill = kernel({
    label: "fill",
    code: {
      "fill.wgsl": `
const WORDS: u32 = 1u;
@group(0) @binding(0) var<storage, read_write> y: array<f32>;  // (1)
var<workgroup> memory: array<f32, WORDS>;
@compute @workgroup_size(1) fn main() {
  memory[WORDS - 1u] = 7.0;
  y[0] = memory[WORDS - 1u];
}`,
    },
    inputs: {},
    outputs: { y: ["1"] },
    groups: () => 1,
  });
  assertThrows(
    () => fill({}, { WORDS: words + 1 }),
    GpuError,
    `fill: expected at most ${4 * words} bytes of workgroup memory on this adapter, found ${4 * words + 4}`,
  );
  using y = fill({}, { WORDS: words }).y;
  assertEquals([...await y.read()], [7]);
});
