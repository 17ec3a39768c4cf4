/**
 * Exact errors of two predictors of in-context classification by patterns, the tasks of `patternTasks`.
 *
 * A query shows pattern a of a task (a, b), in either order. Each of N examples shows a or b with probability α/2 each, with their labels,
 * else one of the M − 2 others, with a label by a fair coin. So examples with the query's pattern have its label, all of them.
 *
 * @module
 */

/** Law of the examples. */
export interface PatternExamples {
  /** Relevant patterns M ≥ 2. */
  readonly patterns: number;
  /** Share α of the examples that show a pattern of the task, in (0, 1]; 1 where M = 2. */
  readonly share: number;
  /** Examples N ≥ 0. */
  readonly length: number;
}

function check({ patterns: M, share, length: N }: PatternExamples): void {
  const refuse = (expected: string, found: number) => {
    throw new RangeError(`pattern errors: expected ${expected}, found ${found}`);
  };
  if (!(Number.isInteger(M) && M >= 2)) refuse("patterns ≥ 2", M);
  if (!(share > 0 && share <= 1) || (M === 2 && share < 1)) {
    refuse(M === 2 ? "a share of 1 where there are 2 patterns" : "a share above 0, at most 1", share);
  }
  if (!(Number.isInteger(N) && N >= 0)) refuse("an integer of examples ≥ 0", N);
}

/**
 * Error of attention that looks at examples with the query's pattern alone, and tosses a coin where there are none:
 * `½ (1 − α/2)^N`.
 *
 * @param examples Their law.
 * @returns Probability of the wrong label, in [0, ½].
 * @throws {RangeError} If the law is out of its domain.
 *
 * @example
 * ```ts
 * import { copyingError } from "./pattern_errors.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(copyingError({ patterns: 6, share: 0.8, length: 2 }), 0.5 * 0.6 ** 2, 1e-15);
 * ```
 */
export function copyingError(examples: PatternExamples): number {
  check(examples);
  return (1 - examples.share / 2) ** examples.length / 2;
}

/**
 * Error of the best predictor that knows α and that all tasks are equally likely.
 *
 * It errs only where no example shows the query's pattern. Then pattern c is the task's other one, with label s, with a probability that is
 * proportional to ρ^(n_c) if all of its n_c labels are s, else 0; ρ = α (M − 2)/(1 − α). The likelier −s is the answer. The error is summed
 * over all counts and labels, about (N + M − 2 choose M − 2) 3^(M − 2) of them.
 *
 * @param examples Their law.
 * @returns Probability of the wrong label, in [0, ½].
 * @throws {RangeError} If the law is out of its domain.
 *
 * @example
 * ```ts
 * import { bayesError } from "./pattern_errors.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * // One example, three patterns: wrong half of the time where it is not of the task.
 * assertAlmostEquals(bayesError({ patterns: 3, share: 0.8, length: 1 }), 0.1, 1e-12);
 * ```
 */
export function bayesError(examples: PatternExamples): number {
  check(examples);
  const { patterns: M, share, length: N } = examples;
  if (N === 0) return 0.5;
  // Without others, an example that does not show the query's pattern shows the other one.
  if (share === 1) return 0;
  const rho = share * (M - 2) / (1 - share);
  const logFactorial = [0];
  for (let n = 1; n <= N; n++) logFactorial.push(logFactorial[n - 1] + Math.log(n));
  const [shown, other] = [share / 2, (1 - share) / (M - 2)].map(Math.log);
  let error = 0;
  /**
   * Goes through the counts of the patterns that are not of the task, from the `left`-th on, with `rest` examples to share out.
   * `right` and `wrong` are the sums of ρ^n for either answer, and `logP` the logarithm of the probability so far.
   */
  const shareOut = (left: number, rest: number, right: number, wrong: number, logP: number): void => {
    if (left === 0) {
      // The rest show the task's other pattern: its labels are for the right answer.
      const p = Math.exp(logP + rest * shown - logFactorial[rest]);
      const [a, b] = [right + rho ** rest, wrong + (rest === 0 ? 1 : 0)];
      const tie = Math.abs(a - b) <= 1e-12 * (a + b);
      error += p * (tie ? 0.5 : b > a ? 1 : 0);
      return;
    }
    for (let n = 0; n <= rest; n++) {
      const next = logP + n * other - logFactorial[n];
      if (n === 0) shareOut(left - 1, rest, right + 1, wrong + 1, next);
      else {
        const all = next - n * Math.LN2;
        shareOut(left - 1, rest - n, right + rho ** n, wrong, all);
        shareOut(left - 1, rest - n, right, wrong + rho ** n, all);
        if (n > 1) shareOut(left - 1, rest - n, right, wrong, next + Math.log1p(-(2 ** (1 - n))));
      }
    }
  };
  shareOut(M - 2, N, 0, 0, logFactorial[N]);
  return error;
}
