/** The experiment's figures: theory beside simulation for every quantity that the claims judge. */
import {
  bandOver,
  type BandRow,
  describeBand,
  PALETTE,
  smallMultiples,
  type Spec,
  theoryAndSimulation,
  type TheoryRow,
} from "../../lib/figures/mod.ts";
import type { Evidence } from "./evidence.ts";
import { studySetting } from "./setting.ts";
import { predictedFixedPoints } from "./studies.ts";
import { imbalance, modeImbalances, productsOf, rms } from "./state.ts";

/** Every figure of the run by name. */
export function figures(evidence: Evidence): Record<string, Spec> {
  const { studies } = evidence.setting;
  return {
    modes: modes(evidence, "linear"),
    modes_log: modes(evidence, "log"),
    loss: loss(evidence),
    conserved: conserved(evidence),
    ...(evidence.theory.noise ? { null_blocks: nullBlocks(evidence), sgd_noise: sgdNoise(evidence) } : {}),
    ...(studies === "all"
      ? {
        fixed_point: fixedPoint(evidence),
        ...(evidence.alignment.length > 0 ? { alignment: alignment(evidence) } : {}),
        ...(evidence.mirror.some(({ shares }) => shares.some((share) => share !== null))
          ? { mirror: mirror(evidence) }
          : {}),
        covariance_shift: covarianceShift(evidence),
      }
      : {}),
  };
}

/** Modes go by their eigenvalue, and by their number too where eigenvalues are equal. */
function modeName(spectrum: readonly number[], mode: number): string {
  const s = spectrum[mode];
  return spectrum.indexOf(s) === spectrum.lastIndexOf(s) ? `s = ${s}` : `s = ${s}, mode ${mode + 1}`;
}

function caption({ setting }: Evidence, band: readonly BandRow[]): string {
  const { context, batch, lr, tasks, pool } = setting;
  const law = `${tasks} tasks${pool === "fresh" ? "" : ` from a pool of ${pool}`}`;
  return `N = ${context}, batch ${batch}, η = ${lr}, ${law}; ${describeBand(band, "range")}`;
}

/** Rows for `bandOver` out of one value per report and replica. */
function replicaRows(
  steps: readonly number[],
  groups: readonly string[],
  value: (report: number, replica: number, group: number) => number,
  replicas: number,
) {
  return groups.flatMap((group, index) =>
    steps.flatMap((x, report) =>
      Array.from({ length: replicas }, (_, replica) => ({ x, group, replica, value: value(report, replica, index) }))
    )
  );
}

function over(rows: ReturnType<typeof replicaRows>): BandRow[] {
  return bandOver(rows, { x: "x", value: "value", group: "group" });
}

function theoryRows(
  evidence: Evidence,
  value: (point: Evidence["theory"]["exact"][number], mode: number) => number,
): TheoryRow[] {
  const { theory, setting } = evidence;
  const series = [["paper closed form", theory.paper], ["exact flow", theory.exact]] as const;
  return series.flatMap(([name, points]) =>
    setting.spectrum.flatMap((_, mode) =>
      (points ?? []).map((point) => ({
        x: point.step,
        value: value(point, mode),
        series: name,
        group: modeName(setting.spectrum, mode),
      }))
    )
  );
}

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

function modes(evidence: Evidence, scale: "linear" | "log"): Spec {
  const { setting: { spectrum }, steps, states } = evidence;
  const names = spectrum.map((_, mode) => modeName(spectrum, mode));
  const simulation = over(
    replicaRows(steps, names, (report, replica, mode) => productsOf(states[report][replica])[mode], states[0].length),
  );
  return theoryAndSimulation({
    title: "Modes are learned one after the other, at the time scales of the input spectrum",
    subtitle: caption(evidence, simulation),
    description: "Product of weights a of every eigenmode against SGD steps: closed form, exact flow and simulation.",
    x: { title: "SGD step", scale },
    y: { title: "a = p q of the mode" },
    theory: [...theoryRows(evidence, (point, mode) => point.products[mode]), ...noisyMeans(evidence)],
    simulation,
    groupTitle: "mode",
    width: 560,
    height: 330,
  });
}

