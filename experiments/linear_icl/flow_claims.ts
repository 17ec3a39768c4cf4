/** Consequences of the exact finite-N flow and of SGD noise for the main ensemble. */
import { judgeInterval, meanInterval } from "../../lib/run/mod.ts";
import { DERIVED, type IclClaim, largestModeDrift, last, mean, modeDeviation, standardDeviation } from "./evidence.ts";
import { imbalance, productsOf } from "./state.ts";

export const exactModes: IclClaim = {
  id: "C-exact-modes",
  statement: "each a_α(t) is the exact finite-N flow: modes couple at O(1/N)",
  source: DERIVED,
  criterion:
    "largest |exact − mean over replicas| over modes and report steps ≤ 5 % of the mode's plateau, with its 95 % interval",
  judge(evidence) {
    const exact = modeDeviation(evidence, evidence.theory.exact);
    return { ...judgeInterval(0, exact, { to: 0.05 }), detail: exact.detail };
  },
};

export const exactImbalance: IclClaim = {
  id: "C-mode-drift",
  statement: "p_α² − q_α² of a mode drifts as the exact flow says; only the sum is conserved",
  source: DERIVED,
  criterion:
    "drift of the mode that drifts most, measured − exact over 2 a_α at the end, within ± 2 %: 95 % t-interval over replicas",
  judge(evidence) {
    const { mode, exact, measured, scale } = largestModeDrift(evidence);
    const interval = meanInterval(measured.map((drift) => (drift - exact) / scale));
    return {
      ...judgeInterval(0, interval, { from: -0.02, to: 0.02 }),
      detail: `mode ${mode + 1}, exact drift ${exact.toPrecision(3)}`,
    };
  },
};

export const noiseAcrossReplicas: IclClaim = {
  id: "C-sgd-noise",
  statement: "the spread of a_α across replicas is what SGD noise at batch size B predicts",
  source: "linearised SGD with exact gradient moments, derived here",
  criterion:
    "measured over predicted standard deviation, geometric mean over modes at the last step, within 0.75 … 1.33 (its 95 % interval from the number of replicas and modes)",
  judge({ states, theory }) {
    const { productStd } = last(theory.noise!);
    const logs = Array.from(productStd, (predicted, mode) => {
      return Math.log(standardDeviation(last(states).map((state) => productsOf(state)[mode])) / predicted);
    });
    // A sample deviation of n Gaussians has relative standard error 1/√(2(n − 1)).
    const half = 1.96 / Math.sqrt(2 * (last(states).length - 1) * logs.length);
    const centre = Math.exp(mean(logs));
    const interval = { centre, low: centre * Math.exp(-half), high: centre * Math.exp(half) };
    return { ...judgeInterval(1, interval, { from: 0.75, to: 1.33 }), detail: `${states[0].length} replicas` };
  },
};

export const noisyMean: IclClaim = {
  id: "C-sgd-mean",
  statement: "the mean of a_α over seeds is the exact flow plus the drift that SGD noise adds at batch size B",
  source: "second-order SGD with exact gradient moments, derived here",
  criterion:
    "largest |predicted − mean over replicas| over modes and report steps ≤ 5 % of the mode's plateau, with its 95 % interval",
  judge(evidence) {
    const noisy = modeDeviation(evidence, evidence.theory.noise!);
    return { ...judgeInterval(0, noisy, { to: 0.05 }), detail: noisy.detail };
  },
};

export const noiseDrift: IclClaim = {
  id: "C-noise-drift",
  statement: "SGD noise, which the conservation law leaves out, makes ‖W_P‖² − ‖W_Q‖² drift as predicted",
  source: "second-order SGD with exact gradient moments, derived here",
  criterion: "drift from first to last step, measured over predicted: 95 % t-interval over replicas within 0.75 … 1.33",
  judge({ states, theory }) {
    const predicted = last(theory.noise!).imbalance - theory.noise![0].imbalance;
    const drifts = last(states).map((state, replica) => (imbalance(state) - imbalance(states[0][replica])) / predicted);
    return {
      ...judgeInterval(1, meanInterval(drifts), { from: 0.75, to: 1.33 }),
      detail: `predicted drift ${predicted.toPrecision(3)}`,
    };
  },
};
