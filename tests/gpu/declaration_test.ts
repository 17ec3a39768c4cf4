import { assertEquals, assertThrows } from "@std/assert";
import { KernelError } from "../../lib/gpu/errors.ts";
import { kernel } from "../../lib/gpu/kernel.ts";

const code = `
struct Dims { R: u32, C: u32, scale: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (R, C)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (R, C)
@compute @workgroup_size(1) fn main() { y[0] = dims.scale * x[0]; }
`;
const good = {
  inputs: { x: ["R", "C"] } as Record<string, string[]>,
  outputs: { y: ["R", "C"] } as Record<string, string[]>,
  scalars: ["scale"],
};

/** The message with which a changed declaration, or changed WGSL, is refused. */
function failure(change: Partial<typeof good>, [from, to]: [string, string] = ["", ""]): string {
  const text = code.replace(from, to);
  const load = () => kernel({ label: "scale", code: { "scale.wgsl": text }, ...good, ...change, groups: () => 1 });
  return assertThrows(load, KernelError).message;
}

Deno.test("a kernel whose WGSL and host agree loads without a device", () => {
  kernel({ label: "scale", code: { "scale.wgsl": code }, ...good, groups: () => 1 });
});

Deno.test("names must agree in both directions", () => {
  assertEquals(
    failure({ inputs: { z: ["R", "C"] } }),
    `scale: expected WGSL binding "x" among the inputs or outputs, found z, y`,
  );
  assertEquals(
    failure({ inputs: { x: ["R", "C"], z: ["R"] } }),
    `scale: expected a WGSL binding named "z", found x, y`,
  );
  assertEquals(
    failure({ inputs: { x: ["R", "C"], y: ["R", "C"] } }),
    `scale: expected "y" as either an input or an output, found both`,
  );
  assertEquals(
    failure({}, ["dims: Dims", "sizes: Dims"]),
    `scale: expected the uniform to be named "dims", found "sizes"`,
  );
});

Deno.test("an output must be writable", () => {
  assertEquals(failure({}, ["read_write", "read"]), `scale: expected output "y" bound as read_write, found read`);
});

Deno.test("the axes of the WGSL comment are those of the host", () => {
  assertEquals(
    failure({}, ["x: array<f32>;        // (R, C)", "x: array<f32>;  // (C, R)"]),
    `scale: expected axes (R, C) of "x" in the WGSL comment, found (C, R)`,
  );
});

Deno.test("fields of Dims are axes or scalars, and nothing else", () => {
  assertEquals(
    failure({ scalars: ["scale", "shift"] }),
    `scale: expected a field "shift" of struct Dims, found R, C, scale`,
  );
  assertEquals(
    failure({ scalars: [] }),
    `scale: expected field "scale" of struct Dims among the axes or scalars, found R, C`,
  );
  assertEquals(
    failure({ scalars: ["scale", "R"] }),
    `scale: expected scalar "R" with a name of its own, found a tensor or axis`,
  );
  assertEquals(failure({}, ["struct Dims", "struct Sizes"]), `expected "struct Dims" in the WGSL text, found none`);
});

Deno.test("an entry point is needed", () => {
  assertEquals(failure({}, ["fn main", "fn run"]), `scale: expected an entry point "main", found none`);
});
