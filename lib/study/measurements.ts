/**
 * Numbers measured along a run. The log is the evidence: every number is one row of it, figures and claims are computed from
 * the rows, and a resumed run, or a run folder, gives the same ones back.
 *
 * @module
 */
import { mean } from "../statistics/mod.ts";

/** A quantity over the steps. */
export interface MeasuredCurve {
  /** Steps, ascending. */
  readonly x: readonly number[];
  /** Values at them. */
  readonly y: readonly number[];
}

/** Where in a model, or in a list of values, a number belongs. */
export interface Place {
  /** Layer, from 0. */
  readonly layer?: number;
  /** Head, from 0. */
  readonly head?: number;
  /** Which of several values: an eigenmode, a frequency, a position; from 0 unless the experiment says otherwise. */
  readonly index?: number;
}

/** Quantity of a curve, and its place. */
export interface Quantity extends Place {
  /** Condition or study: `main`, `depth-2`, `N = 8`. */
  readonly series: string;
  /** Name of the quantity, as in `test loss`. */
  readonly quantity: string;
}

/** One number of one replica. */
export interface MeasureRow extends Quantity {
  /** Steps taken. */
  readonly step: number;
  /** Replica of the series, from 0. */
  readonly replica: number;
  /** The number. */
  readonly value: number;
}

/** One number of a theory. */
export interface TheoryNumber extends Quantity {
  /** Name of the theory, as in `exact flow`. */
  readonly theory: string;
  /** Steps taken. */
  readonly step: number;
  /** The number. */
  readonly value: number;
}

/**
 * Mean of curves.
 *
 * @param curves Curves at the same steps, at least one.
 * @returns Their steps and means.
 */
export function meanCurve(curves: readonly MeasuredCurve[]): MeasuredCurve {
  const { x } = curves[0];
  return { x, y: x.map((_, index) => mean(curves.map(({ y }) => y[index]))) };
}

/** Values of one quantity: steps and numbers of each replica, or of each theory. */
type Curves = Map<number | string, { x: number[]; y: number[] }>;

/**
 * Numbers measured along a run, by series, quantity and place.
 *
 * @example
 * ```ts
 * import { Measurements } from "./measurements.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const measured = new Measurements();
 * for (const [step, value] of [[0, 4], [10, 1]]) {
 *   measured.add({ series: "main", quantity: "loss", step, replica: 0, value });
 *   measured.add({ series: "main", quantity: "loss", step, replica: 1, value: 2 * value });
 * }
 * assertEquals(measured.curve({ series: "main", quantity: "loss" }, 1), { x: [0, 10], y: [8, 2] });
 * assertEquals(measured.last({ series: "main", quantity: "loss" }), [1, 2]);
 * ```
 */
export class Measurements {
  readonly #measured = new Map<string, { readonly of: Quantity; readonly curves: Curves }>();
  readonly #theories = new Map<string, { readonly of: Quantity; readonly curves: Curves }>();

  /**
   * Measurements of the rows of a log.
   *
   * @param rows Rows of any kind; only `measure` and `theory` rows count.
   * @returns Their measurements.
   */
  static async from(
    rows: AsyncIterable<{ readonly kind: string }> | Iterable<{ readonly kind: string }>,
  ): Promise<Measurements> {
    const measured = new Measurements();
    for await (const row of rows) {
      if (row.kind === "measure") measured.add(row as unknown as MeasureRow);
      else if (row.kind === "theory") measured.addTheory(row as unknown as TheoryNumber);
    }
    return measured;
  }

