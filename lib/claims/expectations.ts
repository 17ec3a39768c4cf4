/**
 * Expectations: what values would have to be for a claim to be reproduced. Each makes the text of the criterion and the test
 * from the same numbers, so that they cannot differ.
 *
 * @module
 */
import {
  type Interval,
  mean as meanOf,
  meanInterval,
  ratioInterval,
  standardDeviation,
  studentQuantile,
  wilsonInterval,
} from "../statistics/mod.ts";
import { type Assessment, type Bounds, inWords, replicasToSettle, type Verdict, verdictOf } from "./judgement.ts";

/** Expectation of values of type `V`. */
export interface Expectation<V> {
  /** The criterion in words, completing "… : ". */
  readonly criterion: string;
  /** Judges values; null where they are too few to judge by, and then why in words. */
  assess(values: V): Assessment | { readonly unmeasured: string };
}

/** Assesses an interval by {@linkcode verdictOf}; `intervalAt` says how it would narrow with more replicas. */
function assessed(
  { centre, low, high }: Interval,
  bounds: Bounds,
  n: number,
  intervalAt: ((n: number) => Pick<Interval, "low" | "high">) | null,
): Assessment {
  const verdict = verdictOf({ low, high }, bounds);
  const settled = verdict === "inconclusive" && intervalAt !== null ? replicasToSettle(intervalAt, bounds, n) : null;
  return { verdict, measured: centre, low, high, replicas: n, replicasToSettle: settled };
}

const tooFew = (least: string, found: number) => ({ unmeasured: `expected at least ${least}, found ${found}` });

/**
 * The mean over replicas lies within bounds, with its 95 % t-interval.
 *
 * @param bounds Values that meet the criterion.
 * @returns An expectation of one finite value a replica.
 *
 * @example
 * ```ts
 * import { mean } from "./expectations.ts";
 * import { assert } from "@std/assert";
 *
 * const assessment = mean({ from: 0.9, to: 1.1 }).assess([0.99, 1, 1.01]);
 * assert("verdict" in assessment && assessment.verdict === "reproduced");
 * ```
 */
export function mean(bounds: Bounds): Expectation<readonly number[]> {
  return {
    criterion: `mean over replicas, 95 % interval ${inWords(bounds)}`,
    assess(values) {
      if (values.length < 2) return tooFew("two replicas", values.length);
      const interval = meanInterval(values);
      return assessed(interval, bounds, values.length, narrowing(values));
    },
  };
}

/**
 * The geometric mean of ratios over replicas lies within bounds, with its 95 % t-interval.
 *
 * @param bounds Values that meet the criterion.
 * @returns An expectation of one value > 0 a replica.
 */
export function ratio(bounds: Bounds): Expectation<readonly number[]> {
  return {
    criterion: `geometric mean over replicas, 95 % interval ${inWords(bounds)}`,
    assess(values) {
      if (values.length < 2) return tooFew("two replicas", values.length);
      const logarithms = narrowing(values.map(Math.log));
      return assessed(ratioInterval(values), bounds, values.length, (n) => {
        const { low, high } = logarithms(n);
        return { low: Math.exp(low), high: Math.exp(high) };
      });
    },
  };
}

/** Interval of the mean expected with n replicas of the same mean and standard deviation. */
function narrowing(values: readonly number[]): (n: number) => Pick<Interval, "low" | "high"> {
  const [centre, deviation] = [meanOf(values), standardDeviation(values)];
  return (n) => {
    const half = studentQuantile(0.975, n - 1) * deviation / Math.sqrt(n);
    return { low: centre - half, high: centre + half };
  };
}

/**
 * The share of replicas in which something holds lies within bounds, with Wilson's 95 % interval.
 *
 * @param bounds `atLeast` or `atMost`, in [0, 1].
 * @param of What the share is of, in the plural.
 * @returns An expectation of one truth value a replica.
 *
 * @example
 * ```ts
 * import { share } from "./expectations.ts";
 * import { assert } from "@std/assert";
 *
 * // Two of two are too few to say that three quarters do.
 * const assessment = share({ atLeast: 0.75 }).assess([true, true]);
 * assert("verdict" in assessment && assessment.verdict === "inconclusive" && assessment.replicasToSettle === 12);
 * ```
 */
export function share(
  { atLeast, atMost }: { readonly atLeast?: number; readonly atMost?: number },
  of = "replicas",
): Expectation<readonly boolean[]> {
  const bounds = { from: atLeast, to: atMost };
  return {
    criterion: `share of ${of}, 95 % interval (Wilson) ${inWords(bounds)}`,
    assess(holds) {
      if (holds.length === 0) return { unmeasured: `no ${of} to judge by` };
      const part = holds.filter(Boolean).length / holds.length;
      return assessed(wilsonInterval(part, holds.length), bounds, holds.length, (n) => wilsonInterval(part, n));
    },
  };
}

