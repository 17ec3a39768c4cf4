import { assertEquals, assertThrows } from "@std/assert";
import { parseBindings, parseStruct } from "../../lib/gpu/bindings.ts";
import { KernelError } from "../../lib/gpu/errors.ts";

Deno.test("bindings carry slot, access, type and the axes of their comment", () => {
  const code = `
    @group(0) @binding(0) var<uniform> dims: Dims;
    @group(0) @binding(3) var<storage, read> x: array<f32>;         // (R, 2, C): activations
    @group(0) @binding(1) var<storage,read_write> y : array< vec4f >;
    @group(0) @binding(2) var<storage> z: array<u32>;  // seeds
    // @group(0) @binding(4) var<storage, read> gone: array<f32>;`;
  assertEquals(parseBindings(code), [
    { name: "dims", slot: 0, access: "uniform", type: "Dims", axes: null },
    { name: "x", slot: 3, access: "read", type: "array<f32>", axes: ["R", "2", "C"] },
    { name: "y", slot: 1, access: "read_write", type: "array<vec4f>", axes: null },
    { name: "z", slot: 2, access: "read", type: "array<u32>", axes: null },
  ]);
});

Deno.test("a scalar binding has no axes", () => {
  const [binding] = parseBindings("@group(0) @binding(0) var<storage, read> x: array<f32>;  // ()");
  assertEquals(binding.axes, []);
});

Deno.test("a binding outside group 0 is refused", () => {
  const code = "@group(1) @binding(0) var<storage, read> x: array<f32>;";
  assertEquals(
    assertThrows(() => parseBindings(code), KernelError).message,
    "binding x: expected @group(0), found @group(1)",
  );
});

Deno.test("struct fields are read through comments and line breaks", () => {
  const code = "struct Other { a: vec4f }\nstruct Dims {\n  R: u32, // replicas, C: columns\n  scale : f32,\n}";
  assertEquals(parseStruct(code, "Dims"), [{ name: "R", type: "u32" }, { name: "scale", type: "f32" }]);
  assertEquals(
    assertThrows(() => parseStruct(code, "Other"), KernelError).message,
    "struct Other, field a: expected u32, i32 or f32, found vec4f",
  );
  assertEquals(
    assertThrows(() => parseStruct(code, "Missing"), KernelError).message,
    `expected "struct Missing" in the WGSL text, found none`,
  );
});
