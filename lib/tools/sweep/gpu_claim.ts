/**
 * Tells when two tasks of a sweep have opened the same GPU.
 *
 * Vulkan heeds neither CUDA_VISIBLE_DEVICES nor what a scheduler gave a job, and WebGPU tells no address of a GPU: of several equal
 * ones a process takes the first that its driver lists. So two tasks of one machine that may open the same device files, under
 * the same choice of a device, and that find the same adapter, have opened the same GPU. What may be opened and chosen, `lab`
 * knows, which hands it on (`--gpu`); the adapter is known here.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import type { AdapterSummary } from "../../gpu/mod.ts";

/** A GPU that a task has; it is given back when the process ends, however it does. */
export interface GpuClaim extends Disposable {
  /** The task that has the same GPU, in words; null where there is none, or where nothing can be told. */
  readonly other: string | null;
}

/** Tasks that may share a GPU before further ones are no longer told apart. */
const MOST = 64;

/**
 * Claims the GPU that a task has opened.
 *
 * @param locks Folder of the sweep for locks.
 * @param where The machine, and the GPU or the device files that Vulkan may choose from.
 * @param adapter What was opened; a software driver is nobody's alone.
 * @param task The task, in words for others.
 * @returns The claim.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { claimGpu } from "./gpu_claim.ts";
 *
 * const locks = Deno.makeTempDirSync();
 * const adapter = { vendor: "NVIDIA", architecture: "", device: "1", description: "H200", software: false, subgroupSize: 32 };
 * using first = claimGpu(locks, "node1 0000:3b:00.0", adapter, "task 0");
 * assertEquals(first.other, null);
 * Deno.removeSync(locks, { recursive: true });
 * ```
 */
export function claimGpu(locks: string, where: string, adapter: AdapterSummary, task: string): GpuClaim {
  const none = { other: null, [Symbol.dispose]: () => {} };
  if (adapter.software) return none;
  const { vendor, device, description } = adapter;
  const key = createHash("sha256").update(JSON.stringify([where, vendor, device, description])).digest("hex");
  let other: string | null = null;
  Deno.mkdirSync(locks, { recursive: true });
  for (let place = 0; place < MOST; place++) {
    const file = Deno.openSync(join(locks, `gpu-${key.slice(0, 12)}-${place}`), {
      create: true,
      read: true,
      write: true,
    });
    try {
      if (file.tryLockSync(true)) {
        file.truncateSync();
        file.writeSync(new TextEncoder().encode(task));
        return { other, [Symbol.dispose]: () => file.close() };
      }
      other ??= new TextDecoder().decode(contentOf(file)) || "another task";
    } catch {
      file.close();
      return none; // A file system without locks.
    }
    file.close();
  }
  return { other, [Symbol.dispose]: () => {} };
}

function contentOf(file: Deno.FsFile): Uint8Array {
  const bytes = new Uint8Array(200);
  return bytes.subarray(0, file.readSync(bytes) ?? 0);
}
