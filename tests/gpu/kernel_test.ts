import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { foldGroups } from "../../lib/gpu/dispatch.ts";
import { GpuError, ShapeError } from "../../lib/gpu/errors.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { record } from "../../lib/gpu/program.ts";
import { type DType, Tensor } from "../../lib/gpu/tensor.ts";
import { affine, countCalls, update } from "./kernels.ts";

const gpu = await openGpu();
const failure = (call: () => unknown) => assertThrows(call, ShapeError).message;
/** Hides a tensor's element type from the compiler. */
const untyped = (tensor: unknown) => tensor as Tensor<DType>;

Deno.test("a call outside a recording runs at once and makes its outputs", async () => {
  using x = Tensor.from([1, 2, 3, 4, 5, 6], [2, 3]);
  using y = affine({ x, scale: 10 }).y;
  assertEquals(y.shape, [2, 3]);
  assertEquals(y.label, "affine.y");
  assertEquals([...await y.read()], [10, 20, 30, 40, 50, 60]);
});

Deno.test("an output handed in is filled and returned", async () => {
  using x = Tensor.from([1, 2], [2, 1]);
  using y = new Tensor([2, 1]);
  const made = await countCalls(gpu.device, "createBuffer", () => {
    assert(affine({ x, y, scale: 3 }).y === y);
  });
  assertEquals(made, 1, "the uniform alone");
  assertEquals([...await y.read()], [3, 6]);
});

Deno.test("an input bound as read_write is updated in place; integers keep their sign", async () => {
  using x = Tensor.from(Int32Array.of(1, -2, 3));
  assertEquals(update({ x, a: 3, b: -4 }), {});
  update({ x, a: 1, b: 1 });
  assertEquals([...await x.read()], [0, -9, 6]);
});

Deno.test("a recorded call does nothing until it is replayed", async () => {
  using x = Tensor.from(Int32Array.of(1));
  using program = await record("once", () => {
    update({ x, a: 2, b: 1 });
  });
  assertEquals([...await x.read()], [1]);
  program.replay();
  assertEquals([...await x.read()], [3]);
});

Deno.test("arguments of another type or shape are refused with label, name and axes", () => {
  using matrix = new Tensor([2, 3]);
  using vector = new Tensor([3]);
  using counts = new Tensor([2, 3], "u32");
  assertEquals(
    failure(() => affine({ x: vector, scale: 1 })),
    `affine: expected "x" of shape (R, C), found (3)`,
  );
  assertEquals(failure(() => affine({ x: counts, scale: 1 })), `affine: expected "x" of type f32, found u32`);
  assertEquals(
    failure(() => affine({ x: untyped(undefined), scale: 1 })),
    `affine: expected a tensor for "x", found undefined`,
  );
  assertEquals(
    failure(() => affine({ x: untyped([1, 2]), scale: 1 })),
    `affine: expected a tensor for "x", found object`,
  );
  using other = new Tensor([2, 4]);
  assertEquals(
    failure(() => affine({ x: matrix, y: other, scale: 1 })),
    `affine: expected axis C of "y" to be 3 as in "x", found 4`,
  );
});

Deno.test("scalars are there and fit the field's type", () => {
  using x = new Tensor([1], "i32");
  using y = new Tensor([1, 1]);
  const { a, b } = { a: undefined as unknown as number, b: 1 };
  assertEquals(failure(() => update({ x, a, b })), `update: expected a number for "a", found undefined`);
  assertEquals(failure(() => update({ x, a: -1, b })), `update: expected "a" of type u32, found -1`);
  assertEquals(failure(() => update({ x, a: 1, b: 0.5 })), `update: expected "b" of type i32, found 0.5`);
  assertEquals(failure(() => update({ x, a: 1, b: 2 ** 31 })), `update: expected "b" of type i32, found 2147483648`);
  for (const scale of [NaN, Infinity]) {
    assertEquals(failure(() => affine({ x: y, scale })), `affine: expected "scale" of type f32, found ${scale}`);
  }
});

