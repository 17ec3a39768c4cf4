/**
 * Claims that what is measured follows a theory.
 *
 * @module
 */
import type { Interval } from "../statistics/mod.ts";
import { type Claim, claim, type ClaimParts } from "./claim.ts";
import { estimate } from "./expectations.ts";

/** The largest deviation of a theory from what is measured, with its interval over replicas. */
export interface Deviation extends Interval {
  /** Replicas that the interval is over. */
  readonly replicas: number;
  /** Where it is, completing "largest …", as in `at step 23`. */
  readonly where: string;
}

/** Parts of a claim that what is measured follows a theory. */
export interface FollowsTheoryParts<M>
  extends Pick<ClaimParts<M, Deviation>, "id" | "statement" | "source" | "measure"> {
  /** Name of the theory. */
  readonly theory: string;
  /** Largest deviation at which the claim is reproduced. */
  readonly atMost: number;
  /** Theories whose deviations are shown beside the verdict; none unless given. */
  readonly rivals?: readonly string[];
  /** Largest deviation of a theory. */
  deviation(evidence: M, theory: string): Deviation;
}

/**
 * Declares the claim that what is measured follows a theory: its largest deviation is at most a number, and predicted to be 0.
 *
 * @param parts Words of the claim, the theory, and how far it may be off.
 * @returns The claim.
 *
 * @example
 * ```ts
 * import { followsTheory } from "./follows_theory.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const linear = followsTheory({
 *   id: "linear",
 *   statement: "The loss falls linearly.",
 *   source: "§3",
 *   measure: "largest deviation of the loss over steps",
 *   theory: "line",
 *   atMost: 0.1,
 *   rivals: ["parabola"],
 *   deviation: (off: Record<string, number>, theory) => {
 *     const centre = off[theory];
 *     return { centre, low: centre - 0.01, high: centre + 0.01, replicas: 4, where: "at step 8" };
 *   },
 * });
 * const { verdict, rivals, detail } = linear.judge({ line: 0.02, parabola: 0.3 });
 * assertEquals([verdict, rivals, detail], ["reproduced", { parabola: 0.3 }, "largest at step 8"]);
 * ```
 */
export function followsTheory<M>(
  { theory, atMost, rivals = [], deviation, ...words }: FollowsTheoryParts<M>,
): Claim<M> {
  return claim({
    ...words,
    predicted: 0,
    expect: estimate({ to: atMost }),
    values(evidence: M) {
      const values = deviation(evidence, theory);
      const others = rivals.map((rival) => [rival, (rival === theory ? values : deviation(evidence, rival)).centre]);
      const compared = rivals.length === 0 ? {} : { rivals: Object.fromEntries(others) };
      return { values, detail: `largest ${values.where}`, ...compared };
    },
  });
}
