/** Choosing an adapter and opening a device with everything the adapter offers. */
import { GpuError } from "./errors.ts";

/** How an adapter is chosen. `software` asks for the fallback adapter, such as Mesa's lavapipe. */
export type AdapterChoice = "high-performance" | "low-power" | "software";

/** Which adapter runs the kernels; written into every manifest. Parts that a driver does not tell are empty. */
export interface AdapterSummary {
  /** Name of the vendor, or its PCI number where the name is unknown. */
  readonly vendor: string;
  /** Family of the chip. */
  readonly architecture: string;
  /** Model, as the driver numbers it. */
  readonly device: string;
  /** The driver's own words. */
  readonly description: string;
  /** True for a driver that runs on the CPU. */
  readonly software: boolean;
  /** Lanes of a subgroup where kernels may use subgroup built-ins and every subgroup is of one size; otherwise 0. */
  readonly subgroupSize: number;
}

/** Vendors by PCI number; Mesa's software drivers have a Khronos number instead. */
const VENDORS: Readonly<Record<string, string>> = {
  "4098": "AMD",
  "4203": "ImgTec",
  "4318": "NVIDIA",
  "5045": "ARM",
  "20803": "Qualcomm",
  "32902": "Intel",
  "65541": "Mesa",
};

/**
 * Opens a device of the chosen adapter, with all limits that the adapter offers.
 *
 * WebGPU's default limits (8 storage buffers, 16 KiB of workgroup memory) are too small for the fused kernels. Where
 * no adapter has the wanted power preference, any adapter will do.
 *
 * @param choice Which adapter to ask for.
 * @returns The device, what runs it, and what its WGSL texts must begin with.
 * @throws {GpuError} Of kind `no-adapter`, with the command that mends it; of kind `internal` if the driver refuses.
 *
 * @example
 * ```ts
 * import { requestDevice } from "./adapter.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { device, adapter } = await requestDevice("low-power");
 * console.log(adapter.vendor, adapter.description);
 * assertEquals(device.label, "icl-lab");
 * device.destroy();
 * ```
 */
export async function requestDevice(
  choice: AdapterChoice,
): Promise<{ device: GPUDevice; adapter: AdapterSummary; enables: string }> {
  const adapter = await findAdapter(choice);
  const requiredLimits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number") requiredLimits[name] = value;
  }
  const { vendor, architecture, device: model, description, isFallbackAdapter } = adapter.info;
  const { subgroupMinSize, subgroupMaxSize } = adapter.info;
  const summary = {
    vendor: VENDORS[vendor] ?? vendor,
    architecture,
    device: model,
    description,
    software: isFallbackAdapter ||
      /llvmpipe|swiftshader|microsoft basic render/i.test(`${architecture} ${description}`),
  };
  try {
    const device = await openDevice(adapter, choice, requiredLimits);
    const fixed = device.features.has("subgroups") && subgroupMinSize === subgroupMaxSize;
    const enables = await enablesOf(device);
    return { device, adapter: { ...summary, subgroupSize: fixed ? subgroupMinSize : 0 }, enables };
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new GpuError("internal", "GPU", `expected a device with all limits of ${description}, found: ${found}`);
  }
}

/**
 * Directives that WGSL texts must begin with: browsers demand `enable subgroups;` before subgroup built-ins, which Deno takes for an
 * error, so that only asking tells.
 */
async function enablesOf(device: GPUDevice): Promise<string> {
  if (!device.features.has("subgroups")) return "";
  const enables = "enable subgroups;";
  device.pushErrorScope("validation");
  device.createShaderModule({ label: "enable subgroups", code: enables });
  return await device.popErrorScope() === null ? enables : "";
}

async function findAdapter(choice: AdapterChoice): Promise<GPUAdapter> {
  // Deno 2 always has navigator.gpu, where a missing Vulkan loader shows as a null adapter; browsers may have none.
  if (!("gpu" in navigator) || !navigator.gpu) throw noAdapter(choice);
  const adapter = choice === "software"
    ? await navigator.gpu.requestAdapter({ forceFallbackAdapter: true })
    : await navigator.gpu.requestAdapter({ powerPreference: choice }) ?? await navigator.gpu.requestAdapter();
  if (!adapter) throw noAdapter(choice);
  return adapter;
}

/** Deno grants subgroups on adapters that do not list them, so only asking tells. A failed request uses an adapter up. */
async function openDevice(
  adapter: GPUAdapter,
  choice: AdapterChoice,
  requiredLimits: Record<string, number>,
): Promise<GPUDevice> {
  const listed = (["timestamp-query"] as const).filter((feature) => adapter.features.has(feature));
  const request = { label: "icl-lab", requiredLimits };
  try {
    return await adapter.requestDevice({ ...request, requiredFeatures: [...listed, "subgroups"] });
  } catch {
    return await (await findAdapter(choice)).requestDevice({ ...request, requiredFeatures: listed });
  }
}

function noAdapter(choice: AdapterChoice): GpuError {
  if (!("Deno" in globalThis)) {
    return new GpuError("no-adapter", "GPU", "expected a browser with WebGPU and a GPU that it may use, found none");
  }
  const hint = Deno.build.os === "linux"
    ? "install a Vulkan driver: `apt-get install mesa-vulkan-drivers libvulkan1` for CPU-only machines, the NVIDIA driver and libvulkan1 for a GPU"
    : "this platform offers no WebGPU adapter to Deno";
  const wanted = choice === "software" ? "a software adapter (--adapter=software)" : "a GPU or a software adapter";
  return new GpuError("no-adapter", "GPU", `expected ${wanted}, found none; ${hint}`);
}
