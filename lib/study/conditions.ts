/**
 * Conditions: main replicas and controls as one ensemble, addressed by name.
 *
 * @module
 */

/**
 * Lists the seeds of replicas: `seed`, `seed + 1`, …, modulo 2³².
 *
 * @param seed First seed, an unsigned 32-bit integer.
 * @param count Number of replicas.
 * @returns Seeds (R).
 *
 * @example
 * ```ts
 * import { consecutiveSeeds } from "./conditions.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(consecutiveSeeds(2 ** 32 - 1, 3), [2 ** 32 - 1, 0, 1]);
 * ```
 */
export function consecutiveSeeds(seed: number, count: number): number[] {
  return Array.from({ length: count }, (_, replica) => (seed + replica) >>> 0);
}

/** A condition: its name, its seeds, and what its replicas are given. */
export type Condition<S extends object> = S & {
  /** Name in rows, claims and figures. */
  readonly name: string;
  /** Seed of each of its replicas. */
  readonly seeds: readonly number[];
};

/** One replica of an ensemble of several conditions. */
export type ConditionReplica<S extends object> = Omit<S, "name" | "seeds"> & {
  /** Name of its condition. */
  readonly condition: string;
  /** Its place among the replicas of the condition, from 0. */
  readonly replica: number;
  /** Its seed. */
  readonly seed: number;
};

/**
 * The replicas of several conditions side by side, the first condition first.
 *
 * @example
 * ```ts
 * import { Conditions } from "./conditions.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const design = new Conditions([
 *   { name: "main", seeds: [1, 2, 3], weightDecay: 1 },
 *   { name: "no decay", seeds: [1, 2], weightDecay: 0 },
 * ]);
 * assertEquals(design.each(({ weightDecay }) => weightDecay), [1, 1, 1, 0, 0]);
 * assertEquals(design.indices("no decay"), [3, 4]);
 * ```
 */
export class Conditions<S extends object> {
  /** Replicas in the order of the ensemble. */
  readonly replicas: readonly ConditionReplica<S>[];

  /**
   * Lays the replicas of several conditions side by side.
   *
   * @param conditions Conditions with distinct names; one without seeds has no replicas.
   * @throws {RangeError} If two conditions have one name.
   */
  constructor(readonly conditions: readonly Condition<S>[]) {
    const names = conditions.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new RangeError(`expected conditions with distinct names, found "${twice}" twice`);
    this.replicas = conditions.flatMap(({ name, seeds, ...given }) =>
      seeds.map((seed, replica) => ({ ...given, condition: name, replica, seed }) as unknown as ConditionReplica<S>)
    );
  }

  /** Names of the conditions that have replicas. */
  get names(): string[] {
    return this.conditions.filter(({ seeds }) => seeds.length > 0).map(({ name }) => name);
  }

  /** Seed of each replica. */
  get seeds(): number[] {
    return this.replicas.map(({ seed }) => seed);
  }

  /**
   * Places of a condition's replicas in the ensemble.
   *
   * @param name Its name.
   * @returns Indices along the axis of replicas; none for a name that is not there.
   */
  indices(name: string): number[] {
    return this.replicas.flatMap(({ condition }, index) => condition === name ? [index] : []);
  }

  /**
   * A value of every replica, in the order of the ensemble.
   *
   * @param of The value of one, given its place in the ensemble too.
   * @returns Values (R).
   */
  each<T>(of: (replica: ConditionReplica<S>, index: number) => T): T[] {
    return this.replicas.map(of);
  }
}
