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

/** The launches from and to which memory is alive. */
interface Life {
  readonly memory: Memory;
  readonly from: number;
  to: number;
}

/**
 * Plans the memory of a program.
 *
 * A launch is needed if it writes memory that is kept, that exists outside of the program, or that a needed launch after
 * it reads. Memory is alive from the first launch that writes it to the last one that binds it; memory that is never
 * alive at the same time may share a buffer. Kept memory has a buffer of its own.
 *
 * Buffers are given out in the order of time, and by size, the largest memory first (Pisarchyk and Lee, arXiv 2001.03288);
 * what takes less is chosen. In the order of time, a small tensor that lives long may sit in a buffer that a large one left, so
 * that the next large one needs another.
 *
 * @param launches Kernel launches, in order.
 * @param kept Planned memory that must survive the last launch.
 * @returns The plan.
 * @throws {ShapeError} If planned memory is read before it is written.
 */
export function planMemory(launches: readonly Launch[], kept: ReadonlySet<Memory>): Plan {
  const needed = neededLaunches(launches, kept);
  const inTime = livesIn(needed);
  const bySize = inTime.toSorted((a, b) => b.memory.bytes - a.memory.bytes);
  const [best] = [inTime, bySize].map((lives) => share(lives, kept)).sort((a, b) =>
    total(a.buffers) - total(b.buffers)
  );
  return { launches: needed, ...best };
}

const total = (buffers: readonly number[]) => buffers.reduce((sum, bytes) => sum + bytes, 0);

/** Gives each life in turn the smallest buffer that is free meanwhile and long enough, or else the longest, which grows. */
function share(lives: readonly Life[], kept: ReadonlySet<Memory>): Pick<Plan, "buffers" | "buffer"> {
  const buffers: number[] = [];
  const buffer = new Map<Memory, number>();
  const held = new Map<number, Life[]>();
  for (const life of lives) {
    const { memory, from, to } = life;
    const free = kept.has(memory)
      ? []
      : [...held].filter(([, others]) => others.every((other) => other.to < from || other.from > to));
    const chosen = bestFit(free.map(([index]) => index), buffers, memory.bytes);
    const index = chosen ?? buffers.push(0) - 1;
    buffers[index] = Math.max(buffers[index], memory.bytes);
    buffer.set(memory, index);
    if (!kept.has(memory)) held.set(index, [life, ...held.get(index) ?? []]);
  }
  return { buffers, buffer };
}

/** The smallest of the free buffers that is long enough, or else the longest. */
function bestFit(free: readonly number[], buffers: readonly number[], bytes: number): number | undefined {
  const fitting = free.filter((index) => buffers[index] >= bytes);
  const [candidates, better] = fitting.length > 0
    ? [fitting, (a: number, b: number) => buffers[a] <= buffers[b]]
    : [free, (a: number, b: number) => buffers[a] >= buffers[b]];
  return candidates.length === 0 ? undefined : candidates.reduce((best, other) => better(best, other) ? best : other);
}

/** Lives of the memory that is to be planned, in the order of their beginnings. */
function livesIn(launches: readonly Launch[]): Life[] {
  const lives = new Map<Memory, Life>();
  launches.forEach(({ label, tensors }, index) => {
    for (const { tensor, access } of tensors) {
      const { memory } = tensor;
      // Also what another program has made, or what was given a place while recording.
      if (!memory.planned || memory.placed) continue;
      const life = lives.get(memory);
      if (life) life.to = index;
      else if (access === "write") lives.set(memory, { memory, from: index, to: index });
      else {throw new ShapeError(
          `${label}: expected "${tensor.label}" to be written before it is read, found no kernel`,
        );}
    }
  });
  return [...lives.values()];
}

/**
 * Leaves out launches that nothing depends on.
 *
 * @param launches Kernel launches, in order.
 * @param kept Planned memory that must survive the last launch.
 * @returns Those that are needed, in order.
 */
export function neededLaunches(launches: readonly Launch[], kept: ReadonlySet<Memory>): Launch[] {
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
