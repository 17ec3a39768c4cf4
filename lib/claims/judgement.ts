/**
 * Judgements: the numbers of a claim after the run, and the one rule that makes a verdict of them.
 *
 * @module
 */
import type { Interval } from "../statistics/mod.ts";

/**
 * How a claim came out. A claim that is not reproduced is a result. Under a trial preset nothing is judged: the numbers are
 * kept, and the verdict is `trial`.
 */
export type Verdict = "reproduced" | "not reproduced" | "inconclusive" | "trial";

/** Verdicts in the order in which they are counted. */
export const VERDICTS: readonly Verdict[] = ["reproduced", "not reproduced", "inconclusive", "trial"];

/** Numbers of a claim after the run. What was not measured, or is not predicted, is null; all others are finite. */
export interface Judgement {
  /** How the claim came out. */
  readonly verdict: Verdict;
  /** Value that a source or a theory predicts; null where none does. A threshold is no prediction. */
  readonly predicted: number | null;
  /** Value measured, over replicas. */
  readonly measured: number | null;
  /** Lower end of its interval. */
  readonly low: number | null;
  /** Upper end of its interval. */
  readonly high: number | null;
  /** Replicas, or cases, that the interval is over. */
  readonly replicas: number;
  /** Of an inconclusive claim: replicas that would be expected to settle it, were centre and spread to stay. */
  readonly replicasToSettle: number | null;
  /** Error of each rival explanation against the measurement, by its name; the experiment names its rivals. */
  readonly rivals?: Readonly<Record<string, number>>;
  /** Of several groups the one whose numbers these are, such as `mode 2`. */
  readonly shown?: string;
  /** Further numbers in words. */
  readonly detail?: string;
}

/** Result of an expectation applied to values; the claim adds its prediction, rivals and words. */
export type Assessment = Pick<
  Judgement,
  "verdict" | "measured" | "low" | "high" | "replicas" | "replicasToSettle" | "shown"
>;

/** Values that meet a criterion; a bound left out is open. */
export interface Bounds {
  /** Smallest value that meets it. */
  readonly from?: number;
  /** Largest value that meets it. */
  readonly to?: number;
}

/**
 * Bounds of a relative error around a value: `|x − value| ≤ relative · |value|`.
 *
 * @param value Centre, not 0.
 * @param relative Half width relative to it, > 0.
 * @returns The values inside.
 */
export function within(value: number, relative: number): Required<Bounds> {
  const half = Math.abs(value) * relative;
  return { from: value - half, to: value + half };
}

/**
 * The one rule: a claim is reproduced if the whole interval meets the criterion, not reproduced if no part of it does, and
 * inconclusive otherwise.
 *
 * @param interval Interval of the measurement.
 * @param bounds Values that meet the criterion, bounds included.
 * @returns The verdict.
 *
 * @example
 * ```ts
 * import { verdictOf } from "./judgement.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(verdictOf({ low: 0.99, high: 1.03 }, { from: 0.95, to: 1.05 }), "reproduced");
 * ```
 */
export function verdictOf(
  { low, high }: Pick<Interval, "low" | "high">,
  { from = -Infinity, to = Infinity }: Bounds,
): Exclude<Verdict, "trial"> {
  if (low >= from && high <= to) return "reproduced";
  return high < from || low > to ? "not reproduced" : "inconclusive";
}

/** Most replicas that are looked at for {@linkcode replicasToSettle}. */
const MOST_REPLICAS = 10_000;

/**
 * Smallest number of replicas at which an interval would settle a claim, were its centre and spread to stay.
 *
 * @param intervalAt Interval expected with n replicas.
 * @param bounds Values that meet the criterion.
 * @param from First number to try.
 * @returns Number of replicas; null if 10 000 would not do.
 */
export function replicasToSettle(
  intervalAt: (n: number) => Pick<Interval, "low" | "high">,
  bounds: Bounds,
  from: number,
): number | null {
  for (let n = Math.max(2, from); n <= MOST_REPLICAS; n = n < 64 ? n + 1 : Math.ceil(n * 1.02)) {
    if (verdictOf(intervalAt(n), bounds) !== "inconclusive") return n;
  }
  return null;
}

/**
 * Bounds in words, for a criterion.
 *
 * @param bounds At least one bound.
 * @returns For example `within 0.75 … 1.33`, `at least 2`, `at most 0.05`.
 */
export function inWords({ from, to }: Bounds): string {
  if (from !== undefined && to !== undefined) return `within ${threeDigits(from)} … ${threeDigits(to)}`;
  if (from !== undefined) return `at least ${threeDigits(from)}`;
  return `at most ${threeDigits(to ?? NaN)}`;
}

/**
 * Writes a number with three significant digits, without trailing zeros.
 *
 * @param value The number; null where there is none.
 * @param none Text for null.
 * @returns For example `0.0412`.
 */
export function threeDigits(value: number | null, none = "–"): string {
  return value === null ? none : String(Number(value.toPrecision(3)));
}