  /**
   * Adds a number of a replica.
   *
   * @param row The number and where it belongs; steps of a replica ascend.
   * @returns Whether it is new: `false` for one that is there already.
   * @throws {RangeError} If another value is there, or a later step.
   */
  add(row: MeasureRow): boolean {
    return put(this.#measured, row, row.replica, `replica ${row.replica}`);
  }

  /** Adds a number of a theory; as {@linkcode Measurements.add}. */
  addTheory(row: TheoryNumber): boolean {
    return put(this.#theories, row, row.theory, row.theory);
  }

  /** Names of the series, in the order of their first number. */
  get series(): string[] {
    return [...new Set([...this.#measured.values()].map(({ of }) => of.series))];
  }

  /**
   * Quantities of a series, in the order of their first number.
   *
   * @param series The series.
   * @returns Names.
   */
  quantities(series: string): string[] {
    const all = [...this.#measured.values()].filter(({ of }) => of.series === series);
    return [...new Set(all.map(({ of }) => of.quantity))];
  }

  /** Whether there is any number of a quantity, at any place. */
  has({ series, quantity }: Pick<Quantity, "series" | "quantity">): boolean {
    return this.places({ series, quantity }).length > 0;
  }

  /**
   * Places of a quantity: its heads, modes or frequencies.
   *
   * @param of Series and quantity.
   * @returns Places in the order of their first number; one without fields for a quantity that has none.
   */
  places({ series, quantity }: Pick<Quantity, "series" | "quantity">): Place[] {
    return [...this.#measured.values()].filter(({ of }) => of.series === series && of.quantity === quantity)
      .map(({ of: { layer, head, index } }) => ({
        ...(layer !== undefined && { layer }),
        ...(head !== undefined && { head }),
        ...(index !== undefined && { index }),
      }));
  }

  /**
   * Replicas of a quantity.
   *
   * @param of What.
   * @returns Their numbers, ascending.
   */
  replicas(of: Quantity): number[] {
    const found = this.#measured.get(keyOf(of));
    return found === undefined ? [] : [...found.curves.keys()].map(Number).sort((a, b) => a - b);
  }

  /**
   * A quantity of one replica over the steps.
   *
   * @param of What.
   * @param replica Which replica.
   * @returns Steps and values, both empty where nothing was measured.
   */
  curve(of: Quantity, replica: number): MeasuredCurve {
    return this.#measured.get(keyOf(of))?.curves.get(replica) ?? { x: [], y: [] };
  }

  /** A quantity of every replica over the steps, in the order of {@linkcode Measurements.replicas}. */
  curves(of: Quantity): MeasuredCurve[] {
    return this.replicas(of).map((replica) => this.curve(of, replica));
  }

  /**
   * A quantity at all of its places, such as heads, by replica.
   *
   * @param of Series and quantity.
   * @returns Of each replica a curve for every place, in the order of {@linkcode Measurements.places}.
   */
  perReplica({ series, quantity }: Pick<Quantity, "series" | "quantity">): MeasuredCurve[][] {
    const places = this.places({ series, quantity }).map((place) => this.curves({ series, quantity, ...place }));
    return (places[0] ?? []).map((_, replica) => places.map((curves) => curves[replica]));
  }

  /** First value of every replica. */
  first(of: Quantity): number[] {
    return this.curves(of).map(({ y }) => y[0]);
  }

  /** Last value of every replica. */
  last(of: Quantity): number[] {
    return this.curves(of).map(({ y }) => y[y.length - 1]);
  }

  /**
   * Value of every replica at a step.
   *
   * @param of What.
   * @param step Which step.
   * @returns Values of the replicas that have one there.
   */
  at(of: Quantity, step: number): number[] {
    return this.curves(of).flatMap(({ x, y }) => {
      const index = indexOf(x, step);
      return index < 0 ? [] : [y[index]];
    });
  }

  /** Steps at which the first replica of a quantity was measured. */
  steps(of: Quantity): readonly number[] {
    return this.curves(of)[0]?.x ?? [];
  }

  /** Theories of a quantity. */
  theories(of: Quantity): string[] {
    return [...this.#theories.get(keyOf(of))?.curves.keys() ?? []].map(String);
  }

  /**
   * A theory's curve of a quantity.
   *
   * @param theory Its name.
   * @param of What.
   * @returns Steps and values, both empty where there are none.
   */
  theory(theory: string, of: Quantity): MeasuredCurve {
    return this.#theories.get(keyOf(of))?.curves.get(theory) ?? { x: [], y: [] };
  }

  /** All numbers of replicas, quantity by quantity. */
  *rows(): Generator<MeasureRow> {
    for (const { of, curves } of this.#measured.values()) {
      for (const [replica, { x, y }] of curves) {
        for (let i = 0; i < x.length; i++) yield { ...of, step: x[i], replica: Number(replica), value: y[i] };
      }
    }
  }

  /** All numbers of theories, quantity by quantity. */
  *theoryRows(): Generator<TheoryNumber> {
    for (const { of, curves } of this.#theories.values()) {
      for (const [theory, { x, y }] of curves) {
        for (let i = 0; i < x.length; i++) yield { theory: String(theory), ...of, step: x[i], value: y[i] };
      }
    }
  }
}

function keyOf({ series, quantity, layer, head, index }: Quantity): string {
  return `${series}\u0000${quantity}\u0000${layer ?? ""}\u0000${head ?? ""}\u0000${index ?? ""}`;
}

/** Place of a value in an ascending list; −1 where it is not. */
function indexOf(ascending: readonly number[], value: number): number {
  let [low, high] = [0, ascending.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return ascending[low] === value ? low : -1;
}

function put(
  table: Map<string, { readonly of: Quantity; readonly curves: Curves }>,
  row: Quantity & { readonly step: number; readonly value: number },
  owner: number | string,
  name: string,
): boolean {
  const { series, quantity, layer, head, index, step } = row;
  const value = row.value + 0; // The log knows no −0.
  const of = { series, quantity, layer, head, index };
  const key = keyOf(of);
  let found = table.get(key);
  if (found === undefined) table.set(key, found = { of, curves: new Map() });
  let curve = found.curves.get(owner);
  if (curve === undefined) found.curves.set(owner, curve = { x: [], y: [] });
  const { x, y } = curve;
  const last = x.length - 1;
  if (last < 0 || step > x[last]) {
    x.push(step);
    y.push(value);
    return true;
  }
  const before = indexOf(x, step);
  if (before >= 0 && Object.is(y[before], value)) return false;
  const where = `${quantity} of ${series}, ${name}`;
  throw new RangeError(
    before < 0
      ? `expected steps of ${where} to ascend, found ${step} after ${x[last]}`
      : `expected one value of ${where} at step ${step}, found ${value} beside ${y[before]}`,
  );
}
