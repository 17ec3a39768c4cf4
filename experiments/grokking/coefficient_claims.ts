/** Claims about the local learning coefficient along the run; criteria were fixed after pilots with other seeds. */
import type { CoefficientRow } from "./coefficient_study.ts";
import { type Evidence, type GrokkingClaim, indicesOf } from "./evidence.ts";
import { inSteps, judgeRatios, judgeShare, undecided } from "./judging.ts";
import { bothOf, mainTimes } from "./times.ts";
import type { Setting } from "./setting.ts";

const LAU = "arXiv 2308.12108; asked here of grokking";

/** Estimates of one replica, in the order of their steps. */
export function coefficientsOf({ coefficients }: Evidence, replica: number): CoefficientRow[] {
  return coefficients.filter((row) => row.replica === replica);
}

/** The coefficient at a step, on a straight line over the logarithm of the step between snapshots. */
export function coefficientAt(rows: readonly CoefficientRow[], step: number): number {
  const next = rows.findIndex((row) => row.step >= step);
  if (next < 0) return rows[rows.length - 1].coefficient;
  if (next === 0) return rows[0].coefficient;
  const [before, after] = [rows[next - 1], rows[next]];
  const share = Math.log(step / before.step) / Math.log(after.step / before.step);
  return before.coefficient + share * (after.coefficient - before.coefficient);
}

/** When the coefficient, past its largest value, first falls to half of it; null if it does not. */
export function halfTime(rows: readonly CoefficientRow[]): number | null {
  const values = rows.map(({ coefficient }) => coefficient);
  const top = values.indexOf(Math.max(...values));
  const level = values[top] / 2;
  const next = values.findIndex((value, index) => index > top && value <= level);
  if (next < 0) return null;
  const share = (values[next - 1] - level) / (values[next - 1] - values[next]);
  return rows[next - 1].step * (rows[next].step / rows[next - 1].step) ** share;
}

/** Geometric middle of the two snapshots between which the coefficient falls most; null if it never falls. */
export function steepestFall(rows: readonly CoefficientRow[]): number | null {
  let [most, at] = [0, null as number | null];
  rows.slice(1).forEach((row, index) => {
    const fall = rows[index].coefficient - row.coefficient;
    if (fall > most) [most, at] = [fall, Math.sqrt(rows[index].step * row.step)];
  });
  return at;
}

/** How many estimates have something wrong with their chains. */
function flagged({ coefficients }: Evidence): string {
  const count = coefficients.filter(({ warnings }) => warnings !== "").length;
  return `chains of ${count} of ${coefficients.length} estimates are warned of in the log`;
}

const number = (values: readonly number[]) => values.map((value) => Number(value.toPrecision(3))).join(", ");

/** Ratio of the coefficient at two times of each main replica. */
function ratios(evidence: Evidence, at: (rows: readonly CoefficientRow[], replica: number) => [number, number] | null) {
  const pairs = indicesOf(evidence, "main").flatMap((replica) => {
    const rows = coefficientsOf(evidence, replica);
    const pair = rows.length > 1 ? at(rows, replica) : null;
    return pair !== null && pair.every((value) => value > 0) ? [pair] : [];
  });
  return {
    ratios: pairs.map(([later, earlier]) => later / earlier),
    detail: `from ${number(pairs.map(([, earlier]) => earlier))} to ${number(pairs.map(([later]) => later))}; ${
      flagged(evidence)
    }`,
  };
}

const rises: GrokkingClaim = {
  id: "coefficient-rises",
  statement: "the learning coefficient rises while the training pairs are memorised",
  source: LAU,
  criterion:
    "LLC at 99 % of the training pairs (between snapshots: a straight line over ln step) over that at the first of its snapshots: geometric mean of the main replicas, 95 % t-interval ≥ 2",
  judge(evidence) {
    const times = mainTimes(evidence);
    const found = ratios(evidence, (rows, replica) => {
      const { memorised } = times[replica];
      return memorised === null ? null : [coefficientAt(rows, memorised), rows[0].coefficient];
    });
    return { ...judgeRatios(10, found.ratios, { from: 2 }), detail: found.detail };
  },
};

