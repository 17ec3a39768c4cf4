/**
 * Evidence made from theory: replicas that do exactly what a curve says, so that the verdict on every claim is known.
 *
 * @module
 */
import type { Evidence } from "../../../experiments/linear_icl/evidence.ts";
import { mainTheory } from "../../../experiments/linear_icl/main_study.ts";
import { options, presets, reportSteps, type Setting } from "../../../experiments/linear_icl/setting.ts";
import type { State } from "../../../experiments/linear_icl/state.ts";
import { alignedInit } from "../../../lib/models/linear_icl.ts";
import { parseCommandLine } from "../../../lib/run/command_line.ts";
import { createProgress, stderrTarget } from "../../../lib/run/progress.ts";
import { commutingFixedPoint, denseFixedPoint } from "../../../lib/theory/linear_icl/exact_fixed_points.ts";
import { fixedPoint } from "../../../lib/theory/linear_icl/closed_form.ts";

/** The smoke preset with the given options, parsed as the command line would. */
export function settingOf(...args: string[]): Setting {
  return parseCommandLine(["--preset=smoke", ...args], options, presets).configuration;
}

/** Context lengths that every claim about them can be judged on. */
export const setting: Setting = settingOf("--contexts=4,16,64,256,1e6");

export const steps: number[] = reportSteps(setting.steps, 120);
const d = setting.spectrum.length;
const replica = { seed: 1, context: setting.context, lr: setting.lr, spectrum: setting.spectrum };

/** Theory of the setting; nothing in it needs a GPU. */
export const theory: Evidence["theory"] = await mainTheory(
  setting,
  [{ ...replica, init: alignedInit(d, setting.scale) }],
  steps,
  { progress: await createProgress(stderrTarget(true)), signal: new AbortController().signal },
);

/** The state with given products p q and imbalances p² − q² of each mode, and one value in every entry of p1 and q2. */
export function stateWith(products: readonly number[], imbalances: readonly number[], nullEntry: number): State {
  const block = (diagonal: readonly number[]) =>
    Float64Array.from({ length: d * d }, (_, entry) => entry % (d + 1) === 0 ? diagonal[entry / (d + 1)] : 0);
  const p = products.map((a, mode) => Math.sqrt((imbalances[mode] + Math.hypot(imbalances[mode], 2 * a)) / 2));
  const nulls = new Float64Array(d * d).fill(nullEntry);
  return { p1: nulls, p2: block(p), q1: block(products.map((a, mode) => a / p[mode])), q2: nulls };
}

/** What a replica does at a report; `sign` is +1 and −1 in turn, so that replicas spread symmetrically about a mean. */
export interface Behaviour {
  readonly product?: (report: number, mode: number, sign: number) => number;
  readonly imbalance?: (report: number, mode: number, sign: number) => number;
  readonly nullEntry?: (report: number, sign: number) => number;
  readonly loss?: (report: number, sign: number) => number;
}

/** Main-ensemble evidence of replicas that behave as told, and as the exact flow where nothing is told. */
export function behaving(behaviour: Behaviour, replicas = 4): Evidence {
  const {
    product = (report, mode) => theory.exact[report].products[mode],
    imbalance = () => 0,
    nullEntry = () => 0,
    loss = (report) => theory.exact[report].loss,
  } = behaviour;
  const signs = Array.from({ length: replicas }, (_, replica) => replica % 2 === 0 ? 1 : -1);
  const modes = setting.spectrum.map((_, mode) => mode);
  return {
    setting,
    steps,
    theory,
    states: steps.map((_, report) =>
      signs.map((sign) =>
        stateWith(
          modes.map((mode) => product(report, mode, sign)),
          modes.map((mode) => imbalance(report, mode, sign)),
          nullEntry(report, sign),
        )
      )
    ),
    losses: steps.map((step, report) => step === 0 ? null : Float32Array.from(signs, (sign) => loss(report, sign))),
    fixedPoints: [],
    alignment: [],
    mirror: [],
    shift: [],
  };
}

type Law = "commuting" | "dense";

/** Evidence of the fixed-point study: `measured` gives a_α from the paper's and the exact value. */
export function settledAt(
  measured: (row: { tasks: Law; context: number; mode: number; paper: number; exact: number }) => number,
): Evidence {
  const fixedPoints = (["commuting", "dense"] as const).flatMap((tasks) =>
    setting.contexts.flatMap((context) => {
      const problem = { spectrum: setting.spectrum, context };
      const paper = fixedPoint(problem);
      const exact = tasks === "dense" ? denseFixedPoint(problem, 1) : commutingFixedPoint(problem);
      return setting.spectrum.map((_, mode) => {
        const row = { tasks, context, mode, paper: paper[mode], exact: exact.products[mode] };
        const centre = measured(row);
        return { ...row, measured: [0.9995 * centre, 1.0005 * centre] };
      });
    })
  );
  return { ...behaving({}), fixedPoints };
}

/** Evidence of the alignment study: off-diagonal size at a step, exact and measured, of two like replicas. */
export function aligning(exact: (step: number) => number, measured: (step: number) => number): Evidence {
  const alignment = steps.flatMap((step) =>
    (["p2", "q1"] as const).map((block) => ({
      step,
      block,
      exact: [exact(step), exact(step)],
      measured: [0.999 * measured(step), 1.001 * measured(step)],
    }))
  );
  return { ...behaving({}), alignment };
}

/** Evidence of the mirror study: shares of p1 q2 at the last step, the same in 20 replicas of each mode. */
export function mirrored(share: number | null): Evidence {
  const mirror = [0, setting["study-steps"]].flatMap((step) =>
    setting.spectrum.map((_, mode) => ({ step, mode, shares: Array.from({ length: 20 }, () => step ? share : null) }))
  );
  return { ...behaving({}), mirror };
}

/** Evidence of the shift study: measured over exact loss at the largest factor, 1 at the others. */
export function shifted(ratio: number): Evidence {
  const shift = setting.shifts.map((factor, index) => {
    const exact = 0.4 * factor;
    const centre = index === setting.shifts.length - 1 ? ratio * exact : exact;
    return { factor, paper: exact, exact, measured: [0.999 * centre, 1.001 * centre] };
  });
  return { ...behaving({}), shift };
}
