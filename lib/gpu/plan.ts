/** Which buffers a program needs: launches that nothing depends on are left out, and memory is shared over time. */
import { ShapeError } from "./errors.ts";
import type { Launch } from "./launch.ts";
import type { Memory } from "./memory.ts";

/** Launches that are needed, and buffers for the planned memory that they use. */
export interface Plan {
  /** In order. */
  readonly launches: readonly Launch[];
  /** Length of each buffer in bytes. */
  readonly buffers: readonly number[];
  /** Buffer of each planned memory that has no place yet. */
  readonly buffer: ReadonlyMap<Memory, number>;
}

/**
 * Plans the memory of a program.
 *
 * A launch is needed if it writes memory that is kept, that exists outside of the program, or that a needed launch after
 * it reads. Memory is alive from the first launch that writes it to the last one that binds it; memory that is never
 * alive at the same time may share a buffer. Kept memory has a buffer of its own.
 *
 * @param launches Kernel launches, in order.
 * @param kept Planned memory that must survive the last launch.
 * @returns The plan.
 * @throws {ShapeError} If planned memory is read before it is written.
 */
export function planMemory(launches: readonly Launch[], kept: ReadonlySet<Memory>): Plan {
  const needed = neededLaunches(launches, kept);
  const last = new Map<Memory, number>();
  needed.forEach(({ tensors }, index) => tensors.forEach(({ tensor }) => last.set(tensor.memory, index)));

  const buffers: number[] = [];
  const buffer = new Map<Memory, number>();
  const written = new Set<Memory>();
  let free: number[] = [];
  needed.forEach(({ label, tensors }, index) => {
    for (const { tensor, access } of tensors) {
      const { memory } = tensor;
      // Also what another program has made, or what was given a place while recording.
      if (!memory.planned || memory.placed) continue;
      if (access !== "write" && !written.has(memory)) {
        throw new ShapeError(`${label}: expected "${tensor.label}" to be written before it is read, found no kernel`);
      }
      written.add(memory);
      if (buffer.has(memory)) continue;
      const chosen = kept.has(memory) ? undefined : bestFit(free, buffers, memory.bytes);
      if (chosen === undefined) {
        buffer.set(memory, buffers.push(memory.bytes) - 1);
      } else {
        buffers[chosen] = Math.max(buffers[chosen], memory.bytes);
        free = free.filter((other) => other !== chosen);
        buffer.set(memory, chosen);
      }
    }
    for (const memory of new Set(tensors.map(({ tensor }) => tensor.memory))) {
      const mine = buffer.get(memory);
      if (mine !== undefined && last.get(memory) === index && !kept.has(memory)) free.push(mine);
    }
  });
  return { launches: needed, buffers, buffer };
}

function neededLaunches(launches: readonly Launch[], kept: ReadonlySet<Memory>): Launch[] {
  const wanted = new Set<Memory>(kept);
  const outside = (memory: Memory) => !memory.planned || memory.placed;
  return launches.toReversed().filter(({ tensors }) => {
    const needed = tensors.some(({ tensor: { memory }, access }) =>
      access !== "read" && (outside(memory) || wanted.has(memory))
    );
    if (needed) { for (const { tensor, access } of tensors) if (access !== "write") wanted.add(tensor.memory); }
    return needed;
  }).reverse();
}

/** The smallest free buffer that is long enough, or else the longest, which grows. */
function bestFit(free: readonly number[], buffers: readonly number[], bytes: number): number | undefined {
  const fitting = free.filter((index) => buffers[index] >= bytes);
  const [candidates, better] = fitting.length > 0
    ? [fitting, (a: number, b: number) => buffers[a] <= buffers[b]]
    : [free, (a: number, b: number) => buffers[a] >= buffers[b]];
  return candidates.length === 0 ? undefined : candidates.reduce((best, other) => better(best, other) ? best : other);
}
