/** Figures of measurements alone. */
import * as lab from "../../mod.ts";
import { nearness, smoothed, turns } from "./claims.ts";
import {
  COEFFICIENT,
  distanceTo,
  DMMSE,
  logOddsOf,
  lossOn,
  MIXTURES,
  poolName,
  restOf,
  RIDGE,
  score,
  type Setting,
  TESTS,
  TRAJECTORIES,
  UNLIMITED,
} from "./setting.ts";

/** Draws the figures of a run. */
export function figures(measured: lab.Measurements, setting: Setting): Record<string, lab.Spec | null> {
  const { pools, transient, dimension, context, variance, batch, steps, replicas } = setting;
  const [SEEN, NEW] = TESTS;
  const names = [...pools.map(poolName), UNLIMITED];
  const curves = (series: string, quantity: string) => measured.curves({ series, quantity });
  const by = <T>(of: (name: string) => T, which: readonly string[] = names) =>
    Object.fromEntries(which.map((name) => [name, of(name)]));
  const theory = (predictor: string, quantity: string, which: readonly string[] = names) =>
    by((series) => measured.theory(predictor, { series, quantity }), which);
  const known = (curves: Readonly<Record<string, lab.MeasuredCurve>>) =>
    Object.fromEntries(Object.entries(curves).filter(([, { x }]) => x.length > 0));
  const setup =
    `D = ${dimension}, K = ${context}, σ² = ${variance}, ${batch} prompts a step, ${replicas} seeds with a list of tasks each`;
  const x = { title: "step", scale: "log", domain: [1, steps] } as const;
  const POOL = "tasks of the pool";
  const strokes = { [RIDGE]: "dotted", [DMMSE]: "dashed" } as const;
  const [ridge] = measured.theory(RIDGE, { series: UNLIMITED, quantity: lossOn(NEW) }).y;
  const finite = pools.map(poolName);
  /** From the report on at which predictions are nearer to a mixture than both predictors are to each other. */
  const fitted = (series: string, kind: typeof MIXTURES[number]) =>
    curves(series, logOddsOf(kind)).map((curve, s) => {
      const [loss] = [curves(series, lossOn(SEEN))[s]];
      const half = (loss.y[0] + Math.min(...loss.y)) / 2;
      const from = loss.y.findIndex((value) => value <= half);
      return { x: curve.x.slice(from), y: curve.y.slice(from) };
    });

  return {
    transience: lab.curves({
      title: "Loss on new tasks by the number of tasks trained on",
      setup: [setup, "means over neighbouring reports; dashed at the right: dMMSE, the optimum for the pool alone"],
      lines: by((name) => curves(name, lossOn(NEW)).map(smoothed)),
      theory: { [DMMSE]: known(ended(theory(DMMSE, lossOn(NEW), finite), steps)) },
      x,
      y: { title: "loss on new tasks", scale: "log" },
      by: POOL,
      strokes,
      rules: [{ y: ridge, label: "ridge", start: true }],
      width: 520,
      height: 340,
    }),
    losses: lab.multiples({
      title: "Losses on seen and on new tasks, and exact predictors",
      setup,
      panels: finite.map((name) => ({
        title: name,
        lines: { [SEEN]: curves(name, lossOn(SEEN)), [NEW]: curves(name, lossOn(NEW)) },
        theory: Object.fromEntries([RIDGE, DMMSE].map((predictor) => [
          predictor,
          {
            [SEEN]: measured.theory(predictor, { series: name, quantity: lossOn(SEEN) }),
            [NEW]: measured.theory(predictor, { series: name, quantity: lossOn(NEW) }),
          },
        ])),
      })),
      columns: 2,
      x,
      y: { title: "loss", scale: "log" },
      by: "tasks",
      strokes,
    }),
    distances: lab.multiples({
      title: "Distance of predictions to ridge and to dMMSE",
      setup: `${setup}; mean squares on seen tasks`,
      panels: finite.map((name) => ({
        title: name,
        lines: Object.fromEntries(
          [RIDGE, DMMSE].map((to) => [`to ${to}`, curves(name, distanceTo(to as typeof RIDGE, SEEN))]),
        ),
      })),
      columns: 2,
      x,
      y: { title: "mean square", scale: "log" },
      by: "distance",
    }),
    nearest: lab.points({
      title: "Nearness to dMMSE and ridge at the end of training",
      setup: [setup, "mean squares on seen tasks; below the line dMMSE is nearer"],
      lines: { "": pools.map((M) => ({ x: M, values: nearness(measured, M) })) },
      x: { title: "tasks M of the pool", scale: "log", ticks: [...pools] },
      y: { title: "distance to dMMSE over distance to ridge", scale: "log" },
      band: "range",
      rules: [{ y: 1 }],
    }),
    trajectories: trajectories(measured, setting),
    mixtures: lab.multiples({
      title: "Predictions as a mixture of dMMSE and ridge: log odds of dMMSE",
      setup: [setup, "fitted on seen tasks; from where half of the loss is learned; fits end at ±14"],
      panels: MIXTURES.map((kind) => ({
        title: kind === "fixed" ? "one weight for all prompts" : "weighted by the prompt's evidence",
        lines: by((name) => fitted(name, kind), finite),
      })),
      columns: 2,
      x,
      y: { title: "log odds (nats)" },
      by: POOL,
      rules: [{ y: 0 }],
      band: "range",
      height: 220,
    }),
    mixtures_on_new_tasks: lab.multiples({
      title: "Rest that mixtures fitted on seen tasks leave on new tasks",
      setup,
      panels: transient.map(poolName).map((name) => ({
        title: name,
        lines: {
          "to ridge": curves(name, distanceTo(RIDGE, NEW)),
          "to dMMSE": curves(name, distanceTo(DMMSE, NEW)),
          "to the mixture of one weight": curves(name, restOf("fixed", NEW)),
          "to the mixture by evidence": curves(name, restOf("posterior", NEW)),
        },
      })),
      columns: 2,
      x,
      y: { title: "mean square", scale: "log" },
      by: "distance of predictions",
      width: 400,
      height: 260,
    }),
    learning_coefficient: lab.points({
      title: "Learning coefficient by the number of tasks",
      setup: [setup, `at the end of training; dotted: mean of ${UNLIMITED}`],
      lines: {
        "": pools.map((M) => ({ x: M, values: measured.last({ series: poolName(M), quantity: COEFFICIENT }) })).filter((
          { values },
        ) => values.length > 0),
      },
      x: { title: "tasks M of the pool", scale: "log", ticks: [...pools] },
      y: { title: "learning coefficient", zero: true },
      band: "interval95",
      rules: unlimitedCoefficient(measured),
    }),
    turn: lab.points({
      title: "Step at which the loss on new tasks is lowest",
      setup,
      lines: { "": pools.map((M) => ({ x: M, values: turns(measured, M).map(({ step }) => step) })) },
      x: { title: "tasks M of the pool", scale: "log", ticks: [...pools] },
      y: { title: "step", domain: [0, steps] },
      rules: [{ y: steps, label: "end of training", below: true, start: true }],
    }),
  };
}

