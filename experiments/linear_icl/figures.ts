/**
 * The experiment's figures: theory beside simulation for every quantity that the claims judge.
 *
 * Titles say what is shown, not what came out: they are written before the run, and the claims are there to judge it.
 */
import * as lab from "../../mod.ts";
import { EXACT, main, NOISE, PAPER, type Setting, settled, shift, studySetting } from "./options.ts";
import { shiftGrid } from "./studies.ts";

type Figures = Readonly<Record<string, lab.Spec | null>>;
type Groups<T> = Readonly<Record<string, T>>;
const by = <T>(names: readonly string[], of: (name: string) => T): Groups<T> =>
  Object.fromEntries(names.map((name) => [name, of(name)]));
const each = <T, U>(groups: Groups<T>, of: (value: T) => U): Groups<U> =>
  by(Object.keys(groups), (name) => of(groups[name]));

/** Something of every mode, which goes by its eigenvalue, and by its number too where eigenvalues are equal. */
const modes = <T>({ spectrum }: Setting, of: (mode: number) => T, prefix = ""): Groups<T> =>
  Object.fromEntries(spectrum.map((s, mode) => {
    const alone = spectrum.indexOf(s) === spectrum.lastIndexOf(s);
    return [`${prefix}s = ${s}${alone ? "" : `, mode ${mode + 1}`}`, of(mode)];
  }));

/** Words for the training. */
const setup = ({ context, batch, lr, tasks, pool }: Setting) =>
  `N = ${context}, batch ${batch}, η = ${lr}, ${tasks} tasks${pool === "fresh" ? "" : ` from a pool of ${pool}`}`;

const strokes = { [PAPER]: "dashed", [EXACT]: "solid", [NOISE]: "dotted" } as const;
const STEP = { title: "SGD step" };
const LOG_STEP = { title: "SGD step", scale: "log" } as const;

/** Every figure of the run by name; null where there is nothing to draw. */
export function figures(measured: lab.Measurements, setting: Setting): Figures {
  const of = (groups: Groups<lab.Quantity>) => ({
    setup: setup(setting),
    strokes,
    lines: each(groups, (of) => measured.curves(of)),
    theory: by([PAPER, EXACT, NOISE], (name) => each(groups, (of) => measured.theory(name, of))),
  });
  const products = {
    ...of(modes(setting, (mode) => main("product", mode))),
    title: "What each mode has learned: closed form, exact flow, and simulation",
    y: { title: "a = p q of the mode" },
    by: "mode",
    width: 560,
    height: 330,
  };
  const deviations = modes(setting, (mode) => measured.theory(NOISE, main("standard deviation of product", mode)));
  const noisy = measured.theories(main("rms p1")).length > 0;
  return {
    modes: lab.curves({ ...products, x: STEP }),
    modes_log: lab.curves({ ...products, x: LOG_STEP }),
    loss: lab.curves({
      ...of({ loss: main("loss") }),
      title: "The loss and its floor: closed form, exact flow, and simulation",
      x: LOG_STEP,
      y: { title: "½ E|ŷ − W x|²" },
    }),
    conserved: lab.curves({
      ...of({
        ...modes(setting, (mode) => main("mode imbalance", mode), "p² − q², "),
        "sum over all blocks": main("imbalance"),
      }),
      title: "Is p² − q² conserved, of every mode and in sum?",
      panels: 3,
      x: STEP,
      y: { title: "p² − q²" },
    }),
    null_blocks: !noisy ? null : lab.curves({
      ...of({ p1: main("rms p1"), q2: main("rms q2") }),
      title: "Null blocks p1 and q2 against the level of SGD noise",
      panels: 2,
      x: LOG_STEP,
      y: { title: "rms of entries", scale: "log" },
    }),
    sgd_noise: !noisy ? null : lab.curves({
      title: "The spread across seeds against what SGD noise predicts",
      setup: `batch ${setting.batch}`,
      strokes,
      lines: products.lines,
      theory: { [NOISE]: deviations },
      band: {
        words: "95 % interval of the standard deviation",
        of: (values) => lab.statistics.deviationRatio([{ values, predicted: 1 }]),
      },
      panels: 2,
      x: LOG_STEP,
      y: { title: "standard deviation of a", scale: "log" },
    }),
    ...(setting.studies === "all" && studyFigures(measured, setting)),
  };
}

