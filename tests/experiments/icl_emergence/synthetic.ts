/** Evidence made by hand, for which every verdict is known. */
import type { Evidence } from "../../../experiments/icl_emergence/evidence.ts";
import { INTERVENTIONS } from "../../../experiments/icl_emergence/interventions.ts";
import type { Series } from "../../../experiments/icl_emergence/series.ts";
import { options, presets, type Setting } from "../../../experiments/icl_emergence/setting.ts";
import { parseCommandLine } from "../../../lib/run/command_line.ts";
import type { RunState } from "../../../lib/run/mod.ts";

/** Values of the options for some arguments. */
export const settingOf = (...args: string[]): Setting =>
  parseCommandLine(
    args.some((arg) => arg.startsWith("--preset")) ? args : ["--preset=cpu", ...args],
    options,
    presets,
    1,
  ).configuration;

export const setting: Setting = settingOf();

const steps = Array.from({ length: setting.steps / setting.every + 1 }, (_, report) => report * setting.every);

/** The middle of every transition, and half of its length. */
export const MIDDLE = 700;
export const HALF = 50;

/** 0 before a step, 1 after it, a ramp around it. */
export const ramp = (step: number, middle: number, half = HALF) =>
  Math.min(1, Math.max(0, (step - middle + half) / (2 * half)));

/** How a synthetic ensemble behaves; each may depend on the seed, whose sign alternates. */
export interface Behaviour {
  /** Middle of the transition; null for none. */
  readonly transition?: (replica: number) => number | null;
  /** Step at which QK ranks dip, by seed; null for none. */
  readonly dip?: (replica: number) => number | null;
  /** Middles of the rises of the heads' scores, and of QK's subspace and norm. */
  readonly previous?: number;
  readonly prefix?: number;
  readonly subspace?: number;
  readonly magnitude?: number;
  /** Step at which the parameter norm bends and the loss falls. */
  readonly bend?: number;
}

/** Shift of a seed, in steps: enough for bands to have a width. */
const shift = (replica: number) => 5 * (replica % 2 === 0 ? 1 : -1);

/** An ensemble of four seeds, two heads a layer. */
export function synthetic(name: string, layers: number, behaviour: Behaviour, from = 0): Series {
  const { transition = () => null, dip = () => null, bend = MIDDLE } = behaviour;
  const { previous = 500, prefix = MIDDLE, subspace = 300, magnitude = 600 } = behaviour;
  const replicas = 4;
  const heads = 2 * layers;
  const reports = steps.filter((step) => step >= from);
  const table = (columns: number, of: (step: number, replica: number) => number) =>
    Float32Array.from(
      reports.flatMap((step) =>
        Array.from({ length: replicas }, (_, replica) => new Array<number>(columns).fill(of(step, replica))).flat()
      ),
    );
  const last = steps.at(-1)!;
  return {
    name,
    layers,
    heads,
    replicas,
    steps: reports,
    losses: Float32Array.from(
      Array.from(
        { length: (last - from) * replicas },
        (_, index) => 4 - ramp(from + Math.floor(index / replicas), bend),
      ),
    ),
    whole: {
      "early loss": table(1, () => 4),
      "late loss": table(1, (step, replica) => {
        const middle = transition(replica);
        return 4 - 0.2 * step / last - (middle === null ? 0 : 3.2 * ramp(step, middle));
      }),
      "parameter norm": table(1, (step) => 5 + Math.max(0, step - bend) / 100),
    },
    perHead: {
      "prefix matching": table(heads, (step, replica) => 0.8 * ramp(step, prefix + shift(replica))),
      "previous token": table(heads, (step, replica) => 0.9 * ramp(step, previous + 2 * shift(replica))),
      "QK distance": table(heads, (step, replica) => 0.7 * (1 - ramp(step, subspace + shift(replica)))),
      "QK mean angle": table(heads, (step, replica) => 0.9 * (1 - ramp(step, subspace + shift(replica)))),
      "QK largest angle": table(heads, (step) => 1.5 * (1 - ramp(step, subspace))),
      "QK norm": table(heads, (step, replica) => 1 + ramp(step, magnitude + 2 * shift(replica))),
      "OV distance": table(heads, (step, replica) => 0.7 * (1 - ramp(step, subspace + shift(replica)))),
      "OV mean angle": table(heads, (step, replica) => 0.9 * (1 - ramp(step, subspace + shift(replica)))),
      "OV largest angle": table(heads, (step) => 1.5 * (1 - ramp(step, subspace))),
      "OV norm": table(heads, (step) => 1 + ramp(step, magnitude)),
      "QK rank without 1": table(
        heads,
        (step, replica) => 10 - (Math.abs(step - (dip(replica) ?? -1000)) < 30 ? 4 : 0),
      ),
    },
  };
}

/** What a synthetic run consists of. */
export interface Parts {
  readonly one?: Behaviour;
  readonly deep?: Behaviour;
  readonly control?: Behaviour;
  /** Transition of each intervention: steps after that without one, by place. */
  readonly delays?: readonly ((replica: number) => number)[];
  readonly earlyDelays?: readonly ((replica: number) => number)[];
}

/** Transition in every seed. */
export const everywhere = (replica: number) => MIDDLE + shift(replica);

/** Evidence whose exact predictors have scores −0.5 (unigram) and −3.5 (bigram). */
export function evidenceOf(
  { one = {}, deep = { transition: everywhere }, control = {}, delays, earlyDelays }: Parts,
): Evidence {
  const T = setting.length;
  const predictor = (name: string, late: number) => ({
    name,
    losses: Array.from({ length: T }, (_, t) => t < T / 2 ? 4 : late),
  });
  const branch = (fraction: number, from: number, later?: Parts["delays"]) => ({
    fraction,
    from,
    series: INTERVENTIONS.map((name, index) => ({
      ...synthetic(name, 2, { transition: (replica) => everywhere(replica) + (later?.[index](replica) ?? 0) }, from),
      heads: 0,
      perHead: {},
    })),
  });
  return {
    setting,
    baselines: [predictor("uniform", 4), predictor("in-context unigram", 3.5), predictor("in-context bigram", 0.5)],
    depths: [1, 2, 3, 4].map((layers) => synthetic(`depth-${layers}`, layers, layers === 1 ? one : deep)),
    control: synthetic("control", 2, control),
    interventions: [branch(0.5, 250, earlyDelays), branch(1, 500, delays)],
  };
}

/** A state as a checkpoint gives it back. */
export const restoredFrom = (state: Required<RunState>): Required<RunState> => structuredClone(state);
