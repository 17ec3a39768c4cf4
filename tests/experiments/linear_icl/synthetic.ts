/**
 * Measurements made from theory: replicas that do exactly what a curve says, so that the verdict on every claim is known.
 *
 * @module
 */
import * as lab from "../../../mod.ts";
import {
  closedForm,
  EXACT,
  main,
  mainSteps,
  NOISE,
  options,
  PAPER,
  presets,
  type Setting,
  settled,
  shift,
} from "../../../experiments/linear_icl/options.ts";
import { parseCommandLine } from "../../../lib/run/command_line.ts";
import { theoryRowsOf } from "../../../lib/run/measured_rows.ts";

/** The smoke preset with the given options, parsed as the command line would. */
export function settingOf(...args: string[]): Setting {
  return parseCommandLine(["--preset=smoke", ...args], options, presets).configuration;
}

/** Context lengths that every claim about them can be judged on. */
export const setting: Setting = settingOf("--contexts=4,16,64,256,1e6");

export const steps: number[] = mainSteps(setting);
const d = setting.spectrum.length;
const modes = setting.spectrum.map((_, mode) => mode);
const start = lab.learningBlocks(lab.alignedInit(d, setting.scale), 0, d);

/** Theories of the setting; nothing in them needs a GPU. */
export const paper: lab.IclCurves = closedForm(setting);
export const exact: lab.IclCurves =
  lab.exactCurves(setting, { kind: "commuting" }, start, { rate: setting.lr, steps }).curves;
export const noise: lab.NoiseCurves = lab.noiseCurves(setting, {
  initial: setting.scale,
  rate: setting.lr,
  batch: setting.batch,
  steps,
});

/** Adds one value a replica. */
function put(measured: lab.Measurements, of: lab.Quantity, step: number, values: readonly (number | null)[]): void {
  values.forEach((value, replica) => value !== null && measured.add({ ...of, step, replica, value }));
}

/** Adds a theory's number. */
function predict(measured: lab.Measurements, theory: string, of: lab.Quantity, step: number, value: number): void {
  measured.addTheory({ theory, ...of, step, value });
}

/** Behaviour of a replica at a report; `sign` is +1 and −1 in turn: replicas spread symmetrically about a mean. */
export interface Behaviour {
  readonly product?: (report: number, mode: number, sign: number) => number;
  readonly imbalance?: (report: number, mode: number, sign: number) => number;
  /** Every entry of p1 and q2. */
  readonly nullEntry?: (report: number, sign: number) => number;
  readonly loss?: (report: number, sign: number) => number;
}

/** Measurements of a main ensemble that behaves as told, and as the exact flow where nothing is told. */
export function behaving(behaviour: Behaviour, replicas = 4): lab.Measurements {
  const {
    product = (report, mode) => exact.product[mode][report],
    imbalance = () => 0,
    nullEntry = () => 0,
    loss = (report) => exact.loss[report],
  } = behaviour;
  const measured = new lab.Measurements();
  for (const [name, curves] of [[PAPER, paper], [EXACT, exact], [NOISE, noise]] as const) {
    for (const [quantity, values] of Object.entries(curves)) {
      for (const row of theoryRowsOf(name, main(quantity), steps, values)) measured.addTheory(row);
    }
  }
  const signs = Array.from({ length: replicas }, (_, replica) => replica % 2 === 0 ? 1 : -1);
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  steps.forEach((step, report) => {
    const add = (quantity: string, of: (sign: number) => number, index?: number) =>
      put(measured, main(quantity, index), step, signs.map(of));
    for (const mode of modes) {
      add("product", (sign) => product(report, mode, sign), mode);
      add("mode imbalance", (sign) => imbalance(report, mode, sign), mode);
    }
    add("imbalance", (sign) => sum(modes.map((mode) => imbalance(report, mode, sign))));
    // p² + q² of a mode, from p q and p² − q².
    const norm = (sign: number) =>
      sum(modes.map((mode) => Math.hypot(imbalance(report, mode, sign), 2 * product(report, mode, sign))));
    add("squared norm", (sign) => norm(sign) + 2 * d * d * nullEntry(report, sign) ** 2);
    add("rms p1 and q2", (sign) => Math.abs(nullEntry(report, sign)));
    add("sum of mean entries of p1 and q2", (sign) => 2 * nullEntry(report, sign));
    if (step > 0) add("loss", (sign) => loss(report, sign));
  });
  return measured;
}

type Law = "commuting" | "dense";

/** Measurements of the fixed-point study: `centre` gives a_α from the paper's and the exact value. */
export function settledAt(
  centre: (row: { tasks: Law; context: number; mode: number; paper: number; exact: number }) => number,
): lab.Measurements {
  const measured = behaving({});
  for (const tasks of ["commuting", "dense"] as const) {
    for (const context of setting.contexts) {
      const { paper, exact } = lab.fixedPoints({ spectrum: setting.spectrum, context }, tasks);
      for (const mode of modes) {
        const a = centre({ tasks, context, mode, paper: paper[mode], exact: exact[mode] });
        put(measured, settled(tasks, context, mode), 400, [0.9995 * a, 1.0005 * a]);
        predict(measured, PAPER, settled(tasks, context, mode), 400, paper[mode]);
        predict(measured, EXACT, settled(tasks, context, mode), 400, exact[mode]);
      }
    }
  }
  return measured;
}

/** Measurements of the alignment study: off-diagonal size at a step, exact and measured, of two like replicas. */
export function aligning(exact: (step: number) => number, centre: (step: number) => number): lab.Measurements {
  const measured = behaving({});
  for (const quantity of ["off-diagonal rms p2", "off-diagonal rms q1"]) {
    for (const step of steps) {
      put(measured, { series: "alignment", quantity }, step, [0.999 * centre(step), 1.001 * centre(step)]);
      put(measured, { series: "alignment, exact flow", quantity }, step, [exact(step), exact(step)]);
    }
  }
  return measured;
}

/** Measurements of the mirror study: shares of p1 q2 at the last step, the same in 40 replicas of each mode. */
export function mirrored(share: number | null): lab.Measurements {
  const measured = behaving({});
  for (const index of modes) {
    const of = { series: "mirror", quantity: "share of p1 q2", index };
    put(measured, of, setting["study-steps"], Array(40).fill(share));
  }
  return measured;
}

/** Measurements of the shift study: measured over exact loss at the largest factor, 1 at the others. */
export function shifted(ratio: number): lab.Measurements {
  const measured = behaving({});
  setting.shifts.forEach((factor, index) => {
    const exact = 0.4 * factor;
    const centre = index === setting.shifts.length - 1 ? ratio * exact : exact;
    put(measured, shift(factor), 64, [0.999 * centre, 1.001 * centre]);
    for (const theory of [PAPER, EXACT]) predict(measured, theory, shift(factor), 64, exact);
  });
  return measured;
}
