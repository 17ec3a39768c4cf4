/** Measurements made by hand, for which every verdict is known. */
import { INTERVENTIONS, placesOf, seriesOf } from "../../../experiments/icl_emergence/interventions.ts";
import { options, presets, type Setting } from "../../../experiments/icl_emergence/setting.ts";
import { CONTROL, EXACT, ofDepth, windowsOf } from "../../../experiments/icl_emergence/windows.ts";
import { parseCommandLine } from "../../../lib/run/command_line.ts";
import { Measurements } from "../../../lib/study/mod.ts";

/** Values of the options for some arguments. */
export const settingOf = (...args: string[]): Setting =>
  parseCommandLine(args.some((arg) => arg.startsWith("--preset")) ? args : ["--preset=cpu", ...args], options, presets)
    .configuration;

/** Twelve replicas of everything: as many as it takes to say that something holds in all. */
export const setting: Setting = settingOf("--replicas=12", "--depths=1,2,3", "--every=50");

const steps = Array.from({ length: setting.steps / setting.every + 1 }, (_, report) => report * setting.every);
const replicas = Array.from({ length: setting.replicas }, (_, replica) => replica);
const heads = [0, 1];

/** The middle of every transition. */
export const MIDDLE = 700;

/** 0 before a step, 1 after it, a ramp of 100 steps around it. */
const ramp = (step: number, middle: number) => Math.min(1, Math.max(0, (step - middle + 50) / 100));

/** Shift of a seed, in steps: enough for intervals to have a width. */
const shift = (replica: number) => 5 * (replica % 2 === 0 ? 1 : -1);

/** Transition in every seed. */
export const everywhere = (replica: number): number | null => MIDDLE + shift(replica);

/** How a synthetic ensemble behaves; transitions and dips may depend on the seed, null for none. */
export interface Behaviour {
  readonly transition?: (replica: number) => number | null;
  readonly dip?: (replica: number) => number | null;
  /** Middles of the rises of the heads' scores, and of the ways of QK's and OV's subspace and norm. */
  readonly previous?: number;
  readonly prefix?: number;
  readonly subspace?: number;
  readonly magnitude?: number;
  /** Step at which curvatures are largest. */
  readonly bend?: number;
}

/** Parts of a synthetic run. */
export interface Parts {
  readonly one?: Behaviour;
  readonly deep?: Behaviour;
  readonly control?: Behaviour;
  /** Transition under each intervention, in steps after that without one, by place. */
  readonly delays?: readonly ((replica: number) => number)[];
  readonly earlyDelays?: readonly ((replica: number) => number)[];
}

/** Adds the score of a series from a step on. */
function addScore(measured: Measurements, series: string, transition: (replica: number) => number | null, from = 0) {
  for (const replica of replicas) {
    const middle = transition(replica);
    for (const step of steps.filter((step) => step >= from)) {
      const value = -0.2 * step / setting.steps - (middle === null ? 0 : 3.2 * ramp(step, middle));
      measured.add({ series, quantity: "score", step, replica, value });
    }
  }
}

function addEnsemble(measured: Measurements, series: string, layers: number, behaviour: Behaviour) {
  const { transition = () => null, dip = () => null, bend = MIDDLE } = behaviour;
  const { previous = 500, prefix = MIDDLE, subspace = 300, magnitude = 600 } = behaviour;
  addScore(measured, series, transition);
  const whole = (step: number) => Math.abs(step - bend) < 30 ? -2 : 1;
  const way = (step: number, replica: number) => 1 - ramp(step, subspace + shift(replica));
  const perHead: Record<string, (step: number, replica: number) => number> = {
    "prefix matching": (step, replica) => 0.8 * ramp(step, prefix + shift(replica)),
    "previous token": (step, replica) => 0.9 * ramp(step, previous + 2 * shift(replica)),
    "QK norm": (step, replica) => 1 + ramp(step, magnitude + 2 * shift(replica)),
    "OV norm": (step) => 1 + ramp(step, magnitude),
    "QK rank without 1": (step, replica) => 10 - (Math.abs(step - (dip(replica) ?? -1000)) < 30 ? 4 : 0),
    ...Object.fromEntries(
      ["QK", "OV"].flatMap((circuit) =>
        ["distance", "mean angle", "largest angle"].map((one) => [`${circuit} ${one}`, way])
      ),
    ),
  };
  for (const replica of replicas) {
    for (const step of steps) {
      measured.add({ series, quantity: "late loss", step, replica, value: 4 });
      for (const quantity of ["parameter norm curvature", "loss autocorrelation curvature"]) {
        measured.add({ series, quantity, step, replica, value: whole(step) });
      }
      for (const [quantity, of] of Object.entries(perHead)) {
        for (let layer = 0; layer < layers; layer++) {
          const value = of(step, replica);
          for (const head of heads) measured.add({ series, quantity, layer, head, step, replica, value });
        }
      }
    }
  }
}

/** Measurements with exact predictors whose scores are −0.5 (unigram) and −3.5 (bigram). */
export function measuredOf(
  { one = {}, deep = { transition: everywhere }, control = {}, delays, earlyDelays }: Parts,
): Measurements {
  const measured = new Measurements();
  for (const [theory, late] of [["uniform", 4], ["in-context unigram", 3.5], ["in-context bigram", 0.5]] as const) {
    for (let index = 0; index < setting.length; index++) {
      measured.addTheory({ theory, ...EXACT, index, step: 0, value: index < setting.length / 2 ? 4 : late });
    }
  }
  addEnsemble(measured, CONTROL, 2, control);
  for (const layers of setting.depths) addEnsemble(measured, ofDepth(layers), layers, layers === 1 ? one : deep);
  for (const { fraction, from } of placesOf(setting, windowsOf(measured, setting, ofDepth(2)))) {
    const later = fraction === 1 ? delays : earlyDelays;
    INTERVENTIONS.forEach((intervention, index) => {
      const transition = (replica: number) => everywhere(replica)! + (later?.[index](replica) ?? 0);
      addScore(measured, seriesOf(intervention, fraction), transition, from);
    });
  }
  return measured;
}