const iota = kernel({
  label: "iota",
  code: {
    "iota.wgsl": `
@group(0) @binding(0) var<storage, read_write> y: array<u32>;  // (C, 2)
@compute @workgroup_size(1) fn main(@builtin(workgroup_id) group: vec3u) {
  y[2u * group.x] = group.x;
  y[2u * group.x + 1u] = group.x;
}`,
  },
  inputs: {},
  outputs: { y: ["C", "2"] },
  groups: ({ C }) => C,
});

Deno.test("a size that no tensor fixes must be given, as a positive integer, under a name that exists", async () => {
  using y = iota({}, { C: 3 }).y;
  assertEquals(y.shape, [3, 2]);
  assertEquals(y.dtype as DType, "u32");
  assertEquals([...await y.read()], [0, 0, 1, 1, 2, 2]);
  assertEquals(
    failure(() => iota({})),
    `iota: expected the size of axis C of output "y", found none: give it as { C: … }`,
  );
  for (const C of [0, -1, 1.5, NaN]) {
    assertEquals(failure(() => iota({}, { C })), `iota: expected a positive integer for axis C, found ${C}`);
  }
  assertEquals(failure(() => iota({}, { C: 3, D: 1 })), `iota: expected sizes of C, 2, found "D"`);
  using matrix = new Tensor([3, 2]);
  assertEquals(
    failure(() => affine({ x: matrix, scale: 1 }, { C: 4 })),
    `affine: expected axis C of "x" to be 4, found 2`,
  );
  assertEquals(
    failure(() => affine({ x: matrix, scale: 1 }, { SHIFTS: 4 })),
    `affine: expected sizes of R, C, SHIFT, found "SHIFTS"`,
  );
});

Deno.test("a numeral as axis fixes its size", () => {
  using y = untyped(new Tensor([3, 3], "u32"));
  assertEquals(failure(() => iota({ y })), `iota: expected axis 2 of "y" to be 2, found 3`);
});

Deno.test("a field of Dims that nothing fixes must be given", async () => {
  const ramp = kernel({
    label: "ramp",
    code: {
      "ramp.wgsl": `
struct Dims { C: u32, K: u32 }
const K: u32 = 2u;
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;  // (C)
@group(0) @binding(2) var<storage, read_write> z: array<u32>;  // (K)
@compute @workgroup_size(1) fn main() { y[0] = dims.K; z[0] = K; }`,
    },
    inputs: { y: ["C"] },
    outputs: { z: ["K"] },
    groups: () => 1,
  });
  using y = new Tensor([1], "u32");
  assertEquals(
    failure(() => ramp({ y })),
    `ramp: expected the size of axis K of output "z", found none: give it as { K: … }`,
  );
  using z = ramp({ y }, { K: 7 }).z;
  assertEquals([(await y.read())[0], (await z.read())[0]], [7, 7], "as field and as constant");
});

Deno.test("constants select a pipeline of their own, compiled once", async () => {
  using x = Tensor.from([1], [1, 1]);
  const run = async (SHIFT: number) => {
    using y = affine({ x, scale: 2 }, { SHIFT }).y;
    return (await y.read())[0];
  };
  const results: number[] = [];
  const compiled = await countCalls(gpu.device, "createComputePipeline", async () => {
    for (const shift of [10.5, -3, 10.5, -3, 10.5]) results.push(await run(shift));
  });
  assertEquals(results, [12.5, -1, 12.5, -1, 12.5]);
  assertEquals(compiled, 2);
});

