/** The numbered claims of arXiv 2504.12916 about the loss of the main ensemble, and about what it conserves. */
import { judgeInterval, meanInterval, within } from "../../lib/run/mod.ts";
import { type IclClaim, largestModeDrift, last, mean, PAPER, worstDeviation } from "./evidence.ts";
import { imbalance, norm2 } from "./state.ts";

export const lossCurve: IclClaim = {
  id: "5-loss-curve",
  statement: "L(t) = ½ Σ s_α (s_α a_α²/a∞_α − 2 s_α a_α + 1): plateaus and cliffs",
  source: `${PAPER}, loss`,
  criterion:
    "largest |paper − mean batch loss over replicas|, means of five neighbouring reports, ≤ 5 % of the initial loss, with its 95 % interval",
  judge({ steps, losses, theory, states }) {
    const windows = steps.map((_, report) => [-2, -1, 0, 1, 2].map((offset) => report + offset)).slice(3, -2);
    const scale = theory.exact[0].loss;
    const compare = (series: "paper" | "exact") =>
      worstDeviation(windows.map((reports) => ({
        predicted: mean(reports.map((report) => theory[series]![report].loss)),
        measured: states[0].map((_, replica) => mean(reports.map((report) => losses[report]![replica]))),
        scale,
      })));
    const [paper, exact] = [compare("paper"), compare("exact")];
    return {
      ...judgeInterval(0, paper, { to: 0.05 }),
      detail: `largest at step ${steps[windows[paper.cell][2]]}`,
      errors: { paper: paper.centre, exact: exact.centre },
    };
  },
};

export const lossFloor: IclClaim = {
  id: "5-loss-floor",
  statement: "the loss ends on the paper's non-zero floor at finite N",
  source: `${PAPER}, loss`,
  criterion:
    "mean batch loss over the last tenth of the reports over the paper's: 95 % t-interval over replicas within ± 3 %",
  judge({ steps, losses, theory, states }) {
    const late = steps.map((_, report) => report).slice(Math.floor(steps.length * 0.9));
    const interval = meanInterval(states[0].map((_, replica) => mean(late.map((report) => losses[report]![replica]))));
    const predicted = (series: "paper" | "exact") => mean(late.map((report) => theory[series]![report].loss));
    return {
      ...judgeInterval(predicted("paper"), interval, within(predicted("paper"), 0.03)),
      errors: {
        paper: Math.abs(predicted("paper") / interval.centre - 1),
        exact: Math.abs(predicted("exact") / interval.centre - 1),
      },
    };
  },
};

export const sumConserved: IclClaim = {
  id: "4-sum-conserved",
  statement: "‖W_P‖² − ‖W_Q‖² (over the blocks that learn) is conserved",
  source: `${PAPER}, conservation law`,
  criterion: "|drift| from first to last step over ‖p‖² + ‖q‖² at the end ≤ 2 %: 95 % t-interval over replicas",
  judge({ states }) {
    const drifts = last(states).map((state, replica) =>
      (imbalance(state) - imbalance(states[0][replica])) /
      (norm2(state.p1) + norm2(state.p2) + norm2(state.q1) + norm2(state.q2))
    );
    return judgeInterval(0, meanInterval(drifts), { from: -0.02, to: 0.02 });
  },
};

export const modesConserved: IclClaim = {
  id: "4-modes-conserved",
  statement: "each p_α² − q_α² is conserved",
  source: `${PAPER}, decoupled form`,
  criterion:
    "drift of the mode that drifts most in the exact flow, over 2 a_α at the end, within ± 2 %: 95 % t-interval over replicas",
  judge(evidence) {
    const { mode, exact, measured, scale } = largestModeDrift(evidence);
    const interval = meanInterval(measured.map((drift) => drift / scale));
    return {
      ...judgeInterval(0, interval, { from: -0.02, to: 0.02 }),
      detail: `mode ${mode + 1}`,
      errors: { paper: Math.abs(interval.centre), exact: Math.abs(exact / scale - interval.centre) },
    };
  },
};
