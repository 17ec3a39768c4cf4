/**
 * Claims: declared before the run with what is measured and what is expected of it, judged after it.
 *
 * @module
 */
import type { Expectation } from "./expectations.ts";
import { type Judgement, type Verdict, VERDICTS } from "./judgement.ts";

/** A claim about evidence of type `M`. */
export interface Claim<M> {
  /** Short name, as in `null-blocks`. */
  readonly id: string;
  /** Claim: a full sentence that stands alone on the board. */
  readonly statement: string;
  /** Where it is claimed, as in `arXiv 2504.12916, eq. 12`. */
  readonly source: string;
  /** Condition for `reproduced`, made from the numbers that the test uses; logged before the run. */
  readonly criterion: string;
  /** Numbers and verdict from what the run has measured. */
  judge(evidence: M): Judgement;
}

/** Values that a claim is judged by, with what is said beside them. */
export interface Found<V> {
  /** Values, as the expectation takes them. */
  readonly values: V;
  /** Value that the source or a theory predicts, where it depends on the run. */
  readonly predicted?: number;
  /** Error of each rival explanation against the measurement, by its name. */
  readonly rivals?: Readonly<Record<string, number>>;
  /** Further numbers in words. */
  readonly detail?: string;
}

/** A measurement that the run did not allow, and why in words. */
export interface Unmeasured {
  /** Why there is nothing to judge by. */
  readonly unmeasured: string;
}

/** Parts of a claim. */
export interface ClaimParts<M, V> {
  /** Short name. */
  readonly id: string;
  /** Claim: a full sentence with a full stop. */
  readonly statement: string;
  /** Where it is claimed. */
  readonly source: string;
  /** Quantity that is measured, as a noun phrase; the criterion is this, a colon, and the expectation. */
  readonly measure: string;
  /** Value that the source or a theory predicts; a threshold is none. */
  readonly predicted?: number;
  /** Expectation of the values. */
  readonly expect: Expectation<V>;
  /** Values from what the run has measured. */
  values(evidence: M): Found<V> | Unmeasured;
}

/**
 * Declares a claim.
 *
 * @param parts Its parts.
 * @returns The claim, with a criterion made from what is measured and expected.
 * @throws {Error} If its statement does not end with a full stop.
 *
 * @example
 * ```ts
 * import { claim } from "./claim.ts";
 * import { ratio } from "./expectations.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const delayed = claim({
 *   id: "delayed",
 *   statement: "Generalisation comes long after memorisation.",
 *   source: "arXiv 2301.05217",
 *   measure: "steps to 95 % of the test pairs over steps to 99 % of the training pairs",
 *   predicted: 10,
 *   expect: ratio({ from: 2 }),
 *   values: (ratios: readonly number[]) => ({ values: ratios }),
 * });
 * assertEquals(
 *   delayed.criterion,
 *   "steps to 95 % of the test pairs over steps to 99 % of the training pairs: geometric mean over replicas, 95 % interval at least 2",
 * );
 * assertEquals(delayed.judge([5, 6, 7]).verdict, "reproduced");
 * ```
 */
export function claim<M, V>({ id, statement, source, measure, predicted, expect, values }: ClaimParts<M, V>): Claim<M> {
  if (!statement.endsWith(".")) {
    throw new Error(`expected the statement of claim ${id} to be a sentence with a full stop, found "${statement}"`);
  }
  const nothing = (detail: string): Judgement => ({
    verdict: "inconclusive",
    predicted: predicted ?? null,
    measured: null,
    low: null,
    high: null,
    replicas: 0,
    replicasToSettle: null,
    detail,
  });
  return {
    id,
    statement,
    source,
    criterion: `${measure}: ${expect.criterion}`,
    judge(evidence) {
      const found = values(evidence);
      if ("unmeasured" in found) return nothing(found.unmeasured);
      const assessment = expect.assess(found.values);
      const said = found.detail === undefined ? {} : { detail: found.detail };
      if ("unmeasured" in assessment) {
        return nothing(
          found.detail === undefined ? assessment.unmeasured : `${assessment.unmeasured}; ${found.detail}`,
        );
      }
      return {
        ...assessment,
        predicted: found.predicted ?? predicted ?? null,
        ...(found.rivals && { rivals: found.rivals }),
        ...said,
      };
    },
  };
}

/** A claim together with how it came out: a row of `claims.json` and of every table. */
export type JudgedClaim = Omit<Claim<never>, "judge"> & Judgement;

/**
 * Judges claims in their order.
 *
 * @param claims Claims with distinct names.
 * @param evidence What the run has measured.
 * @param trial Whether the run is a trial: every claim is computed, and its verdict is `trial`.
 * @returns Every claim with its numbers.
 * @throws {Error} If a claim cannot be judged, or its judgement holds a number that is not finite, naming the claim.
 */
export function judgeClaims<M>(claims: readonly Claim<M>[], evidence: M, trial = false): JudgedClaim[] {
  return claims.map((claim) => {
    const { id, statement, source, criterion } = claim;
    const judgement = judgementOf(claim, evidence);
    const { predicted, measured, low, high, rivals } = judgement;
    for (const [name, value] of Object.entries({ predicted, measured, low, high, ...rivals })) {
      if (value !== null && !Number.isFinite(value)) {
        throw new Error(`expected a finite ${name} for claim ${id}, found ${value}`);
      }
    }
    return {
      id,
      statement,
      source,
      criterion,
      ...judgement,
      ...(trial && { verdict: "trial" as const, replicasToSettle: null }),
    };
  });
}

function judgementOf<M>(claim: Claim<M>, evidence: M): Judgement {
  try {
    return claim.judge(evidence);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new Error(`cannot judge claim ${claim.id}: ${cause.message}`, { cause });
  }
}

/**
 * How many claims ended in each verdict.
 *
 * @param judged Claims with their verdicts.
 * @returns Counts; verdicts that did not occur are left out.
 */
export function countVerdicts(judged: readonly Pick<JudgedClaim, "verdict">[]): Partial<Record<Verdict, number>> {
  const counts = VERDICTS.map((each) => [each, judged.filter(({ verdict }) => verdict === each).length] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}