function loss(evidence: Evidence): Spec {
  const { steps, losses, states, theory } = evidence;
  const simulation = over(
    replicaRows(steps.slice(1), [""], (report, replica) => losses[report + 1]![replica], states[0].length),
  );
  return theoryAndSimulation({
    title: "The loss falls in cliffs between plateaus, to a floor set by the context length",
    subtitle: caption(evidence, simulation),
    description:
      "Loss against SGD steps on a logarithmic axis: closed form, exact flow and batch losses of the simulation.",
    x: { title: "SGD step", scale: "log" },
    y: { title: "½ E|ŷ − W x|²" },
    theory: (["paper", "exact"] as const).flatMap((name) =>
      (theory[name] ?? []).map(({ step, loss }) => ({
        x: step,
        value: loss,
        series: name === "paper" ? "paper closed form" as const : "exact flow" as const,
        group: "",
      }))
    ),
    simulation,
    width: 560,
  });
}

function conserved(evidence: Evidence): Spec {
  const { setting: { spectrum }, steps, states, theory } = evidence;
  const names = [...spectrum.map((_, mode) => `p² − q², ${modeName(spectrum, mode)}`), "sum over all blocks"];
  const d = spectrum.length;
  const simulation = over(replicaRows(steps, names, (report, replica, index) => {
    const state = states[report][replica];
    return index === d ? imbalance(state) : modeImbalances(state)[index];
  }, states[0].length));
  const rows = theoryRows(evidence, (point, mode) => point.imbalances[mode])
    .map((row) => ({ ...row, group: `p² − q², ${row.group}` }));
  const sums = (["paper", "exact"] as const).flatMap((name) =>
    (theory[name] ?? []).map(({ step, imbalances }) => ({
      x: step,
      value: Array.from(imbalances).reduce((sum, value) => sum + value, 0),
      series: name === "paper" ? "paper closed form" as const : "exact flow" as const,
      group: "sum over all blocks",
    }))
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
    title: "Only the sum of p² − q² is conserved, not each mode's",
    subtitle: caption(evidence, simulation),
    description: "Difference of squared weights of every mode and their sum against SGD steps.",
    x: { title: "SGD step" },
    y: { title: "p² − q²" },
    theory: [...rows, ...sums, ...noise],
    simulation,
    columns: 3,
  });
}

