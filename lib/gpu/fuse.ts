/** Which launches of a recording become one: functions of single numbers join the kernel that makes their argument. */
import type { Gpu } from "./device.ts";
import type { DType } from "./dtype.ts";
import type { Width } from "./element_map.ts";
import { epilogueOf, filesFit, fusedLaunch, type MapLaunch, mapOf, readableBy } from "./fused_kernel.ts";
import type { Launch } from "./launch.ts";
import type { Memory } from "./memory.ts";
import type { Tensor } from "./tensor.ts";

/** Functions of one kernel at most: what is written for one program seldom serves another. */
const MOST_PARTS = 12;
/** Tensors of one kernel at most: WebGPU guarantees as many storage buffers. */
const MOST_TENSORS = 8;

/**
 * Tensors that functions may read behind stores that are written out many times over, by the width of a store: a read doubles
 * what a driver has to compile, which takes it a second as it is, and four times as many stores of one number are written out.
 * Operands that repeat, whose index is found by divisions, are not read there at all.
 */
const MOST_UNROLLED_READS = { 1: 0, 4: 1 } as const;

/** A value in a group. */
interface Value {
  readonly tensor: Tensor<DType>;
  /** Launch that computes it, by index. */
  readonly launch: number;
}

/** Launches that become one, at the place of the first. */
interface Group {
  readonly position: number;
  /** Kernel behind whose stores functions are put; null if there are only functions. */
  readonly host: Launch | null;
  /** Value 0 is the host's. */
  readonly values: (Value | null)[];
  readonly parts: Part[];
  width: Width;
}

/** A function, and its launch by index. */
interface Part {
  readonly index: number;
  readonly launch: Launch;
  readonly map: MapLaunch;
}

/** Use of a stretch of memory by a launch. */
interface Use {
  readonly start: number;
  readonly size: number;
  readonly index: number;
  /** Where it takes place now. */
  position: number;
  readonly access: "read" | "write" | "update";
}

/**
 * Fuses launches: a function of single numbers joins the kernel that makes one of its arguments, if everything else that it
 * needs is there by then. Values that only functions of the same group take are never stored.
 *
 * Which launches are fused depends on the recorded operations and on shapes, never on values.
 *
 * @param gpu Device.
 * @param launches Launches that are needed, in order.
 * @param kept Planned memory that must survive the last launch.
 * @returns Launches that do the same, in order.
 */
export function fuseLaunches(gpu: Gpu, launches: readonly Launch[], kept: ReadonlySet<Memory>): Launch[] {
  const grouping = new Grouping(launches, kept);
  launches.forEach((launch, index) => grouping.take(launch, index));
  return grouping.launches(gpu);
}

class Grouping {
  readonly #kept: ReadonlySet<Memory>;
  /** Launches that use a memory, by index. */
  readonly #users = new Map<Memory, Set<number>>();
  readonly #groups: (Group | Launch)[] = [];
  /** The group that makes a memory. */
  readonly #maker = new Map<Memory, Group>();
  readonly #uses = new Map<object, Use[]>();

  constructor(launches: readonly Launch[], kept: ReadonlySet<Memory>) {
    this.#kept = kept;
    launches.forEach(({ tensors }, index) => {
      for (const { tensor: { memory } } of tensors) {
        const users = this.#users.get(memory) ?? new Set();
        this.#users.set(memory, users.add(index));
      }
    });
  }

  take(launch: Launch, index: number): void {
    const map = mapOf(launch);
    const joined = map && this.#join(launch, map, index);
    if (joined) return this.#note(launch, index, joined.position);
    this.#note(launch, index, index);
    const epilogue = map ? null : epilogueOf(launch);
    if (!map && !epilogue) {
      this.#groups.push(launch);
      return;
    }
    const width = map ? widthOf(map) : epilogue!.width;
    const own = map ? null : { tensor: epilogue!.tensor, launch: index };
    const group: Group = { position: index, host: map ? null : launch, values: [own], parts: [], width };
    if (map) add(group, launch, map, index);
    this.#groups.push(group);
    this.#maker.set((own?.tensor ?? map!.output).memory, group);
  }

