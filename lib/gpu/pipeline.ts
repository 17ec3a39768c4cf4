/** Compiling a kernel, with compiler messages that name the file and line a person wrote. */
import type { Declaration } from "./declaration.ts";
import type { Gpu } from "./device.ts";
import { GpuError } from "./errors.ts";
import type { SourceLine } from "./unroll.ts";
import { assembleWgsl, type Constants } from "./wgsl.ts";
import { workgroupBytes } from "./workgroup_memory.ts";

/** A kernel compiled for one set of constants. */
export interface Pipeline {
  /** Device that it was compiled for. */
  readonly gpu: Gpu;
  /** Compiled kernel. */
  readonly pipeline: GPUComputePipeline;
  /** Layout of its bind group. */
  readonly layout: GPUBindGroupLayout;
}

const BUFFER_TYPE = { read: "read-only-storage", read_write: "storage" } as const;

/**
 * Lines of unrolled WGSL that SwiftShader compiles within some seconds. The 4 259 lines of `jacobi` take it more than eight minutes and
 * a gigabyte, and two seconds where loops stay loops.
 */
const LONGEST = 1000;

/**
 * Compiles a kernel. The driver reports errors later: they are thrown by the device's next check, as `FILE:LINE:COLUMN: …`.
 *
 * @param gpu Device.
 * @param kernel Declaration of the kernel.
 * @param constants Values of module-scope constants.
 * @param forget Called if the kernel does not compile, so that it is not used again.
 * @returns The pipeline.
 * @throws {KernelError} If the WGSL files cannot be assembled.
 * @throws {GpuError} If the kernel needs more workgroup memory than the adapter has.
 */
export function createPipeline(gpu: Gpu, kernel: Declaration, constants: Constants, forget: () => void): Pipeline {
  const { device } = gpu;
  const { label, code, tensors, uniform } = kernel;
  const { architecture, description } = gpu.adapter;
  const slow = /swiftshader/i.test(`${architecture} ${description}`);
  const lines = assembleWgsl(code, constants, slow ? LONGEST : Infinity);
  const [bytes, most] = [workgroupBytes(lines), device.limits.maxComputeWorkgroupStorageSize];
  if (bytes > most) {
    const detail = `expected at most ${most} bytes of workgroup memory on this adapter, found ${bytes}`;
    throw new GpuError("validation", label, detail);
  }
  const visibility = GPUShaderStage.COMPUTE;
  const entries: GPUBindGroupLayoutEntry[] = tensors.map(({ slot, access }) => ({
    binding: slot,
    visibility,
    buffer: { type: BUFFER_TYPE[access] },
  }));
  if (uniform !== null) entries.push({ binding: uniform, visibility, buffer: { type: "uniform" } });

  device.pushErrorScope("validation");
  // On the first line, so that a message about line n is still about line n.
  const text = gpu.enables + lines.map(({ text }) => text).join("\n");
  const module = device.createShaderModule({ label, code: text });
  gpu.defer(
    device.popErrorScope().then(async (error) => {
      if (!error) return null;
      forget();
      return await shaderError(label, module, lines, error.message);
    }),
  );
  return gpu.guard(label, () => {
    const layout = device.createBindGroupLayout({ label, entries });
    const pipeline = device.createComputePipeline({
      label,
      layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    });
    return { gpu, pipeline, layout };
  });
}

async function shaderError(
  label: string,
  module: GPUShaderModule,
  lines: readonly SourceLine[],
  fallback: string,
): Promise<GpuError> {
  const { messages } = await module.getCompilationInfo();
  const first = messages.find(({ type }) => type === "error");
  if (!first) return new GpuError("shader", label, fallback);
  // naga puts its position into a drawing of the source (its fields are sometimes off) and its reasons, "= …", below.
  const drawn = /┌─.*?:(\d+):(\d+)/.exec(first.message);
  const [line, column] = drawn ? drawn.slice(1).map(Number) : [first.lineNum, first.linePos];
  const [headline, ...rest] = first.message.trim().split("\n");
  const reasons = rest.flatMap((text) => /^\s*= (.*)/.exec(text)?.[1] ?? []);
  const what = [headline.replace(/^Shader .*?error: /, ""), ...reasons].join(": ");
  const origin = lines[line - 1];
  const where = origin ? `${origin.file}:${origin.line}:${column}: ` : "";
  return new GpuError("shader", label, where + what + (origin ? `, in "${origin.text.trim()}"` : ""));
}
