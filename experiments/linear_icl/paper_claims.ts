/** The numbered claims of arXiv 2504.12916 about null blocks and modes of the main ensemble. */
import { judgeInterval, meanInterval } from "../../lib/run/mod.ts";
import { escapeSteps } from "../../lib/theory/linear_icl/closed_form.ts";
import {
  halfTime,
  halfTimes,
  type IclClaim,
  last,
  mean,
  modeDeviation,
  PAPER,
  plateauOf,
  undecided,
} from "./evidence.ts";
import { productsOf, rms } from "./state.ts";

export const nullBlocks: IclClaim = {
  id: "1-null-blocks",
  statement: "p1 = q2 = 0 is kept: what they show is SGD noise",
  source: `${PAPER}, null blocks; noise level derived here`,
  criterion:
    "rms of all entries of p1 and q2 at the last step, over the rms that SGD noise predicts: 95 % t-interval over replicas within 0.75 … 1.33",
  judge({ states, theory }) {
    const { p1, q2 } = last(theory.noise!).std;
    const predicted = Math.sqrt((rms(p1) ** 2 + rms(q2) ** 2) / 2);
    const ratios = last(states).map((state) => Math.sqrt((rms(state.p1) ** 2 + rms(state.q2) ** 2) / 2) / predicted);
    const detail = `predicted rms ${predicted.toPrecision(3)}; mean entry over replicas ${
      mean(last(states).map((state) => mean(state.p1) + mean(state.q2))).toExponential(1)
    }`;
    return { ...judgeInterval(1, meanInterval(ratios), { from: 0.75, to: 1.33 }), detail };
  },
};

export const logisticModes: IclClaim = {
  id: "2-logistic-modes",
  statement: "each a_α(t) is the paper's logistic curve",
  source: `${PAPER}, closed form`,
  criterion:
    "largest |paper − mean over replicas| over modes and report steps ≤ 5 % of the mode's plateau, with its 95 % interval",
  judge(evidence) {
    const paper = modeDeviation(evidence, evidence.theory.paper!);
    const exact = modeDeviation(evidence, evidence.theory.exact);
    return {
      ...judgeInterval(0, paper, { to: 0.05 }),
      detail: paper.detail,
      errors: { paper: paper.centre, exact: exact.centre },
    };
  },
};

export const escapeTimes: IclClaim = {
  id: "2-escape-times",
  statement: "mode α escapes at (τ_α/2) log(1/(s∞_α ε))",
  source: `${PAPER}, escape time`,
  criterion:
    "measured over predicted time to half the plateau: every mode's 95 % t-interval over replicas within 0.9 … 1.1 (worst mode shown)",
  judge(evidence) {
    const { spectrum, context, scale, lr } = evidence.setting;
    const predicted = escapeSteps({ spectrum, context }, scale * scale, lr);
    const reached = halfTimes(evidence).filter(({ times }) => times.every((time) => time !== null));
    if (reached.length === 0) {
      return undecided(1, "no mode has escaped in all replicas");
    }
    const ratios = reached.map(({ mode, times }) => ({
      mode,
      ...meanInterval(times.map((time) => time! / predicted[mode])),
    }));
    const { theory, steps } = evidence;
    const exact = ratios.flatMap(({ mode, centre }) => {
      const curve = theory.exact.map(({ products }) => products[mode]);
      const time = halfTime(steps, curve, plateauOf(evidence.setting)[mode] / 2);
      return time === null ? [] : [Math.abs(time / (predicted[mode] * centre) - 1)];
    });
    const worst = ratios.reduce((a, b) => Math.abs(Math.log(b.centre)) > Math.abs(Math.log(a.centre)) ? b : a);
    const judged = ratios.map((ratio) => judgeInterval(1, ratio, { from: 0.9, to: 1.1 }));
    // One mode is enough against "every mode"; for it, none may be missing or undecided.
    const verdict = judged.some(({ verdict }) => verdict === "not reproduced")
      ? "not reproduced"
      : reached.length === spectrum.length && judged.every(({ verdict }) => verdict === "reproduced")
      ? "reproduced"
      : "inconclusive";
    return {
      ...judged[ratios.indexOf(worst)],
      verdict,
      detail: `worst of the ${ratios.length} modes that have escaped, of ${spectrum.length}: ${worst.mode + 1}`,
      ...(exact.length > 0 && { errors: { paper: Math.abs(1 / worst.centre - 1), exact: Math.max(...exact) } }),
    };
  },
};

export const stagedOrder: IclClaim = {
  id: "6-staged-order",
  statement: "modes are learned one after the other, largest eigenvalue first",
  source: `${PAPER}, staged learning`,
  criterion: "fraction of replicas in which times to half the plateau increase strictly as s decreases: 1",
  judge(evidence) {
    const order = evidence.setting.spectrum.map((s, mode) => ({ s, mode })).sort((a, b) => b.s - a.s);
    const times = halfTimes(evidence);
    const ordered = evidence.states[0].map((_, replica) => {
      const sequence = order.map(({ mode }) => times[mode].times[replica] ?? Infinity);
      // Modes that have not escaped by the end come after all that have; equal eigenvalues have no order.
      return sequence.every((time, index) =>
        time === Infinity || sequence.every((earlier, other) => order[other].s <= order[index].s || earlier < time)
      );
    });
    const fraction = mean(ordered.map(Number));
    const escaped = times.filter(({ times }) => times.every((time) => time !== null)).length;
    return {
      predicted: 1,
      measured: fraction,
      low: fraction,
      high: fraction,
      verdict: fraction < 1 ? "not reproduced" : escaped === order.length ? "reproduced" : "inconclusive",
      detail: `${escaped} of ${order.length} modes have escaped in all replicas`,
    };
  },
};

export const sigmoids: IclClaim = {
  id: "6-sigmoids",
  statement: "learning is sigmoidal although the model is linear in its input: slow, fast, slow",
  source: `${PAPER}, nonlinear learning`,
  criterion:
    "growth of a_α per step at half its plateau over that in the first tenth of the time to it, mean over replicas, smallest over escaped modes: 95 % t-interval above 3",
  judge(evidence) {
    const { steps, states } = evidence;
    const ratios = halfTimes(evidence).filter(({ times }) => times.every((time) => time !== null)).map(
      ({ mode, times }) => {
        const curve = (replica: number) => states.map((at) => productsOf(at[replica])[mode]);
        return meanInterval(times.map((time, replica) => {
          const a = curve(replica);
          const middle = steps.findIndex((step) => step >= time!);
          const early = steps.findIndex((step) => step >= 0.1 * time!);
          const start = (a[early] - a[0]) / (steps[early] - steps[0]);
          return (a[middle] - a[middle - 1]) / (steps[middle] - steps[middle - 1]) / start;
        }));
      },
    );
    if (ratios.length === 0) {
      return undecided(3, "no mode has escaped in all replicas");
    }
    const smallest = ratios.reduce((a, b) => b.centre < a.centre ? b : a);
    return judgeInterval(3, smallest, { from: 3 });
  },
};