  #note({ tensors }: Launch, index: number, position: number): void {
    for (const { tensor, access } of tensors) {
      const owner = ownerOf(tensor);
      const uses = this.#uses.get(owner) ?? [];
      this.#uses.set(owner, uses);
      uses.push({ ...extentOf(tensor), index, position, access });
    }
  }

  /** Joins a group that makes an argument: behind another kernel if there is one, else the latest. */
  #join(launch: Launch, map: MapLaunch, index: number): Group | null {
    const makers = new Set<Group>();
    for (const { tensor, walk } of map.inputs) {
      const group = walk === null ? this.#maker.get(tensor.memory) : undefined;
      if (group && this.#valueOf(group, tensor, index) !== null) makers.add(group);
    }
    const ranked = [...makers].toSorted((a, b) =>
      Number(b.host !== null) - Number(a.host !== null) || b.position - a.position
    );
    for (const group of ranked) {
      // What other functions make may be made in the same place.
      const others = ranked.filter((other) => other !== group && this.#movable(other, group));
      if (!this.#fits([group, ...others], launch, map, index)) continue;
      for (const other of others) this.#move(other, group);
      add(group, launch, map, index);
      this.#maker.set(map.output.memory, group);
      return group;
    }
    return null;
  }

  /** Whether the functions of a group can be computed where another one is. */
  #movable(group: Group, { position: to }: Group): boolean {
    const { host, parts, position: from } = group;
    if (host) return false;
    const own = new Set(parts.map(({ index }) => index));
    const [low, high] = [Math.min(from, to), Math.max(from, to)];
    const between = ({ position: at, index }: Use) => at >= low && at <= high && !own.has(index);
    return parts.every(({ map, index }) =>
      map.inputs.every(({ tensor }) =>
        this.#valueOf(group, tensor, index) !== null ||
        !this.#usesOf(tensor).some((use) => use.access !== "read" && between(use))
      ) && !this.#usesOf(map.output).some(between)
    );
  }

  #move(group: Group, to: Group): void {
    for (const { launch, map, index } of group.parts) {
      add(to, launch, map, index);
      this.#maker.set(map.output.memory, to);
      for (const { tensor } of launch.tensors) {
        for (const use of this.#uses.get(ownerOf(tensor))!) if (use.index === index) use.position = to.position;
      }
    }
    this.#groups.splice(this.#groups.indexOf(group), 1);
  }

  /** Whether a function can join groups, the first of which the others would move to. */
  #fits(groups: readonly Group[], launch: Launch, map: MapLaunch, index: number): boolean {
    const [{ position, host, values, width, parts: [one] }] = groups;
    const parts = [...groups.flatMap(({ parts }) => parts), { launch, map, index }];
    const first = host ? values[0]!.tensor : one.map.output;
    if (first.dtype !== "f32" || parts.length > MOST_PARTS) return false;
    if (parts.some(({ map: { output } }) => output.size !== first.size || output.dtype !== "f32")) return false;
    if (host) {
      const behind = ({ map: { inputs, map } }: { map: MapLaunch }) =>
        inputs.every(({ walk }) => readableBy(walk, width)) && filesFit(host, map, width) &&
        (map.light || !host.source!.kernel.epilogue!.unrolled);
      if (!parts.every(behind)) return false;
      const { unrolled = false } = host.source!.kernel.epilogue!;
      const divides = parts.some(({ map: { inputs } }) => inputs.some(({ walk }) => walk !== null));
      if (unrolled && (divides || this.#read(groups, parts) > MOST_UNROLLED_READS[width])) return false;
    }
    const tensors = [...(host?.tensors ?? []), ...parts.flatMap(({ launch }) => launch.tensors)];
    if (this.#count(groups, tensors, parts) > MOST_TENSORS) return false;
    // Everything else that it reads must be there when the group runs, and its result in nobody's way.
    const there = map.inputs.every(({ tensor, walk }) =>
      (walk === null && groups.some((group) => this.#valueOf(group, tensor, index) !== null)) ||
      this.#usesOf(tensor).every(({ access, position: at }) => access === "read" || at < position)
    );
    return there && !this.#usesOf(map.output).some(({ position: at }) => at >= position) && distinct(tensors);
  }

  /** Reads of memory that functions make. */
  #read(groups: readonly Group[], parts: readonly Part[]): number {
    const made = parts.map(({ map: { output } }) => output.memory);
    const values = new Set([...groups.flatMap(({ values }) => values.map((value) => value?.tensor.memory)), ...made]);
    return parts.flatMap(({ map: { inputs } }) => inputs).filter(({ tensor }) => !values.has(tensor.memory)).length;
  }

  /** Tensors that a kernel is bound to if nothing else joins it. */
  #count(groups: readonly Group[], tensors: Launch["tensors"], parts: readonly Part[]): number {
    const values = groups.flatMap(({ values }) => values).filter((value) => value !== null);
    const passed = new Set(
      values.filter((value) => !this.#isStored(value, parts)).map(({ tensor: { memory } }) => memory),
    );
    return new Set(tensors.flatMap(({ tensor }) => passed.has(tensor.memory) ? [] : [keyOf(tensor)])).size;
  }

  #usesOf(tensor: Tensor<DType>): Use[] {
    const { start, size } = extentOf(tensor);
    return (this.#uses.get(ownerOf(tensor)) ?? []).filter((use) =>
      use.start < start + size && start < use.start + use.size
    );
  }

  /**
   * Which value of a group a tensor is when a launch takes it: all of it, and nobody has written there since. What is changed in
   * place, or handed in as the output of another kernel, is no longer the value that the group made.
   */
  #valueOf({ values }: Group, tensor: Tensor<DType>, taker: number): number | null {
    const found = values.findLastIndex((value) =>
      value !== null && value.launch < taker && value.tensor.memory === tensor.memory &&
      value.tensor.start === tensor.start && value.tensor.size === tensor.size
    );
    if (found < 0) return null;
    const { launch } = values[found]!;
    const written = this.#usesOf(tensor).some(({ access, index }) =>
      access !== "read" && index > launch && index < taker
    );
    return written ? null : found;
  }

  launches(gpu: Gpu): Launch[] {
    return this.#groups.map((group) => {
      if (!("parts" in group)) return group;
      const { host, parts, values, width } = group;
      if (parts.length === 0) return host!;
      if (!host && parts.length === 1) return parts[0].launch;
      const stored = values.map((value) => value !== null && this.#isStored(value, parts));
      const taken = parts.map(({ launch, map, index }) => ({
        launch,
        values: map.inputs.map(({ tensor, walk }) => walk === null ? this.#valueOf(group, tensor, index) : null),
      }));
      return fusedLaunch(gpu, { host, parts: taken, stored, width });
    });
  }

  /** Whether anybody but the functions of a group needs a value. */
  #isStored({ tensor: { memory }, launch }: Value, parts: readonly Part[]): boolean {
    if (this.#kept.has(memory) || !memory.planned || memory.placed) return true;
    const inside = new Set(parts.map(({ index }) => index));
    return [...this.#users.get(memory)!].some((index) => index !== launch && !inside.has(index));
  }
}

function add(group: Group, launch: Launch, map: MapLaunch, index: number): void {
  group.parts.push({ index, launch, map });
  group.values.push({ tensor: map.output, launch: index });
  if (!group.host && !map.inputs.every(({ walk }) => readableBy(walk, 4))) group.width = 1;
}

function widthOf({ output, inputs }: MapLaunch): Width {
  return output.size % 4 === 0 && inputs.every(({ walk }) => readableBy(walk, 4)) ? 4 : 1;
}

/** Finds the buffer or planned memory of a tensor: tensors of one owner may overlap. */
function ownerOf({ memory, label }: Tensor<DType>): object {
  return memory.placed ? memory.home(label).buffer : memory;
}

/** Where in its owner a tensor lies, in elements. */
function extentOf({ memory, start, size, label }: Tensor<DType>): { start: number; size: number } {
  return { start: start + (memory.placed ? memory.home(label).offset / 4 : 0), size };
}

function keyOf(tensor: Tensor<DType>): string {
  const { start, size } = extentOf(tensor);
  return `${idOf(ownerOf(tensor))} ${start} ${size}`;
}

const ids = new WeakMap<object, number>();
let lastId = 0;

function idOf(owner: object): number {
  const id = ids.get(owner) ?? ++lastId;
  ids.set(owner, id);
  return id;
}

/** Whether no buffer that the caller allocated is read and written at once, which WebGPU refuses. */
function distinct(tensors: Launch["tensors"]): boolean {
  const outside = tensors.filter(({ tensor: { memory } }) => memory.placed);
  return outside.filter(({ access }) => access !== "read").every(({ tensor }) =>
    outside.every((other) => other.access !== "read" || ownerOf(other.tensor) !== ownerOf(tensor))
  );
}