Deno.test("more than 65 535 workgroups are folded, and every one of them runs once", async () => {
  assertEquals(foldGroups("a", 65_535), [65_535, 1, 1]);
  assertEquals(foldGroups("a", 65_536), [32_768, 2, 1]);
  assertEquals(foldGroups("a", 131_071), [43_691, 3, 1]);
  assertEquals(foldGroups("a", 65_535 ** 2), [65_535, 65_535, 1]);
  for (const count of [0, -1, 1.5, NaN, 65_535 ** 2 + 1]) {
    assertEquals(
      failure(() => foldGroups("a", count)),
      `a: expected 1 to 4294836225 workgroups, found ${count}`,
    );
  }
  const size = 131_071;
  using x = Tensor.from(Float32Array.from({ length: size }, (_, i) => i), [size, 1]);
  using y = affine({ x, scale: 1 }, { SHIFT: 1 }).y;
  const values = await y.read();
  assertEquals(values.findIndex((value, i) => value !== i + 1), -1);
});

Deno.test("a tensor that is written may not be bound twice", () => {
  using x = new Tensor([2, 3], "f32", "weights");
  const expected = `affine: expected a tensor of its own for "y", which is written, found that of "x"`;
  assertEquals(failure(() => affine({ x, y: x, scale: 1 })), expected);
  assertEquals(failure(() => affine({ x, y: x.reshape([2, 3]), scale: 1 })), expected);
});

Deno.test("a compiler message names the file and line that a person wrote, after constants and unrolling", async () => {
  const broken = kernel({
    label: "broken",
    code: {
      "first.wgsl": "const D: u32 = 2u;\nfn twice(x: f32) -> f32 {\n  return 2.0 * x;\n}",
      "second.wgsl": `// y[i] = 2 i
@group(0) @binding(0) var<storage, read_write> y: array<f32>;  // (D)
@compute @workgroup_size(1) fn main() {
  for (var i = 0u; i < D; i++) { // unroll
    y[i] = twice(f32(i));
  }
  y[0] = twice(1u);
}`,
    },
    inputs: {},
    outputs: { y: ["D"] },
    groups: () => 1,
  });
  for (const attempt of ["first", "second"]) {
    using _ = broken({}, { D: 3 }).y;
    const { kind, label, message } = await assertRejects(() => gpu.settle(), GpuError);
    assertEquals([kind, label], ["shader", "broken"], attempt);
    assertEquals(
      message.replaceAll(/\[\d+\]/g, "[n]").replace("y[n]", "y[0]"),
      "broken: second.wgsl:7:10: Entry point main at Compute is invalid: Call to [n] is invalid: " +
        `Argument 0 value [n] doesn't match the type [n], in "y[0] = twice(1u);"`,
    );
  }
  const recorded = await assertRejects(() => record("program", () => broken({}, { D: 3 }).y), GpuError);
  assertEquals(recorded.kind, "shader");
  await gpu.settle();
});

Deno.test("a message about an unrolled line names the loop's body", async () => {
  const typo = kernel({
    label: "typo",
    code: {
      "typo.wgsl": `
@group(0) @binding(0) var<storage, read_write> y: array<u32>;  // (1)
fn f() {
  for (var i = 0u; i < 9u; i++) { // unroll
    y[0] += i
      + j;
  }
}
@compute @workgroup_size(1) fn main() { f(); }`,
    },
    inputs: {},
    outputs: { y: ["1"] },
    groups: () => 1,
  });
  using _ = typo({}).y;
  const { message } = await assertRejects(() => gpu.settle(), GpuError);
  assertEquals(message, 'typo: typo.wgsl:6:9: no definition in scope for identifier: `j`, in "+ j;"');
});

Deno.test("a workgroup beyond the adapter's limits is a labelled error", async () => {
  const wide = kernel({
    label: "wide",
    code: {
      "wide.wgsl": `
@group(0) @binding(0) var<storage, read_write> y: array<f32>;  // (1)
@compute @workgroup_size(1048576) fn main() { y[0] = 1.0; }`,
    },
    inputs: {},
    outputs: { y: ["1"] },
    groups: () => 1,
  });
  using _ = wide({}).y;
  const { message } = await assertRejects(() => gpu.settle(), GpuError);
  assertEquals(message, "wide: Entry point main at Compute is invalid: Workgroup size is out of range");
  await gpu.settle();
});