function nullBlocks(evidence: Evidence): Spec {
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
    title: "Null blocks stay at the level of SGD noise",
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

function sgdNoise(evidence: Evidence): Spec {
  const { setting: { spectrum }, steps, states, theory } = evidence;
  const names = spectrum.map((_, mode) => modeName(spectrum, mode));
  const R = states[0].length;
  const simulation = names.flatMap((group, mode) =>
    steps.slice(1).map((x, index) => {
      const values = states[index + 1].map((state) => productsOf(state)[mode]);
      const centre = values.reduce((sum, value) => sum + value, 0) / R;
      const std = Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (R - 1));
      // Relative standard error of a sample deviation: 1/√(2(R − 1)).
      const half = 1.96 / Math.sqrt(2 * (R - 1));
      return { x, group, mean: std, low: std * Math.exp(-half), high: std * Math.exp(half), replicas: R };
    })
  );
  return theoryAndSimulation({
    title: "The spread across seeds is what SGD noise predicts",
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

function fixedPoint(evidence: Evidence): Spec {
  const { setting: { spectrum }, fixedPoints } = evidence;
  const contexts = fixedPoints.map(({ context }) => context);
  const [low, high] = [Math.min(...contexts), Math.max(...contexts)];
  const grid = [
    ...new Set(Array.from({ length: 61 }, (_, index) => Math.round(low * (high / low) ** (index / 60)))),
  ];
  const group = (tasks: string, mode: number) => `${tasks} tasks, ${modeName(spectrum, mode)}`;
  const rows = fixedPoints.flatMap(({ tasks, context, mode, measured }) =>
    measured.map((a, replica) => ({ x: context, group: group(tasks, mode), replica, value: a * spectrum[mode] }))
  );
  const simulation = over(rows);
  return theoryAndSimulation({
    title: "Fixed points against context length: exact for dense tasks, off at O(1/N) for commuting ones",
    subtitle: `slope 1: a perfect fit; mean of the last quarter of each run; ${describeBand(simulation, "range")}`,
    description:
      "Slope s a of every mode at the fixed point against the context length N, for commuting and dense tasks.",
    x: { title: "context length N", scale: "log" },
    y: { title: "slope s a" },
    theory: (["commuting", "dense"] as const).flatMap((tasks) =>
      grid.flatMap((context) => {
        const { paper, exact } = predictedFixedPoints({ spectrum, context }, tasks);
        return spectrum.flatMap((s, mode) => [
          { x: context, value: paper[mode] * s, series: "paper closed form" as const, group: group(tasks, mode) },
          { x: context, value: exact[mode] * s, series: "exact flow" as const, group: group(tasks, mode) },
        ]);
      })
    ),
    simulation,
    marks: "points",
    columns: Math.min(4, spectrum.length),
    width: 190,
  });
}

function alignment(evidence: Evidence): Spec {
  const { alignment: rows, setting } = evidence;
  const shown = rows.filter(({ step }) => step > 0);
  const simulation = over(
    shown.flatMap(({ step, block, measured }) =>
      measured.map((value, replica) => ({ x: step, group: block, replica, value }))
    ),
  );
  return theoryAndSimulation({
    title: "An unaligned start aligns, at the rate of the exact flow",
    subtitle: caption({ ...evidence, setting: studySetting(setting) }, simulation),
    description: "Root mean square of the off-diagonal entries of p2 and q1 from a random start against SGD steps.",
    x: { title: "SGD step", scale: "log" },
    y: { title: "rms off the diagonal", scale: "log" },
    theory: shown.map(({ step, block, exact }) => ({
      x: step,
      value: exact.reduce((sum, value) => sum + value, 0) / exact.length,
      series: "exact flow" as const,
      group: block,
      // The flow decays without end; far below SGD noise there is nothing to compare it with.
    })).filter(({ value }) => value > 1e-4),
    simulation,
    columns: 2,
    width: 300,
    height: 200,
  });
}

function mirror(evidence: Evidence): Spec {
  const { mirror: rows, setting: { spectrum } } = evidence;
  const panels = spectrum.map((_, mode) => ({
    title: modeName(spectrum, mode),
    rows: rows.filter((row) => row.mode === mode && row.step > 0).flatMap(({ step, shares }) =>
      shares.flatMap((share, replica) => share === null ? [] : [{ x: step, share, replica: `seed ${replica + 1}` }])
    ),
  })).filter(({ rows }) => rows.length > 0);
  return smallMultiples(
    {
      title: "From a random start in all blocks, either pair of blocks may learn a mode",
      subtitle:
        "one line a seed, from where it has learned a tenth of the mode; 0: p2 q1, as the paper assumes; 1: p1 q2",
      description: "Share of p1 q2 in the learned product of every mode against SGD steps, for every seed.",
      width: 300,
      height: 160,
    },
    Object.fromEntries(panels.map(({ rows }, index) => [`shares_${index}`, rows])),
    panels.map(({ title }, index) => ({
      title,
      layers: [{
        data: { name: `shares_${index}` },
        mark: { type: "line" as const, strokeWidth: 1.5, opacity: 0.7 },
        encoding: {
          x: {
            field: "x",
            type: "quantitative" as const,
            title: "SGD step",
            scale: { type: "log" as const, domain: [1, Math.max(...rows.map(({ step }) => step))] },
            axis: { grid: false, tickCount: 5, labelOverlap: "greedy" as const },
          },
          y: {
            field: "share",
            type: "quantitative" as const,
            title: "share of p1 q2",
            scale: { domain: [-0.05, 1.05] },
            axis: { values: [0, 0.5, 1] },
          },
          detail: { field: "replica", type: "nominal" as const },
          color: { value: PALETTE[0] },
        },
      }],
    })),
    2,
  );
}

function covarianceShift(evidence: Evidence): Spec {
  const { shift } = evidence;
  const simulation = over(
    shift.flatMap(({ factor, measured }) =>
      measured.map((value, replica) => ({ x: factor, group: "", replica, value }))
    ),
  );
  return theoryAndSimulation({
    title: "A context whose covariance differs from training is miscalibrated as predicted",
    subtitle: `inputs with c times the training covariance; ${describeBand(simulation, "range")}`,
    description: "Prediction error of trained models against the factor on the covariance of the inputs at test time.",
    x: {
      title: "covariance at test time over that of training, c",
      scale: "log",
      ticks: shift.filter(({ measured }) => measured.length > 0).map(({ factor }) => factor),
    },
    y: { title: "½ E|ŷ − W x|²", scale: "log" },
    theory: shift.flatMap(({ factor, paper, exact }) => [
      { x: factor, value: paper, series: "paper closed form" as const, group: "" },
      { x: factor, value: exact, series: "exact flow" as const, group: "" },
    ]),
    simulation,
    marks: "points",
    width: 480,
  });
}
