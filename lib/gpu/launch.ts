/** One kernel launch before it is bound to buffers, and how it is bound. */
import type { Declaration, Sizes } from "./declaration.ts";
import type { Gpu } from "./device.ts";
import { type Dispatch, encode } from "./dispatch.ts";
import type { DType } from "./dtype.ts";
import type { Pipeline } from "./pipeline.ts";
import type { Tensor } from "./tensor.ts";

/** A tensor argument of a launch. */
export interface Bound {
  /** Number in `@binding(n)`. */
  readonly slot: number;
  /** Tensor that is bound. */
  readonly tensor: Tensor<DType>;
  /** `write`: every element is overwritten and none is read; `update`: changed in place. */
  readonly access: "read" | "write" | "update";
}

/** A kernel launch with its tensors, which may not have buffers yet. */
export interface Launch {
  /** Label of the kernel. */
  readonly label: string;
  /** Compiles the kernel, unless it is compiled already: what is left out of a program, or fused, never is. */
  compiled(): Pick<Pipeline, "pipeline" | "layout">;
  /** Workgroups along x, y and z. */
  readonly groups: readonly [number, number, number];
  /** Content of the uniform `dims` and its slot, or null without one. */
  readonly uniform: { readonly slot: number; readonly bytes: ArrayBuffer } | null;
  /** Tensor arguments. */
  readonly tensors: readonly Bound[];
  /** Floating-point operations, or null if the kernel does not say. */
  readonly flops: number | null;
  /** The call; absent for fused kernels. */
  readonly source?: LaunchSource;
}

/** A call of a kernel, from which another kernel can be made. */
export interface LaunchSource {
  /** The kernel. */
  readonly kernel: Declaration;
  /** Sizes and scalars of the call. */
  readonly values: Sizes;
  /** Values of module-scope constants. */
  readonly constants: Sizes;
}

/**
 * Binds a launch to the buffers of its tensors.
 *
 * @param gpu Device.
 * @param launch What to launch; all its tensors have buffers.
 * @param uniform Buffer and first byte of its uniform.
 * @returns What to encode.
 * @throws {GpuError} If a tensor was destroyed or has no buffer.
 */
export function bind(gpu: Gpu, launch: Launch, uniform?: { buffer: GPUBuffer; offset: number }): Dispatch {
  const { label, groups, tensors, flops } = launch;
  const { pipeline, layout } = launch.compiled();
  const entries: GPUBindGroupEntry[] = tensors.map(({ slot, tensor }) => ({
    binding: slot,
    resource: tensor.binding,
  }));
  if (launch.uniform && uniform) {
    const size = launch.uniform.bytes.byteLength;
    entries.push({ binding: launch.uniform.slot, resource: { ...uniform, size } });
  }
  const bindings = gpu.guard(label, () => gpu.device.createBindGroup({ label, layout, entries }));
  return { label, pipeline, bindings, groups, flops, bytes: bytesMoved(launch) };
}

/**
 * Bytes that a launch moves if it reads or writes every tensor once: twice those that are changed in place.
 *
 * @param launch What is launched.
 * @returns Bytes of all bound tensors.
 */
export function bytesMoved({ tensors }: Pick<Launch, "tensors">): number {
  return tensors.reduce((sum, { tensor, access }) => sum + 4 * tensor.size * (access === "update" ? 2 : 1), 0);
}

/**
 * A buffer with the uniforms of launches, one after the other at multiples of 256 bytes.
 *
 * @param gpu Device.
 * @param label Stands in error messages.
 * @param launches Whose uniforms.
 * @returns The buffer and the first byte of each launch's uniform.
 */
export function packUniforms(
  gpu: Gpu,
  label: string,
  launches: readonly Launch[],
): { readonly buffer: GPUBuffer; readonly offsets: readonly number[] } {
  const { minUniformBufferOffsetAlignment: alignment } = gpu.device.limits;
  let length = 0;
  const offsets = launches.map(({ uniform }) => {
    const offset = length;
    length += Math.ceil((uniform?.bytes.byteLength ?? 0) / alignment) * alignment;
    return offset;
  });
  const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
  const size = Math.max(alignment, length);
  const buffer = gpu.guard(label, () => gpu.device.createBuffer({ label: `${label}.dims`, size, usage }));
  const content = new Uint8Array(size);
  launches.forEach(({ uniform }, index) => uniform && content.set(new Uint8Array(uniform.bytes), offsets[index]));
  gpu.device.queue.writeBuffer(buffer, 0, content);
  return { buffer, offsets };
}

/**
 * Runs a launch at once.
 *
 * @param gpu Device.
 * @param launch What to launch.
 * @throws {GpuError} If a tensor was destroyed.
 */
export function runOnce(gpu: Gpu, launch: Launch): void {
  const { label } = launch;
  const { buffer, offsets } = packUniforms(gpu, label, [launch]);
  const dispatch = bind(gpu, launch, { buffer, offset: offsets[0] });
  gpu.guard(label, () => {
    const encoder = gpu.device.createCommandEncoder({ label });
    const pass = encoder.beginComputePass({ label });
    encode(pass, dispatch);
    pass.end();
    gpu.device.queue.submit([encoder.finish()]);
  });
  buffer.destroy();
}
