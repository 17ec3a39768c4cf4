/** A device that computes nothing: it compiles kernels, checks sizes and keeps account of memory, for dry runs. */
import type { GpuError } from "./errors.ts";

/** Memory of a dry run, in bytes. */
export interface DryMemory {
  /** Bytes of all buffers that are alive. */
  readonly now: number;
  /** The most bytes that were alive at once. */
  readonly peak: number;
  /** Bytes by label of the programs and tensors that held them then, to 1 %; the most first. */
  readonly holders: readonly Held[];
  /** The largest buffer. */
  readonly largest: Held;
  /** Errors of sizes that the adapter's limits forbid, in the order in which they were found. */
  readonly refused: GpuError[];
}

/** Bytes that buffers of one label hold. */
export interface Held {
  /** Label of a program or tensor. */
  readonly label: string;
  /** Bytes. */
  readonly bytes: number;
}

/** Numbers that reads return, in [0.5, 1.5]: neither equal, nor zero, nor in order, so that analyses can go on with them. */
const PATTERN = Float32Array.from({ length: 4093 }, (_, index) => 1 + 0.5 * Math.sin(index * index));

/** Made-up numbers. */
function madeUp(bytes: number): ArrayBuffer {
  const values = new Float32Array(bytes / 4);
  for (let at = 0; at < values.length; at += PATTERN.length) {
    values.set(PATTERN.subarray(0, Math.min(PATTERN.length, values.length - at)), at);
  }
  return values.buffer;
}

/**
 * Puts a device that computes nothing in front of a real one.
 *
 * Kernels are compiled by the real device, whose limits hold. Buffers are numbers in an account: none is allocated, what is written is dropped, and
 * what is read back is made up. So sizes that no memory of this machine would hold can be tried.
 *
 * @param real The device whose limits hold.
 * @returns The device, and the account of its memory.
 */
export function dryDevice(real: GPUDevice): { readonly device: GPUDevice; readonly memory: DryMemory } {
  const memory = { now: 0, peak: 0, holders: [] as Held[], largest: { label: "", bytes: 0 }, refused: [] };
  const held = new Map<string, number>();
  let listed = 0;
  const hold = (label: string, bytes: number) => {
    held.set(label, (held.get(label) ?? 0) + bytes);
    memory.now += bytes;
    memory.peak = Math.max(memory.peak, memory.now);
    if (memory.now <= 1.01 * listed) return;
    listed = memory.now;
    memory.holders = [...held].map(([label, bytes]) => ({ label, bytes })).sort((a, b) => b.bytes - a.bytes);
  };
  const nothing = () => {};
  const createBuffer = ({ size, label = "" }: GPUBufferDescriptor) => {
    hold(label, size);
    if (size > memory.largest.bytes) memory.largest = { label, bytes: size };
    let alive = true;
    return {
      size,
      label,
      mapAsync: () => Promise.resolve(),
      getMappedRange: (offset = 0, bytes = size - offset) => madeUp(bytes),
      unmap: nothing,
      destroy() {
        if (alive) hold(label, -size);
        alive = false;
      },
    };
  };
  const pass = { setPipeline: nothing, setBindGroup: nothing, dispatchWorkgroups: nothing, end: nothing };
  const encoder = { beginComputePass: () => pass, copyBufferToBuffer: nothing, finish: () => ({}) };
  const instead: Readonly<Record<string | symbol, unknown>> = {
    createBuffer,
    createBindGroup: () => ({}),
    createCommandEncoder: () => encoder,
    queue: { submit: nothing, writeBuffer: nothing, onSubmittedWorkDone: () => Promise.resolve() },
  };
  const device = new Proxy(real, {
    get(target, name) {
      if (name in instead) return instead[name];
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { device, memory };
}
