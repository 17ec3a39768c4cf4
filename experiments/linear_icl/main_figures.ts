/**
 * Figures of the main ensemble: modes, loss, conserved quantities, and what SGD noise does.
 *
 * Titles say what is shown, not what came out: they are written before the run, and the claims are there to judge it.
 */
import { type Spec, theoryAndSimulation, type TheoryRow } from "../../lib/figures/mod.ts";
import { type Evidence, standardDeviation } from "./evidence.ts";
import { caption, modeName, modeTheory, over, replicaRows, wholeTheory } from "./figure_rows.ts";
import { imbalance, modeImbalances, productsOf, rms } from "./state.ts";

/** Mean of a_α over seeds with the drift that SGD noise adds. */
function noisyMeans({ theory, setting: { spectrum } }: Evidence): TheoryRow[] {
  return spectrum.flatMap((_, mode) =>
    (theory.noise ?? []).map(({ step, products }) => ({
      x: step,
      value: products[mode],
      series: "SGD noise theory" as const,
      group: modeName(spectrum, mode),
    }))
  );
}

/** a_α(t) of every mode. */
export function modes(evidence: Evidence, scale: "linear" | "log"): Spec {
  const { setting: { spectrum }, steps, states } = evidence;
  const names = spectrum.map((_, mode) => modeName(spectrum, mode));
  const simulation = over(
    replicaRows(steps, names, (report, replica, mode) => productsOf(states[report][replica])[mode], states[0].length),
  );
  return theoryAndSimulation({
    title: "What each mode has learned: closed form, exact flow, and simulation",
    subtitle: caption(evidence, simulation),
    description: "Product of weights a of every eigenmode against SGD steps: closed form, exact flow and simulation.",
    x: { title: "SGD step", scale },
    y: { title: "a = p q of the mode" },
    theory: [...modeTheory(evidence, (point, mode) => point.products[mode]), ...noisyMeans(evidence)],
    simulation,
    groupTitle: "mode",
    width: 560,
    height: 330,
  });
}

/** The loss: plateaus, cliffs and the floor. */
export function loss(evidence: Evidence): Spec {
  const { steps, losses, states } = evidence;
  const simulation = over(
    replicaRows(steps.slice(1), [""], (report, replica) => losses[report + 1]![replica], states[0].length),
  );
  return theoryAndSimulation({
    title: "The loss and its floor: closed form, exact flow, and simulation",
    subtitle: caption(evidence, simulation),
    description:
      "Loss against SGD steps on a logarithmic axis: closed form, exact flow and batch losses of the simulation.",
    x: { title: "SGD step", scale: "log" },
    y: { title: "½ E|ŷ − W x|²" },
    theory: wholeTheory(evidence, "", ({ loss }) => loss),
    simulation,
    width: 560,
  });
}

/** p² − q² of every mode, and the sum over all blocks. */
export function conserved(evidence: Evidence): Spec {
  const { setting: { spectrum }, steps, states, theory } = evidence;
  const names = [...spectrum.map((_, mode) => `p² − q², ${modeName(spectrum, mode)}`), "sum over all blocks"];
  const d = spectrum.length;
  const simulation = over(replicaRows(steps, names, (report, replica, index) => {
    const state = states[report][replica];
    return index === d ? imbalance(state) : modeImbalances(state)[index];
  }, states[0].length));
  const rows = modeTheory(evidence, (point, mode) => point.imbalances[mode])
    .map((row) => ({ ...row, group: `p² − q², ${row.group}` }));
  const sums = wholeTheory(
    evidence,
    "sum over all blocks",
    ({ imbalances }) => Array.from(imbalances).reduce((sum, value) => sum + value, 0),
  );
  // E[p² − q²] of a mode: squares of the means plus variances.
  const noise = (theory.noise ?? []).flatMap(({ step, imbalance, state, covariance }) =>
    names.map((group, mode) => {
      const second = (entry: number) => state[entry] ** 2 + covariance[entry * 2 * d + entry];
      const value = mode === d ? imbalance : second(mode) - second(d + mode);
      return { x: step, value, series: "SGD noise theory" as const, group };
    })
  );
  return theoryAndSimulation({
    title: "Is p² − q² conserved, of every mode and in sum?",
    subtitle: caption(evidence, simulation),
    description: "Difference of squared weights of every mode and their sum against SGD steps.",
    x: { title: "SGD step" },
    y: { title: "p² − q²" },
    theory: [...rows, ...sums, ...noise],
    simulation,
    columns: 3,
  });
}

/** p1 and q2 against the level of SGD noise. */
export function nullBlocks(evidence: Evidence): Spec {
  const { steps, states, theory } = evidence;
  const names = ["p1", "q2"] as const;
  const simulation = over(
    replicaRows(
      steps.slice(1),
      names,
      (report, replica, index) => rms(states[report + 1][replica][names[index]]),
      states[0].length,
    ),
  );
  return theoryAndSimulation({
    title: "Null blocks p1 and q2 against the level of SGD noise",
    subtitle: caption(evidence, simulation),
    description:
      "Root mean square of the entries of p1 and q2 against SGD steps, with the level that SGD noise predicts.",
    x: { title: "SGD step", scale: "log" },
    y: { title: "rms of entries", scale: "log" },
    theory: names.flatMap((group) =>
      theory.noise!.slice(1).map(({ step, std }) => ({
        x: step,
        value: rms(std[group]),
        series: "SGD noise theory" as const,
        group,
      }))
    ),
    simulation,
    columns: 2,
    width: 300,
    height: 200,
  });
}

/** The spread across seeds against the predicted one. */
export function sgdNoise(evidence: Evidence): Spec {
  const { setting: { spectrum }, steps, states, theory } = evidence;
  const names = spectrum.map((_, mode) => modeName(spectrum, mode));
  const R = states[0].length;
  const simulation = names.flatMap((group, mode) =>
    steps.slice(1).map((x, index) => {
      const values = states[index + 1].map((state) => productsOf(state)[mode]);
      const std = standardDeviation(values);
      // Relative standard error of a sample deviation: 1/√(2(R − 1)).
      const half = 1.96 / Math.sqrt(2 * (R - 1));
      return { x, group, mean: std, low: std * Math.exp(-half), high: std * Math.exp(half), replicas: R };
    })
  );
  return theoryAndSimulation({
    title: "The spread across seeds against what SGD noise predicts",
    subtitle: `batch ${evidence.setting.batch}; band: 95 % interval of the standard deviation over ${R} replicas`,
    description: "Standard deviation of a across replicas against SGD steps, with the predicted one.",
    x: { title: "SGD step", scale: "log" },
    y: { title: "standard deviation of a", scale: "log" },
    theory: names.flatMap((group, mode) =>
      theory.noise!.slice(1).map(({ step, productStd }) => ({
        x: step,
        value: productStd[mode],
        series: "SGD noise theory" as const,
        group,
      }))
    ),
    simulation,
    columns: 2,
    width: 300,
    height: 180,
  });
}
