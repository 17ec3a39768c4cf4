/** Claims about interventions: each compares two of them on the same replicas. */
import { branchTime, type GrokkingClaim, indicesOf, inSteps, judgeRatios, undecided } from "./evidence.ts";
import type { Intervention } from "./interventions.ts";

interface Comparison {
  readonly id: string;
  readonly statement: string;
  readonly first: Intervention;
  readonly second: Intervention;
  readonly sooner: boolean;
}

function compare({ id, statement, first, second, sooner }: Comparison): GrokkingClaim {
  return {
    id,
    statement,
    source: "intervention, asked here",
    criterion:
      `steps to 95 % of the test pairs, "${first}" over "${second}", the last step where it is not reached (left out where neither reaches it): geometric mean of the main replicas, 95 % t-interval ${
        sooner ? "below" : "above"
      } 1`,
    judge(evidence) {
      const times = indicesOf(evidence, "main").map((replica) =>
        [first, second].map((intervention) => branchTime(evidence, intervention, replica))
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

/** Claims about interventions. */
export const interventionClaims: readonly GrokkingClaim[] = [
  compare({
    id: "freeze-speeds",
    statement: "heads that write into their final OV subspace alone generalise sooner",
    first: "freeze final",
    second: "none",
    sooner: true,
  }),
  compare({
    id: "freeze-specific",
    statement: "a random subspace of the same dimension does not serve as well as the final one",
    first: "freeze final",
    second: "freeze random",
    sooner: true,
  }),
  compare({
    id: "redraw-delays",
    statement: "drawing anew what heads write into their final OV subspace delays generalisation",
    first: "redraw final",
    second: "none",
    sooner: false,
  }),
  compare({
    id: "redraw-specific",
    statement: "it delays more than in a random subspace of the same dimension",
    first: "redraw final",
    second: "redraw random",
    sooner: false,
  }),
];
