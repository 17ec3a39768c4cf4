/** Small kernels for the tests of the GPU layer. */
import { kernel } from "../../lib/gpu/kernel.ts";

/** y[r,c] = scale x[r,c] + shift, the shift a module-scope constant. */
export const affine = kernel({
  label: "affine",
  code: {
    "affine.wgsl": `
const SHIFT: f32 = 0.0;
struct Dims { R: u32, C: u32, scale: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (R, C)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (R, C)
@compute @workgroup_size(1) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = group_index(group, groups);
  if (i < dims.R * dims.C) {
    y[i] = dims.scale * x[i] + SHIFT;
  }
}`,
  },
  inputs: { x: ["R", "C"] },
  outputs: { y: ["R", "C"] },
  scalars: ["scale"],
  groups: ({ R, C }) => R * C,
});

/** x[c] ← a x[c] + b, in place. */
export const update = kernel({
  label: "update",
  code: {
    "update.wgsl": `
struct Dims { C: u32, b: i32, a: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> x: array<i32>;  // (C)
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < dims.C) { x[id.x] = i32(dims.a) * x[id.x] + dims.b; }
}`,
  },
  inputs: { x: ["C"] },
  outputs: {},
  scalars: ["a", "b"],
  groups: ({ C }) => Math.ceil(C / 64),
});

/** How many calls of a method of the device happen while `work` runs. */
export async function countCalls(
  device: GPUDevice,
  method: "createBuffer" | "createComputePipeline" | "createBindGroup",
  work: () => void | Promise<void>,
): Promise<number> {
  let calls = 0;
  const original = device[method];
  const spy = (...args: unknown[]) => {
    calls++;
    return Reflect.apply(original, device, args);
  };
  Object.defineProperty(device, method, { value: spy, configurable: true });
  try {
    await work();
  } finally {
    Reflect.deleteProperty(device, method);
  }
  return calls;
}