const falls: GrokkingClaim = {
  id: "coefficient-falls",
  statement: "the learning coefficient falls from memorisation to generalisation",
  source: LAU,
  criterion:
    "LLC at 95 % of the test pairs over that at 99 % of the training pairs: geometric mean of the main replicas that have both, 95 % t-interval ≤ 0.5",
  judge(evidence) {
    const times = mainTimes(evidence);
    const found = ratios(evidence, (rows, replica) => {
      const { memorised, generalised } = times[replica];
      if (memorised === null || generalised === null) return null;
      return [coefficientAt(rows, generalised), coefficientAt(rows, memorised)];
    });
    return { ...judgeRatios(0.2, found.ratios, { to: 0.5 }), detail: found.detail };
  },
};

const inCleanup: GrokkingClaim = {
  id: "coefficient-in-cleanup",
  statement: "its largest fall lies within cleanup",
  source: LAU,
  criterion:
    "the geometric middle of the two neighbouring snapshots between which the LLC falls most lies between the steps to restricted loss ½ ln p and to 95 % of the test pairs, in at least 3/4 of the main replicas",
  judge(evidence) {
    const times = mainTimes(evidence);
    const middles = indicesOf(evidence, "main").map((replica) => steepestFall(coefficientsOf(evidence, replica)));
    return judgeShare(
      middles.map((middle, index) => {
        const { circuit, generalised } = times[index];
        return middle !== null && circuit !== null && generalised !== null && circuit < middle && middle < generalised;
      }),
      0.75,
      `largest falls at ${inSteps(middles)}`,
    );
  },
};

const withTest: GrokkingClaim = {
  id: "coefficient-with-test",
  statement: "the learning coefficient falls together with the test loss",
  source: "asked here",
  criterion:
    "steps until the LLC, past its largest value, is half of it, over steps to test loss ½ ln p: geometric mean of the main replicas, 95 % t-interval within 1/1.5 … 1.5",
  judge(evidence) {
    const halves = indicesOf(evidence, "main").map((replica) => halfTime(coefficientsOf(evidence, replica)));
    const times = mainTimes(evidence).map(({ testHalf }, replica) => ({ testHalf, half: halves[replica] }));
    return {
      ...judgeRatios(1, bothOf(times, "half", "testHalf").map(([half, test]) => half / test), {
        from: 1 / 1.5,
        to: 1.5,
      }),
      detail: `LLC halved at ${inSteps(halves)}, test loss at ${inSteps(times.map(({ testHalf }) => testHalf))}`,
    };
  },
};

/** Claims about the main replicas. */
export const coefficientClaims: readonly GrokkingClaim[] = [rises, falls, inCleanup, withTest];

/** What is said of a control that must not generalise. */
const staysHigh = (id: string, condition: string, statement: string): GrokkingClaim => ({
  id,
  statement,
  source: "control",
  criterion: `${condition}: LLC at the last snapshot over its largest, at least 0.25 in every replica`,
  judge(evidence) {
    const found = indicesOf(evidence, condition).flatMap((replica) => {
      const values = coefficientsOf(evidence, replica).map(({ coefficient }) => coefficient);
      return values.length < 2 ? [] : [[values[values.length - 1], Math.max(...values)]];
    });
    if (found.length === 0) return undecided(1, "no estimate");
    const said = found.map(([last, most]) => `${number([most])} to ${number([last])}`).join(", ");
    return judgeShare(found.map(([last, most]) => last >= 0.25 * most), 1, `from ${said}`);
  },
});

/** Claims about the controls that must not generalise, as far as there are any. */
export function controlCoefficients({ decays }: Setting): GrokkingClaim[] {
  return [
    ...(decays.includes(0)
      ? [staysHigh(
        "coefficient-no-decay",
        "weight decay 0",
        "without weight decay the learning coefficient stays up: larger margins alone do not bring it down",
      )]
      : []),
    staysHigh("coefficient-random-labels", "random labels", "with random labels the learning coefficient stays up"),
  ];
}
