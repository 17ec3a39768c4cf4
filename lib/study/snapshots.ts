/**
 * Snapshots: parameters and other arrays along a run, in memory and in its checkpoints.
 *
 * @module
 */
import type { NamedArray } from "../models/parameters.ts";

/** A tensor of a checkpoint. */
export interface KeptTensor {
  /** Name in the file. */
  readonly name: string;
  /** Its shape. */
  readonly shape: readonly number[];
  /** Its values, row-major. */
  readonly data: ArrayLike<number | bigint>;
}

/** Arrays at one step. */
export interface Snapshot {
  /** Steps taken. */
  readonly step: number;
  /** Arrays by name, replicas along the first axis. */
  readonly arrays: readonly NamedArray[];
}

/** Prefix of the tensors in a checkpoint. */
const PREFIX = "run.snapshots.";

/**
 * Arrays kept along a run, under names.
 *
 * @example
 * ```ts
 * import { Snapshots } from "./snapshots.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const kept = new Snapshots();
 * const weight = (value: number) => [{ name: "w", shape: [1], data: Float32Array.of(value) }];
 * kept.keep("main", 0, weight(1));
 * kept.keep("main", 10, weight(2));
 * assertEquals(Snapshots.restore(kept.tensors()).of("main").map(({ step }) => step), [0, 10]);
 * assertEquals(kept.at("main", 10)[0].data, Float32Array.of(2));
 * ```
 */
export class Snapshots {
  readonly #kept = new Map<string, Snapshot[]>();

  /**
   * Keeps arrays. What was kept under this name at this step before, by a run that was resumed, stays as it is.
   *
   * @param name Name of the series of snapshots: letters, digits, blanks and `-`, no dot.
   * @param step Steps taken, above those of the snapshots before.
   * @param arrays Arrays of the same names and shapes as in the snapshots before.
   * @throws {RangeError} If the name holds a dot, a later step is there, or arrays are not those of the snapshots before.
   */
  keep(name: string, step: number, arrays: readonly NamedArray[]): void {
    if (name.includes(".")) throw new RangeError(`expected a name without dots for snapshots, found "${name}"`);
    const list = this.#kept.get(name) ?? [];
    this.#kept.set(name, list);
    const last = list.at(-1)?.step ?? -1;
    if (list.some((snapshot) => snapshot.step === step)) return;
    if (step < last) {
      throw new RangeError(`expected snapshots of "${name}" to ascend, found step ${step} after ${last}`);
    }
    const wanted = list[0]?.arrays ?? arrays;
    const differs = arrays.length !== wanted.length ||
      wanted.some(({ name, shape }) => String(arrays.find((array) => array.name === name)?.shape) !== String(shape));
    if (differs) {
      const inWords = (all: readonly NamedArray[]) => all.map(({ name, shape }) => `${name} (${shape})`).join(", ");
      throw new RangeError(
        `expected arrays of snapshots "${name}" to be ${inWords(wanted)}, found ${inWords(arrays)} at step ${step}`,
      );
    }
    list.push({ step, arrays });
  }

  /**
   * Snapshots under a name.
   *
   * @param name The name.
   * @returns Snapshots in order; none where nothing was kept.
   */
  of(name: string): readonly Snapshot[] {
    return this.#kept.get(name) ?? [];
  }

  /**
   * Arrays at a step.
   *
   * @param name Name of the series of snapshots.
   * @param step Which step; the last one unless given.
   * @returns The arrays.
   * @throws {RangeError} If nothing was kept there.
   */
  at(name: string, step?: number): readonly NamedArray[] {
    const list = this.of(name);
    const found = step === undefined ? list.at(-1) : list.find((snapshot) => snapshot.step === step);
    if (found !== undefined) return found.arrays;
    const steps = list.map(({ step }) => step).join(", ") || "none";
    throw new RangeError(`expected a snapshot of "${name}" at step ${step ?? "of any number"}, found ${steps}`);
  }

  /**
   * Takes the snapshots under a name: they are given once, and no later checkpoint holds them. Code that a resumed run passes
   * again gets none of them, as what was measured of them is in its log.
   *
   * @param name The name.
   * @returns Snapshots in order; none where they were taken before.
   */
  take(name: string): readonly Snapshot[] {
    const list = this.of(name);
    this.#kept.delete(name);
    return list;
  }

  /** All snapshots as tensors of a checkpoint: for every name the steps, and of each array its values one after the other. */
  tensors(): { name: string; shape: number[]; data: Float32Array | Float64Array }[] {
    return [...this.#kept].filter(([, list]) => list.length > 0).flatMap(([name, list]) => [
      { name: `${PREFIX}${name}.steps`, shape: [list.length], data: Float64Array.from(list, ({ step }) => step) },
      ...list[0].arrays.map(({ name: array, shape, data: { length } }) => {
        const data = new Float32Array(list.length * length);
        list.forEach(({ arrays }, index) =>
          data.set(arrays.find((other) => other.name === array)!.data, index * length)
        );
        return { name: `${PREFIX}${name}.of.${array}`, shape: [list.length, ...shape], data };
      }),
    ]);
  }

  /**
   * Snapshots of a checkpoint: undoes {@linkcode Snapshots.tensors}.
   *
   * @param tensors Tensors of a checkpoint, in any order; others are passed over.
   * @returns The snapshots.
   */
  static restore(tensors: readonly KeptTensor[]): Snapshots {
    const kept = new Snapshots();
    const own = tensors.filter(({ name }) => name.startsWith(PREFIX));
    for (const { name, data: steps } of own.filter(({ name }) => /^[^.]*\.[^.]*\.[^.]*\.steps$/.test(name))) {
      const series = name.slice(PREFIX.length, -".steps".length);
      const prefix = `${PREFIX}${series}.of.`;
      const parts = own.filter(({ name }) => name.startsWith(prefix));
      Array.from(steps, Number).forEach((step, index, { length: T }) =>
        kept.keep(
          series,
          step,
          parts.map(({ name, shape: [, ...shape], data }) => ({
            name: name.slice(prefix.length),
            shape,
            data: (data as Float32Array).slice(index * data.length / T, (index + 1) * data.length / T),
          })),
        )
      );
    }
    return kept;
  }
}
