/** Claims about interventions: each compares two of them on the same replicas. */
import { type GrokkingClaim, indicesOf } from "./evidence.ts";
import type { Intervention } from "./interventions.ts";
import { inSteps, judgeRatios, undecided } from "./judging.ts";
import { branchTime } from "./times.ts";

interface Comparison {
  readonly id: string;
  readonly statement: string;
  readonly first: Intervention;
  readonly second: Intervention;
  readonly sooner: boolean;
}

/**
 * A comparison from one checkpoint on.
 *
 * @param comparison What is compared.
 * @param from Step of the checkpoint.
 * @param named Whether it is named in the claim.
 */
function compare({ id, statement, first, second, sooner }: Comparison, from: number, named: boolean): GrokkingClaim {
  const criterion =
    `steps to 95 % of the test pairs, "${first}" over "${second}", the last step where it is not reached (left out where neither reaches it): geometric mean of the main replicas, 95 % t-interval ${
      sooner ? "below" : "above"
    } 1`;
  return {
    id: named ? `${id}-at-${from}` : id,
    statement: named ? `${statement}, from step ${from} on` : statement,
    source: "intervention, asked here",
    criterion: named ? `interventions from step ${from} on: ${criterion}` : criterion,
    judge(evidence) {
      const times = indicesOf(evidence, "main").map((replica) =>
        [first, second].map((intervention) => branchTime(evidence, { from, intervention, replica }))
      );
      const decided = times.filter(([a, b]) => a.reached || b.reached);
      const predicted = sooner ? 0.7 : 1.5;
      const said = (side: number) => inSteps(times.map((pair) => pair[side].reached ? pair[side].step : null));
      const detail = `${first}: ${said(0)}; ${second}: ${said(1)}`;
      if (decided.length < 2) return undecided(predicted, detail);
      const tolerance = sooner ? { to: 1 } : { from: 1 };
      return { ...judgeRatios(predicted, decided.map(([a, b]) => a.step / b.step), tolerance), detail };
    },
  };
}

const COMPARISONS: readonly Comparison[] = [
  {
    id: "freeze-speeds",
    statement: "heads that write into their final OV subspace alone generalise sooner",
    first: "freeze final",
    second: "none",
    sooner: true,
  },
  {
    id: "freeze-specific",
    statement: "a random subspace of the same dimension does not serve as well as the final one",
    first: "freeze final",
    second: "freeze random",
    sooner: true,
  },
  {
    id: "redraw-delays",
    statement: "drawing anew what heads write into their final OV subspace delays generalisation",
    first: "redraw final",
    second: "none",
    sooner: false,
  },
  {
    id: "redraw-specific",
    statement: "it delays more than in a random subspace of the same dimension",
    first: "redraw final",
    second: "redraw random",
    sooner: false,
  },
];

/** The checkpoint whose claims carry no step in their names. */
export function middleOf(checkpoints: readonly number[]): number {
  return checkpoints[Math.floor(checkpoints.length / 2)];
}

/**
 * Claims about interventions: the same comparisons from every checkpoint on.
 *
 * @param checkpoints Steps of the checkpoints.
 * @returns Claims, those about the middle checkpoint first.
 */
export function interventionClaims(checkpoints: readonly number[]): GrokkingClaim[] {
  const middle = middleOf(checkpoints);
  return [middle, ...checkpoints.filter((step) => step !== middle)].flatMap((step) =>
    COMPARISONS.map((comparison) => compare(comparison, step, step !== middle))
  );
}
