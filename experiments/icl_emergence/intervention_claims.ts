/** Claims about interventions on the leading subspaces of QK before the window. */
import { crossingTime } from "../../lib/metrics/mod.ts";
import { judgeInterval, meanInterval } from "../../lib/run/mod.ts";
import { type Branch, depth, type Evidence, type IclClaim, undecided, windowsOf } from "./evidence.ts";
import { type Intervention, INTERVENTIONS } from "./interventions.ts";
import { scoreCurve } from "./series.ts";

/** Delay of one seed under an intervention. */
export interface Delay {
  readonly replica: number;
  /** Steps later than without; from the last step where it never came. */
  readonly steps: number;
  /** Whether the transition never came. */
  readonly censored: boolean;
}

/** Score in the middle of the window of each two-layer seed, at which delays are taken; null where there is none. */
export function middleLevels(evidence: Pick<Evidence, "setting" | "baselines" | "control" | "depths">) {
  return windowsOf(depth(evidence, 2)!, evidence).map((window) => window && (window.before + window.after) / 2);
}

/**
 * How many steps later each seed's score falls to the middle of its window, with an intervention than without. Where it
 * never does, the last step counts: a lower bound.
 */
export function delays(evidence: Evidence, branch: Branch, intervention: Intervention): Delay[] {
  const without = depth(evidence, 2)!;
  const series = branch.series[INTERVENTIONS.indexOf(intervention)];
  return middleLevels(evidence).flatMap((level, replica): Delay[] => {
    if (level === null) return [];
    const own = crossingTime(scoreCurve(without, replica), level, "down");
    if (own === null) return [];
    const late = crossingTime(scoreCurve(series, replica), level, "down");
    return [{ replica, steps: (late ?? evidence.setting.steps) - own, censored: late === null }];
  });
}

/** Delays of all interventions in words. */
function summary(evidence: Evidence, branch: Branch): string {
  return INTERVENTIONS.map((intervention) => {
    const list = delays(evidence, branch, intervention);
    const { centre, low, high } = meanInterval(list.map(({ steps }) => steps));
    const never = list.filter(({ censored }) => censored).length;
    const note = never > 0 ? `, ${never} never` : "";
    return `${intervention} ${centre.toFixed(0)} (${low.toFixed(0)} … ${high.toFixed(0)}${note})`;
  }).join("; ");
}

/** Judges that one intervention delays by more than its control, by at least two reports. */
function judgeDelay(evidence: Evidence, fraction: number, intervention: Intervention, control: Intervention) {
  const branch = evidence.interventions.find((one) => one.fraction === fraction)!;
  const least = 2 * evidence.setting.every;
  const others = delays(evidence, branch, control);
  const differences = delays(evidence, branch, intervention).map(({ steps }, index) => steps - others[index].steps);
  if (differences.length < 2) return undecided(least, "fewer than two windows");
  const detail = `delays from step ${branch.from}: ${summary(evidence, branch)}`;
  return { ...judgeInterval(least, meanInterval(differences), { from: least }), detail };
}

/** What tells claims about earlier steps from those about the last one. */
const at = (fraction: number) =>
  fraction === 1
    ? { id: "", words: "" }
    : { id: `-at-${fraction}`, words: ` at ${fraction} of the last step before it` };

/** Freezing against freezing at random, from a fraction of the last step before the window. */
export const freezingDelays = (fraction: number): IclClaim => ({
  id: `freezing-delays${at(fraction).id}`,
  statement: `Freezing the leading subspace of QK before the window${
    at(fraction).words
  } delays the transition more than freezing a random one.`,
  source: "intervention of this project",
  criterion: "difference of the delays of the same seed, mean: 95 % interval above two reports' steps",
  judge: (evidence) => judgeDelay(evidence, fraction, "freeze top", "freeze random"),
});

/** Turning against a change of the same norm, from a fraction of the last step before the window. */
export const rerandomisingDelays = (fraction: number): IclClaim => ({
  id: `rerandomising-delays${at(fraction).id}`,
  statement: `Turning the leading subspace of QK to random directions before the window${
    at(fraction).words
  } delays the transition more than a random change of the same norm.`,
  source: "intervention of this project",
  criterion: "difference of the delays of the same seed, mean: 95 % interval above two reports' steps",
  judge: (evidence) => judgeDelay(evidence, fraction, "re-randomise top", "random change"),
});
