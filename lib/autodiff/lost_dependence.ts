/** Refusal of losses that depend on a tensor by a path of which no operation knows the gradient. */
import type { Launch } from "../gpu/launch.ts";
import type { Memory } from "../gpu/memory.ts";
import type { DType, Tensor } from "../gpu/tensor.ts";
import type { TapeEntry, Trace } from "../gpu/trace.ts";
import { TensorMap } from "./tensor_map.ts";

/** Part of a memory. */
type Range = Pick<Tensor<DType>, "memory" | "start" | "size">;

/** Ranges of memories. */
class Ranges {
  readonly #parts = new Map<Memory, Range[]>();

  constructor(ranges: readonly Range[]) {
    ranges.forEach((range) => this.add(range));
  }

  add(range: Range): void {
    const parts = this.#parts.get(range.memory);
    if (!parts) this.#parts.set(range.memory, [range]);
    else if (!parts.some((part) => covers(part, range))) parts.push(range);
  }

  overlap(range: Range): boolean {
    return this.#parts.get(range.memory)?.some((part) => overlaps(part, range)) ?? false;
  }

  cover(range: Range): boolean {
    return this.#parts.get(range.memory)?.some((part) => covers(part, range)) ?? false;
  }
}

/**
 * Refuses a loss that depends on tensors by a kernel whose gradient no operation of the tape knows: a kernel that is no
 * operation, a tensor that an operation reads and does not name, a part of a result (`view`), a result changed in place.
 *
 * The tape says what gradients pass through; the launches say what is computed from what. Integers, and tensors that are
 * constants to gradients (`detached`), carry no dependence.
 *
 * @param trace The recording.
 * @param loss What is to be differentiated.
 * @param tensors With respect to what.
 * @throws {Error} Naming the operation or kernel.
 */
export function refuseLostDependence({ launches, tape }: Trace, loss: Tensor, tensors: readonly Tensor[]): void {
  const targets = new Ranges(tensors);
  const dependent = dependentRanges(launches, tensors);
  const writers = writersOf(launches);
  const made = new TensorMap<TapeEntry>();
  for (const entry of tape) for (const output of entry.outputs) made.set(output, entry);
  const needed = new TensorMap<true>();

  /** Refuses what a kernel has made, or changed, without a word to the tape. */
  const check = (tensor: Tensor<DType>, before: number) => {
    if (tensor.constant || tensor.dtype !== "f32" || needed.has(tensor)) return;
    needed.set(tensor, true);
    if (!dependent.overlap(tensor) || targets.overlap(tensor)) return;
    const entry = made.get(tensor);
    const last = writers.get(tensor.memory)?.findLast(({ index, range }) => index < before && overlaps(range, tensor));
    if (!last) return;
    if (!entry) refuse(last.launch.label, "it has no gradient");
    if (last.index >= entry.launches) refuse(last.launch.label, `it changes the result of "${entry.label}" in place`);
  };

  check(loss, launches.length);
  for (const entry of tape.toReversed()) {
    if (!entry.outputs.some((output) => needed.has(output))) continue;
    const unnamed = firstUnnamed(writers, entry, { named: new Ranges(entry.inputs), dependent, targets });
    if (unnamed) refuse(entry.label, `it reads "${unnamed.label}" without a gradient in it`);
    for (const input of entry.inputs) check(input, entry.launches);
  }
}

/** A launch that writes a range. */
interface Writer {
  readonly index: number;
  readonly launch: Launch;
  readonly range: Range;
  /** Whether it writes every element and reads none. */
  readonly anew: boolean;
}

/** The launches that write each memory, in order. */
function writersOf(launches: readonly Launch[]): ReadonlyMap<Memory, Writer[]> {
  const writers = new Map<Memory, Writer[]>();
  launches.forEach((launch, index) => {
    for (const { tensor, access } of launch.tensors) {
      if (access === "read") continue;
      const own = writers.get(tensor.memory) ?? [];
      own.push({ index, launch, range: tensor, anew: access === "write" });
      writers.set(tensor.memory, own);
    }
  });
  return writers;
}

/** Ranges that launches compute from tensors. */
function dependentRanges(launches: readonly Launch[], tensors: readonly Tensor[]): Ranges {
  const dependent = new Ranges(tensors);
  for (const launch of launches) {
    if (!read(launch).some((tensor) => dependent.overlap(tensor))) continue;
    for (const tensor of written(launch)) dependent.add(tensor);
  }
  return dependent;
}

/** A wanted tensor that an operation's kernels read, by itself or by what they make of it, and that is none of its inputs. */
function firstUnnamed(
  writers: ReadonlyMap<Memory, Writer[]>,
  { outputs, launches: end }: TapeEntry,
  { named, dependent, targets }: { readonly named: Ranges; readonly dependent: Ranges; readonly targets: Ranges },
): Tensor<DType> | null {
  const open: { readonly range: Range; readonly before: number }[] = outputs.filter((output) => !named.cover(output))
    .map((range) => ({ range, before: end }));
  const visited = new Set<Launch>();
  for (let next = open.pop(); next; next = open.pop()) {
    const { range, before } = next;
    for (const { index, launch, range: own, anew } of writers.get(range.memory)?.toReversed() ?? []) {
      if (index >= before || !overlaps(own, range)) continue;
      if (!visited.has(launch)) {
        visited.add(launch);
        for (const tensor of read(launch)) {
          if (named.cover(tensor) || !dependent.overlap(tensor)) continue;
          if (targets.overlap(tensor)) return tensor;
          open.push({ range: tensor, before: index });
        }
      }
      if (anew && covers(own, range)) break;
    }
  }
  return null;
}

function refuse(label: string, reason: string): never {
  throw new Error(
    `gradients: cannot differentiate through "${label}" because ${reason}; ` +
      "pass what it reads as `stopGradient(…)` if it is meant as a constant",
  );
}

const carries = ({ constant, dtype }: Tensor<DType>) => !constant && dtype === "f32";

function read({ tensors }: Launch): Tensor<DType>[] {
  return tensors.filter(({ access, tensor }) => access !== "write" && carries(tensor)).map(({ tensor }) => tensor);
}

function written({ tensors }: Launch): Tensor<DType>[] {
  return tensors.filter(({ access, tensor }) => access !== "read" && tensor.dtype === "f32").map(({ tensor }) =>
    tensor
  );
}

function overlaps(a: Range, b: Range): boolean {
  return a.memory === b.memory && a.start < b.start + b.size && b.start < a.start + a.size;
}

function covers(a: Range, b: Range): boolean {
  return a.memory === b.memory && a.start <= b.start && b.start + b.size <= a.start + a.size;
}