/** Share that the interval of {@linkcode every} must reach where there is no counterexample. */
const EVERY = 0.75;

/**
 * Something holds in every replica: one counterexample refutes it, and without one Wilson's 95 % interval must lie above
 * three quarters, for which twelve replicas are needed.
 *
 * @param of What it holds in, in the plural.
 * @returns An expectation of one truth value a replica.
 */
export function every(of = "replicas"): Expectation<readonly boolean[]> {
  return {
    criterion:
      `all ${of}; a counterexample refutes it, and without one the 95 % interval (Wilson) is at least ${EVERY}`,
    assess(holds) {
      if (holds.length === 0) return { unmeasured: `no ${of} to judge by` };
      const n = holds.length;
      const part = holds.filter(Boolean).length / n;
      const found = assessed(wilsonInterval(part, n), { from: EVERY }, n, (n) => wilsonInterval(part, n));
      return part < 1 ? { ...found, verdict: "not reproduced", replicasToSettle: null } : found;
    },
  };
}

/**
 * An estimate with an interval of its own lies within bounds.
 *
 * @param bounds Values that meet the criterion.
 * @param interval What the interval is, in words.
 * @returns An expectation of an interval, and of how many replicas it is over.
 */
export function estimate(
  bounds: Bounds,
  interval = "95 % interval over replicas",
): Expectation<Interval & { readonly replicas: number }> {
  return {
    criterion: `${interval} ${inWords(bounds)}`,
    assess: (found) =>
      assessed(found, bounds, found.replicas, (n) => {
        const narrower = Math.sqrt(found.replicas / n);
        return {
          low: found.centre - (found.centre - found.low) * narrower,
          high: found.centre + (found.high - found.centre) * narrower,
        };
      }),
  };
}

/** Verdicts of a group, from what is expected to what refutes it. */
const SEVERITY: readonly Verdict[] = ["reproduced", "inconclusive", "not reproduced"];

/** Name of a group with what it is, without a word twice: `mode 2`, `context length N = 50`, `share α′ = 0.4`. */
function groupName(of: string, name: string): string {
  const last = of.slice(of.lastIndexOf(" ") + 1);
  return name.startsWith(`${last} `) ? of + name.slice(last.length) : `${of} ${name}`;
}

/** Values of several groups, such as modes or depths, by name. */
export type Groups<V> = Readonly<Record<string, V>>;

/**
 * Each group of replicas meets an expectation: reproduced if all do, not reproduced if any does not. A group that cannot be
 * judged leaves open what the others do not refute.
 *
 * @param expectation What is expected of each group.
 * @param about `of`: what the groups are, as in `mode`; `shown`: whether numbers are those of the worst group or means over
 *   groups. The worst has the verdict of all, and of those that have it the largest `distance` (from a value, 1 by default,
 *   on a logarithmic scale).
 * @returns An expectation of the values of each group.
 */
export function each<V>(
  expectation: Expectation<V>,
  { of, shown, distance = (centre) => Math.abs(Math.log(centre)) }: {
    readonly of: string;
    readonly shown: "worst" | "mean";
    readonly distance?: (centre: number) => number;
  },
): Expectation<Groups<V>> {
  return {
    criterion: `of every ${of}: ${expectation.criterion}`,
    assess(groups) {
      const found = Object.entries(groups).map(([name, values]) => {
        const assessment = expectation.assess(values);
        if ("unmeasured" in assessment) return assessment;
        return { ...assessment, shown: groupName(of, name) + (assessment.shown ? `, ${assessment.shown}` : "") };
      });
      const all = found.filter((one) => !("unmeasured" in one)) as Assessment[];
      const [missing] = found.filter((one) => "unmeasured" in one);
      if (all.length === 0) return missing ?? { unmeasured: `no ${of} to judge by` };
      const verdict = all.some((one) => one.verdict === "not reproduced")
        ? "not reproduced" as const
        : missing === undefined && all.every((one) => one.verdict === "reproduced")
        ? "reproduced" as const
        : "inconclusive" as const;
      const open = all.filter((one) => one.verdict === "inconclusive").map((one) => one.replicasToSettle);
      const settled = verdict === "inconclusive" && missing === undefined && open.every((n) => n !== null)
        ? Math.max(...open as number[])
        : null;
      if (shown === "worst") {
        // A group that decides the verdict comes before one that is farther away on the side that is allowed.
        const farther = (a: Assessment, b: Assessment) =>
          SEVERITY.indexOf(b.verdict) - SEVERITY.indexOf(a.verdict) || distance(b.measured!) - distance(a.measured!);
        const worst = all.reduce((a, b) => farther(a, b) > 0 ? b : a);
        return { ...worst, verdict, replicasToSettle: settled };
      }
      const over = (of: (one: Assessment) => number) => meanOf(all.map(of));
      return {
        verdict,
        measured: over((one) => one.measured!),
        low: Math.min(...all.map((one) => one.low!)),
        high: Math.max(...all.map((one) => one.high!)),
        replicas: Math.min(...all.map((one) => one.replicas)),
        replicasToSettle: settled,
      };
    },
  };
}