/** Lines at the right end alone, where training has been for a third of its logarithmic way. */
const ended = (curves: Readonly<Record<string, lab.MeasuredCurve>>, steps: number) =>
  Object.fromEntries(
    Object.entries(curves).map(([name, { x, y }]) => [name, { x: x.length ? [steps ** 0.8, steps] : [], y }]),
  );

function unlimitedCoefficient(measured: lab.Measurements): lab.Rule[] {
  const values = measured.last({ series: UNLIMITED, quantity: COEFFICIENT });
  return values.length === 0 ? [] : [{ y: lab.statistics.mean(values) }];
}

/** Paths of the first seed's predictions in the plane of the two leading components, with the exact predictors. */
function trajectories(measured: lab.Measurements, { pools, sequences, context }: Setting): lab.Spec | null {
  const path = (series: string): lab.PlanePoint[] => {
    const [first, second] = [0, 1].map((k) => measured.curve({ series, quantity: score(k) }, 0));
    return first.x.map((_, at) => ({ x: first.y[at], y: second.y[at] }));
  };
  const places = [...pools.map((M) => [`${DMMSE}, ${poolName(M)}`, `${DMMSE} ${M}`]), [RIDGE, RIDGE]]
    .flatMap(([series, name]) => path(series).map((place) => ({ ...place, name })));
  // The legend is at the right: names stand to the left, but for those with another place close by at that side.
  const extent = (of: "x" | "y") =>
    Math.max(...places.map((one) => one[of])) - Math.min(...places.map((one) => one[of]));
  const points = places.map((one) => {
    const close = places.some((other) =>
      other.x < one.x && one.x - other.x < 0.6 * extent("x") && Math.abs(one.y - other.y) < 0.12 * extent("y")
    );
    return { ...one, side: close ? "right" as const : "left" as const };
  });
  const shares = [0, 1].map((index) =>
    measured.last({ series: TRAJECTORIES, quantity: "share of the variance", index })[0] ?? 0
  );
  const component = (k: number) => ({ title: `PC${k + 1} (${(100 * shares[k]).toFixed(0)} % of the variance)` });
  return lab.paths({
    title: "Joint trajectories of all pools in the space of predictions",
    setup: [
      `first seed; predictions on ${sequences} prompts of ${context} pairs from task 1`,
      "dark: ridge and dMMSE of each pool, projected afterwards; dots: end of training",
    ],
    lines: Object.fromEntries([...pools, Infinity].map(poolName).map((name) => [name, [path(name)]])),
    points,
    x: component(0),
    y: component(1),
    by: "tasks of the pool",
    width: 460,
    height: 380,
  });
}
