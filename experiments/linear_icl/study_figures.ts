/** Figures of the ensembles beside the main one. */
import { describeBand, PALETTE, smallMultiples, type Spec, theoryAndSimulation } from "../../lib/figures/mod.ts";
import { type Evidence, mean } from "./evidence.ts";
import { caption, modeName, over } from "./figure_rows.ts";
import { predictedFixedPoints } from "./fixed_point_study.ts";
import { studySetting } from "./setting.ts";

/** Fixed points against N, for both laws of tasks. */
export function fixedPoint(evidence: Evidence): Spec {
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
    title: "Fixed points against context length, for commuting and for dense tasks",
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

/** Off-diagonal entries of an unaligned start. */
export function alignment(evidence: Evidence): Spec {
  const { alignment: rows, setting } = evidence;
  const shown = rows.filter(({ step }) => step > 0);
  const simulation = over(
    shown.flatMap(({ step, block, measured }) =>
      measured.map((value, replica) => ({ x: step, group: block, replica, value }))
    ),
  );
  return theoryAndSimulation({
    title: "Off-diagonal entries of an unaligned start: exact flow and simulation",
    subtitle: caption({ ...evidence, setting: studySetting(setting) }, simulation),
    description: "Root mean square of the off-diagonal entries of p2 and q1 from a random start against SGD steps.",
    x: { title: "SGD step", scale: "log" },
    y: { title: "rms off the diagonal", scale: "log" },
    theory: shown.map(({ step, block, exact }) => ({
      x: step,
      value: mean(exact),
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

/** Which pair of blocks learns a mode. */
export function mirror(evidence: Evidence): Spec {
  const { mirror: rows, setting: { spectrum } } = evidence;
  const panels = spectrum.map((_, mode) => ({
    title: modeName(spectrum, mode),
    rows: rows.filter((row) => row.mode === mode && row.step > 0).flatMap(({ step, shares }) =>
      shares.flatMap((share, replica) => share === null ? [] : [{ x: step, share, replica: `seed ${replica + 1}` }])
    ),
  })).filter(({ rows }) => rows.length > 0);
  return smallMultiples(
    {
      title: "From a random start in all blocks: which pair of blocks learns a mode?",
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

/** The loss under another covariance of the inputs. */
export function covarianceShift(evidence: Evidence): Spec {
  const { shift } = evidence;
  const simulation = over(
    shift.flatMap(({ factor, measured }) =>
      measured.map((value, replica) => ({ x: factor, group: "", replica, value }))
    ),
  );
  return theoryAndSimulation({
    title: "Loss where the covariance of the inputs differs from that of training",
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
