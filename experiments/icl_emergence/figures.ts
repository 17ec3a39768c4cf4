/** Figures. Titles say what is shown, not what came out: they are written before the run. */
import * as lab from "../../mod.ts";
import { delaysOf, type Intervention, INTERVENTIONS, placesOf, seriesOf } from "./interventions.ts";
import type { Setting } from "./setting.ts";
import {
  bestHeads,
  CONTROL,
  CURVATURES,
  exactScores,
  learnedLevel,
  ofDepth,
  QK_RANK,
  TWO,
  windowsOf,
} from "./windows.ts";

const { mean, meanInterval } = lab.statistics;

/** All figures by file name; null for what the measurements do not allow. */
export function figures(measured: lab.Measurements, setting: Setting): Record<string, lab.Spec | null> {
  const { task, depths, length, width, heads, lr, "top-k": k } = setting;
  const text = task === "text";
  const sequences = text ? "bytes of a text" : `${task}, V = ${setting.vocabulary}`;
  const setup = `${sequences}, T = ${length}, C = ${width}, ${heads} heads, AdamW ${lr}`;
  const windows = depths.includes(2) ? windowsOf(measured, setting, TWO).filter((window) => window !== null) : [];
  const window = (label?: string): lab.Rule[] =>
    windows.length === 0
      ? []
      : [{ x: mean(windows.map(({ start }) => start)), label }, { x: mean(windows.map(({ end }) => end)) }];
  const dotted = windows.length === 0 ? setup : `${setup}; dotted: mean two-layer window`;
  const look = { setup: dotted, rules: window() };
  const large = { width: 560, height: 330 };

  const of = (quantity: string) => (series: string) => measured.curves({ series, quantity });
  const named = (names: Readonly<Record<string, string>>, of: (name: string) => lab.MeasuredCurve[]) =>
    Object.fromEntries(Object.entries(names).map(([shown, name]) => [shown, of(name)]));
  const same = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, name]));
  /** Mean over the heads of each seed, each curve changed first if wanted. */
  const overHeads = (series: string, quantity: string, change = (y: readonly number[]) => y) =>
    measured.perReplica({ series, quantity })
      .map((curves) => lab.meanCurve(curves.map(({ x, y }) => ({ x, y: change(y) }))));
  const layered = Object.fromEntries(depths.map((n) => [n === 1 ? "1 layer" : `${n} layers`, ofDepth(n)]));
  const ensembles = setting.control ? { ...layered, "2 layers, shuffled": CONTROL } : layered;

  const exact = Object.entries(exactScores(measured, setting));
  const ofAll = {
    score: lab.curves({
      title: "ICL score by depth, and of the shuffled control",
      setup,
      lines: named(ensembles, of("score")),
      y: { title: "late − early loss (nats)" },
      by: "decoder",
      rules: [{
        y: learnedLevel(measured, setting),
        label: text ? "95 % prediction limit of the control" : "half way from exact unigram to bigram",
        // Just above it runs the control itself.
        below: text,
      }],
      ...large,
    }),
    late_loss: lab.curves({
      title: "Loss at late positions against exact predictors",
      setup,
      lines: named(layered, of("late loss")),
      y: { title: "loss at late positions (nats)" },
      by: "decoder",
      rules: exact.map(([label, { "late loss": [y] }]) => ({ y, label })),
      ...large,
    }),
    qk_rank: lab.curves({
      ...look,
      title: "Effective rank of QK without its leading value, mean over heads",
      lines: named(ensembles, (series) => overHeads(series, QK_RANK)),
      y: { title: "effective rank" },
      panels: 3,
    }),
  };
  if (!depths.includes(2)) return ofAll;

  const fallen = (y: readonly number[]) => y.map((value) => 1 - value / y[0]);
  const grown = (y: readonly number[]) => y.map((value) => value / y.at(-1)!);
  const degrees = (y: readonly number[]) => y.map((angle) => angle * 180 / Math.PI);
  const scaled = (y: readonly number[]) => y.map((value) => value / Math.max(...y.map(Math.abs), 1e-30));
  const angles = (name: string) => overHeads(TWO, `${name} angle`, degrees);
  const ofTwo = {
    // One line a seed: seeds may learn different circuits, which a mean would hide.
    heads: lab.multiples({
      ...look,
      title: "Two layers: the heads with the largest previous-token and prefix-matching scores",
      panels: ["previous token", "prefix matching"].map((title) => ({
        title,
        lines: Object.fromEntries(bestHeads(measured, title).map((curve, r) => [`seed ${r + 1}`, [curve]])),
      })),
      y: { title: "mean attention", domain: [0, 1] },
      by: "seed",
      each: "replica",
    }),
    order: lab.curves({
      ...look,
      title: "Two layers: subspace and magnitude of the circuits, mean over heads",
      lines: {
        "QK subspace (1 − distance / start)": overHeads(TWO, "QK distance", fallen),
        "QK magnitude (norm / end)": overHeads(TWO, "QK norm", grown),
        "OV subspace": overHeads(TWO, "OV distance", fallen),
        "OV magnitude": overHeads(TWO, "OV norm", grown),
      },
      y: { title: "share of the way" },
      by: "quantity",
      rules: window("window"),
      ...large,
    }),
    angles: lab.curves({
      ...look,
      title: "Two layers: principal angles to the final row spaces, mean over heads",
      lines: named(same(["QK largest", "QK mean", "OV largest", "OV mean"]), angles),
      y: { title: "angle (degrees)", domain: [0, 90] },
      by: "circuit, angle",
      ...large,
    }),
    curvature: lab.curves({
      ...look,
      title: "Two layers: curvatures, each seed in units of its largest",
      lines: named(same(Object.keys(CURVATURES)), (name) => of(name)(TWO).map(({ x, y }) => ({ x, y: scaled(y) }))),
      y: { title: "curvature / largest" },
      panels: 2,
    }),
  };
  if (!setting.interventions) return { ...ofAll, ...ofTwo };

  const places = placesOf(setting, windowsOf(measured, setting, TWO));
  const changed = places.map(({ fraction, from }) => ({
    title: `at step ${from}`,
    lines: Object.fromEntries(INTERVENTIONS.map((one) => [one, of("score")(seriesOf(one, fraction))])),
    rules: [{ x: from }],
  }));
  const last = Math.max(...changed.flatMap(({ lines }) => Object.values(lines).flat().flatMap(({ x }) => x)));
  const upTo = (x: readonly number[]) => x.filter((step) => step <= last).length;
  const none = of("score")(TWO).map(({ x, y }) => ({ x: x.slice(0, upTo(x)), y: y.slice(0, upTo(x)) }));
  const stepsOf = (one: Intervention, fraction: number) =>
    delaysOf(measured, setting, one, fraction).map(({ steps }) => steps);
  const delays = INTERVENTIONS.map((one) =>
    places.map(({ fraction, from }) => ({ x: from, values: stepsOf(one, fraction) }))
  );
  // One scale for all panels: they are there to be compared.
  const intervals = windows.length < 2 ? [] : delays.flat().map(({ values }) => meanInterval(values));
  const ends = [0, ...intervals.flatMap(({ low, high }) => [low, high])].map((steps) => steps / 20);
  return {
    ...ofAll,
    ...ofTwo,
    interventions: lab.multiples({
      title: `Two layers: ICL score with interventions on QK (top k = ${k}) before the window`,
      setup,
      panels: changed.map(({ lines, ...panel }) => ({ lines: { none, ...lines }, ...panel })),
      x: { title: "step", domain: [0, last] },
      y: { title: "late − early loss (nats)" },
      by: "intervention",
    }),
    delays: windows.length < 2 ? null : lab.points({
      title: `Two layers: delay of the transition by where QK was changed (top k = ${k})`,
      setup,
      lines: Object.fromEntries(INTERVENTIONS.map((one, i) => [one, delays[i]])),
      x: { title: "step of the intervention", domain: [0, places.at(-1)!.from * 1.1] },
      y: { title: "delay (steps)", domain: [20 * Math.floor(Math.min(...ends)), 20 * Math.ceil(Math.max(...ends))] },
      band: "interval95",
      rules: [{ y: 0 }],
      panels: 4,
      height: 220,
    }),
  };
}
