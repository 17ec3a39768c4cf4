/**
 * Claims: each with a criterion fixed before the run, and a verdict with numbers after it.
 *
 * @module
 */
import type { Interval } from "../statistics/interval.ts";

/** How a claim came out. A claim that is not reproduced is a result. */
export type Verdict = "reproduced" | "not reproduced" | "inconclusive";

/** A claim's numbers after the run; all of them finite. */
export interface Judgement {
  /** The value the claim predicts. */
  readonly predicted: number;
  /** The value measured, over replicas. */
  readonly measured: number;
  /** Lower end of the band of the measured value over replicas. */
  readonly low: number;
  /** Upper end of the band. */
  readonly high: number;
  /** How the claim came out. */
  readonly verdict: Verdict;
  /** Further numbers in words. */
  readonly detail?: string;
  /** Relative errors against the measurement, where the paper's closed form is compared with the exact flow. */
  readonly errors?: { readonly paper: number; readonly exact: number };
}

/** A claim about evidence of type `E`. */
export interface Claim<E> {
  /** Short name, as in `null-blocks`. */
  readonly id: string;
  /** What is claimed, in a sentence. */
  readonly statement: string;
  /** Where it is claimed, as in `arXiv 2504.12916, eq. 12`. */
  readonly source: string;
  /** What counts as reproduced, in words, with its numbers; written down before the run. */
  readonly criterion: string;
  /** Numbers and verdict from what the run has measured. */
  judge(evidence: E): Judgement;
}

/** A claim together with how it came out: a row of `claims.json` and of the table. */
export type JudgedClaim = Omit<Claim<never>, "judge"> & Judgement;

/** Values that count as agreement; a bound left out is open. */
export interface Tolerance {
  /** Smallest value that agrees. */
  readonly from?: number;
  /** Largest value that agrees. */
  readonly to?: number;
}

/**
 * Compares the band of a measurement with what counts as agreement:
 * reproduced if the band lies inside the tolerance, not reproduced if the two do not meet, inconclusive otherwise.
 *
 * @param predicted The value the claim predicts.
 * @param measured Centre and band of the measurement, as from `meanInterval` or `quantileInterval`.
 * @param tolerance Values that count as agreement, bounds included.
 * @returns Numbers and verdict.
 *
 * @example
 * ```ts
 * import { judgeInterval } from "./claims.ts";
 *
 * const { verdict } = judgeInterval(1, { centre: 1.01, low: 0.99, high: 1.03 }, { from: 0.95, to: 1.05 });
 * if (verdict !== "reproduced") throw new Error(verdict);
 * ```
 */
export function judgeInterval(predicted: number, measured: Interval, tolerance: Tolerance): Judgement {
  const { from = -Infinity, to = Infinity } = tolerance;
  const { centre, low, high } = measured;
  const verdict: Verdict = low >= from && high <= to
    ? "reproduced"
    : high < from || low > to
    ? "not reproduced"
    : "inconclusive";
  return { predicted, measured: centre, low, high, verdict };
}

/**
 * Tolerance of a relative error around a prediction: `|x − predicted| ≤ relative · |predicted|`.
 *
 * @param predicted Centre, not 0.
 * @param relative Half width relative to it, > 0.
 * @returns The values inside.
 */
export function within(predicted: number, relative: number): Tolerance {
  const half = Math.abs(predicted) * relative;
  return { from: predicted - half, to: predicted + half };
}

/**
 * Judges claims in their order.
 *
 * @param claims Claims with distinct names.
 * @param evidence What the run has measured.
 * @returns Every claim with its numbers.
 * @throws {Error} If a judgement holds a number that is not finite, naming the claim.
 */
export function judgeClaims<E>(claims: readonly Claim<E>[], evidence: E): JudgedClaim[] {
  return claims.map((claim) => {
    const { id, statement, source, criterion } = claim;
    const judgement = claim.judge(evidence);
    const { predicted, measured, low, high, errors } = judgement;
    const numbers = {
      predicted,
      measured,
      low,
      high,
      ...(errors && { paperError: errors.paper, exactError: errors.exact }),
    };
    for (const [name, value] of Object.entries(numbers)) {
      if (!Number.isFinite(value)) throw new Error(`expected a finite ${name} for claim ${id}, found ${value}`);
    }
    return { id, statement, source, criterion, ...judgement };
  });
}

/** Verdicts in the order in which they are counted. */
const VERDICTS: readonly Verdict[] = ["reproduced", "not reproduced", "inconclusive"];

/**
 * How many claims ended in each verdict.
 *
 * @param judged Claims with their verdicts.
 * @returns Counts; verdicts that did not occur are left out.
 */
export function countVerdicts(judged: readonly JudgedClaim[]): Record<string, number> {
  const counts = VERDICTS.map((each) => [each, judged.filter(({ verdict }) => verdict === each).length] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}