/** Figures of the ensembles beside the main one. */
function studyFigures(measured: lab.Measurements, setting: Setting): Figures {
  const { spectrum, contexts, shifts } = setting;
  const [low, high] = [Math.min(...contexts), Math.max(...contexts)];
  const x = [...new Set(Array.from({ length: 61 }, (_, index) => Math.round(low * (high / low) ** (index / 60))))];
  const ofLaws = <T>(of: (tasks: lab.TaskFamily, mode: number) => T): Groups<T> => ({
    ...modes(setting, (mode) => of("commuting", mode), "commuting tasks, "),
    ...modes(setting, (mode) => of("dense", mode), "dense tasks, "),
  });
  const slopes = (theory: "paper" | "exact") =>
    ofLaws((tasks, mode) => {
      const y = x.map((context) => lab.fixedPoints({ spectrum, context }, tasks)[theory][mode] * spectrum[mode]);
      return { x, y };
    });
  const offDiagonal = by(["p2", "q1"], (block) => ({ series: "alignment", quantity: `off-diagonal rms ${block}` }));
  // The flow decays without end; far below SGD noise there is nothing to compare it with.
  const visible = ({ x, y }: lab.MeasuredCurve) => ({
    x: x.filter((_, at) => y[at] > 1e-4),
    y: y.filter((a) => a > 1e-4),
  });
  const factors = shiftGrid(shifts);
  return {
    fixed_point: lab.points({
      title: "Fixed points against context length, for commuting and for dense tasks",
      setup: "slope 1: a perfect fit; mean of the last quarter of each run",
      strokes,
      lines: ofLaws((tasks, mode) =>
        contexts.map((x) => ({ x, values: measured.last(settled(tasks, x, mode)).map((a) => a * spectrum[mode]) }))
      ),
      theory: { [PAPER]: slopes("paper"), [EXACT]: slopes("exact") },
      panels: Math.min(4, spectrum.length),
      x: { title: "context length N", scale: "log" },
      y: { title: "slope s a" },
    }),
    alignment: lab.curves({
      title: "Off-diagonal entries of an unaligned start: exact flow and simulation",
      setup: setup(studySetting(setting)),
      strokes,
      lines: each(offDiagonal, (of) => measured.curves(of)),
      theory: { [EXACT]: each(offDiagonal, (of) => visible(measured.theory(EXACT, of))) },
      panels: 2,
      x: LOG_STEP,
      y: { title: "rms off the diagonal", scale: "log" },
    }),
    mirror: lab.curves({
      title: "From a random start in all blocks: which pair of blocks learns a mode?",
      setup: "one line a seed, from where it has learned a tenth of the mode; 0: p2 q1, as the paper assumes; 1: p1 q2",
      lines: modes(setting, (index) => measured.curves({ series: "mirror", quantity: "share of p1 q2", index })),
      each: "replica",
      panels: 2,
      x: { ...LOG_STEP, domain: [1, setting["study-steps"]] },
      y: { title: "share of p1 q2", domain: [-0.05, 1.05], ticks: [0, 0.5, 1] },
    }),
    covariance_shift: lab.points({
      title: "Loss where the covariance of the inputs differs from that of training",
      setup: "inputs with c times the training covariance",
      strokes,
      lines: { loss: shifts.map((factor) => ({ x: factor, values: measured.last(shift(factor)) })) },
      theory: by([PAPER, EXACT], (name) => ({
        loss: { x: factors, y: factors.map((factor) => measured.theory(name, shift(factor)).y[0]) },
      })),
      x: { title: "covariance at test time over that of training, c", scale: "log", ticks: shifts },
      y: { title: "½ E|ŷ − W x|²", scale: "log" },
    }),
  };
}