/**
 * Values fall, or rise, from each group to the next. Neighbours are compared replica by replica, as far as both have them,
 * with the 95 % t-interval of the difference; the measured value is the share of neighbours whose means are in order, its
 * interval reaches from those that surely are to those that may be.
 *
 * @param order Which way values go.
 * @param of What the groups are, as in `weight decay`.
 * @returns An expectation of the values of each group, in order.
 */
export function ordered(order: "falling" | "rising", of: string): Expectation<Groups<readonly number[]>> {
  const sign = order === "falling" ? -1 : 1;
  return {
    criterion: `mean ${order} with every ${of}; the 95 % interval of each step, paired by seed, lies ${
      order === "falling" ? "below" : "above"
    } 0`,
    assess(groups) {
      const values = Object.values(groups);
      if (values.length < 2) return tooFew(`two of ${of}`, values.length);
      const steps = values.slice(1).map((after, index) => {
        const before = values[index];
        const n = Math.min(before.length, after.length);
        const differences = Array.from({ length: n }, (_, replica) => sign * (after[replica] - before[replica]));
        return { rises: sign * (meanOf(after) - meanOf(before)) > 0, differences };
      });
      const judged = steps.map(({ differences }) =>
        differences.length < 2 ? null : assessed(
          meanInterval(differences),
          { from: Number.MIN_VALUE },
          differences.length,
          narrowing(differences),
        )
      );
      const part = (holds: (index: number) => boolean) =>
        steps.filter((_, index) => holds(index)).length / steps.length;
      const verdicts = judged.map((one) => one?.verdict ?? "inconclusive");
      const verdict = verdicts.includes("not reproduced")
        ? "not reproduced" as const
        : verdicts.every((one) => one === "reproduced")
        ? "reproduced" as const
        : "inconclusive" as const;
      const open = judged.filter((one) => one?.verdict === "inconclusive").map((one) => one!.replicasToSettle);
      return {
        verdict,
        measured: part((index) => steps[index].rises),
        low: part((index) => verdicts[index] === "reproduced"),
        high: part((index) => verdicts[index] !== "not reproduced"),
        replicas: Math.min(...steps.map(({ differences }) => differences.length)),
        replicasToSettle: verdict === "inconclusive" && open.length > 0 && open.every((n) => n !== null)
          ? Math.max(...open as number[])
          : null,
      };
    },
  };
}

/** Result of a permutation test, with the share of each seed. */
export interface ChanceResult {
  /** Share of events inside, over all seeds. */
  readonly share: number;
  /** Share expected by chance. */
  readonly expected: number;
  /** Probability of at least this share by chance. */
  readonly p: number;
  /** Share of each seed that has events. */
  readonly perSeed: readonly number[];
}

/**
 * Events lie inside windows more often than chance has it: reproduced where a permutation test gives p at most `level`; not
 * reproduced where the 95 % interval of the share over seeds lies at or below what chance gives; inconclusive otherwise.
 *
 * @param level Largest p.
 * @returns An expectation of what a permutation test found.
 */
export function moreThanChance(level = 0.05): Expectation<ChanceResult> {
  return {
    criterion:
      `more than by chance, permutation test over places of the windows, p at most ${level} (not reproduced where ` +
      `the 95 % interval of the share over seeds is at most what chance gives)`,
    assess({ share, expected, p, perSeed }) {
      const n = perSeed.length;
      const interval = n >= 2 ? meanInterval(perSeed) : { low: share, high: share };
      const [low, high] = [Math.min(interval.low, share), Math.max(interval.high, share)];
      const verdict = p <= level
        ? "reproduced" as const
        : high <= expected
        ? "not reproduced" as const
        : "inconclusive" as const;
      const settled = verdict === "inconclusive" && n >= 2 && share !== expected
        ? replicasToSettle(
          narrowing(perSeed),
          share > expected ? { from: expected } : { to: expected },
          n,
        )
        : null;
      return { verdict, measured: share, low, high, replicas: n, replicasToSettle: settled };
    },
  };
}
