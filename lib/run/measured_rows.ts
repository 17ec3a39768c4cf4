/** From numbers of every replica to rows of the log. */
import type { MeasureRow, Quantity, TheoryNumber } from "../study/measurements.ts";
import type { MeasuredAt, ReplicaValues } from "./experiment.ts";

/**
 * Rows of numbers of every replica.
 *
 * @param at Series or conditions, step and place.
 * @param values Numbers by quantity.
 * @returns Rows, quantity by quantity.
 * @throws {RangeError} If conditions have another number of replicas than there are numbers, or a first replica is told of them.
 */
export function* rowsOf(
  { series, replica = 0, step, layer, head, index }: MeasuredAt,
  values: Readonly<Record<string, ReplicaValues>>,
): Generator<MeasureRow> {
  if (replica !== 0 && typeof series !== "string") {
    throw new RangeError(`expected no first replica of conditions, found ${replica}: it is of a series by its name`);
  }
  const place = {
    ...(layer !== undefined && { layer }),
    ...(head !== undefined && { head }),
    ...(index !== undefined && { index }),
  };
  for (const [quantity, given] of Object.entries(values)) {
    const R = typeof series === "string" ? given.length : series.replicas.length;
    const each = R === 0 ? given.length : given.length / R;
    if (R === 0 ? each > 0 : !Number.isInteger(each) || each === 0) {
      throw new RangeError(`expected "${quantity}" of ${R} replicas, found ${given.length} numbers`);
    }
    for (let r = 0; r < R; r++) {
      const owner = typeof series === "string"
        ? { series, replica: replica + r }
        : { series: series.replicas[r].condition, replica: series.replicas[r].replica };
      const row = (value: number | null, index?: number): MeasureRow[] =>
        value === null ? [] : [{ ...owner, step, quantity, ...place, ...(index !== undefined && { index }), value }];
      const own = given[r];
      if (each > 1) {
        for (let i = 0; i < each; i++) yield* row((given as ArrayLike<number>)[r * each + i], i);
      } else if (typeof own === "object" && own !== null) {
        for (let i = 0; i < own.length; i++) yield* row(own[i], i);
      } else yield* row(own);
    }
  }
}

/**
 * Numbers of replicas that series of plain names have, by which a flat array of several numbers a replica is refused: it would
 * pass for one number of each of many more replicas.
 */
export class ReplicaCounts {
  readonly #seeds: number;
  readonly #counts = new Map<string, number>();

  /** @param seeds Number of seeds of the run. */
  constructor(seeds: number) {
    this.#seeds = seeds;
  }

  /**
   * Refuses flat arrays of a series that have as many numbers as several replicas of it, or of the run where the series is new;
   * likewise as many as a part of them. One number is one of a study without replicas, and an array of arrays says its replicas,
   * as a number of the first replica does.
   *
   * @param at Series or conditions.
   * @param values Numbers by quantity.
   * @throws {RangeError} Naming quantity and series.
   */
  check({ series, replica }: MeasuredAt, values: Readonly<Record<string, ReplicaValues>>): void {
    if (typeof series !== "string" || replica !== undefined) return;
    for (const [quantity, given] of Object.entries(values)) {
      const n = given.length;
      if (n < 2 || Array.from<unknown>(given).some((one) => typeof one === "object" && one !== null)) continue;
      const known = this.#counts.get(series);
      const R = known ?? this.#seeds;
      const several = R > 1 && n > R && n % R === 0;
      if (several || (known !== undefined && n < R && R % n === 0)) {
        throw new RangeError(
          `expected "${quantity}" of ${R} replicas of "${series}", found ${n} numbers: several of each replica are an array of ` +
            `arrays, and a series with replicas of its own is new lab.Conditions([{ name: "${series}", seeds }])`,
        );
      }
      if (known === undefined) this.#counts.set(series, n);
    }
  }
}

/**
 * Refuses numbers of some replicas of a run of several cells: whose they are could not be told.
 *
 * @param at Series or conditions.
 * @param values Numbers by quantity.
 * @param seeds Seeds of the run's replicas.
 * @throws {RangeError} If a quantity has not one entry for every replica of the run, in its order.
 */
export function checkWhole(
  { series, replica }: Pick<MeasuredAt, "series" | "replica">,
  values: Readonly<Record<string, ReplicaValues>>,
  seeds: readonly number[],
): void {
  const refuse = (name: string, found: string) => {
    throw new RangeError(
      `expected numbers of all ${seeds.length} replicas of a run of several cells in "${name}", found ${found}`,
    );
  };
  if (typeof series !== "string") {
    for (const { name, seeds: own } of series.conditions) {
      if (own.length > 0 && own.join() !== seeds.join()) refuse(name, `seeds ${own.join(", ")}`);
    }
    return;
  }
  if (replica !== undefined) refuse(series, `those from replica ${replica} on`);
  const short = Object.values(values).find(({ length }) => length !== seeds.length);
  if (short !== undefined) refuse(series, `${short.length}`);
}

/**
 * Rows of a theory's curve, or of several curves of one quantity.
 *
 * @param theory Name of the theory.
 * @param of What it is about.
 * @param steps Steps (T).
 * @param values Numbers (T), or several curves of as many.
 * @returns Rows, curve by curve.
 * @throws {RangeError} If a curve has another number of values than there are steps.
 */
export function* theoryRowsOf(
  theory: string,
  of: Quantity,
  steps: ArrayLike<number>,
  values: ArrayLike<number> | readonly ArrayLike<number>[],
): Generator<TheoryNumber> {
  const several = values.length > 0 && typeof values[0] === "object";
  const curves = several ? values as readonly ArrayLike<number>[] : [values as ArrayLike<number>];
  for (const [index, curve] of curves.entries()) {
    if (curve.length !== steps.length) {
      throw new RangeError(`expected ${steps.length} numbers of "${of.quantity}" by ${theory}, found ${curve.length}`);
    }
    for (let at = 0; at < steps.length; at++) {
      yield { theory, ...of, ...(several && { index }), step: steps[at], value: curve[at] };
    }
  }
}
