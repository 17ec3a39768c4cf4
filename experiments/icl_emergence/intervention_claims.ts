/** Claims about interventions on the leading subspaces of QK before the window. */
import { judgeInterval, meanInterval } from "../../lib/run/mod.ts";
import { depth, type Evidence, type IclClaim, undecided, windowsOf } from "./evidence.ts";
import { type Intervention, INTERVENTIONS } from "./interventions.ts";
import { scoreCurve } from "./series.ts";
import { crossing } from "./windows.ts";

/** Delay of one seed under an intervention. */
export interface Delay {
  readonly replica: number;
  /** Steps later than without; from the last step where it never came. */
  readonly steps: number;
  /** Whether the transition never came. */
  readonly censored: boolean;
}

/**
 * How many steps later each seed's score falls to the middle of its window, with an intervention than without. Where it
 * never does, the last step counts: a lower bound.
 */
export function delays(evidence: Evidence, intervention: Intervention): Delay[] {
  const without = depth(evidence, 2)!;
  const series = evidence.interventions!.series[INTERVENTIONS.indexOf(intervention)];
  return windowsOf(without, evidence).flatMap((window, replica): Delay[] => {
    if (window === null) return [];
    const level = (window.before + window.after) / 2;
    const own = crossing(scoreCurve(without, replica), level);
    if (own === null) return [];
    const late = crossing(scoreCurve(series, replica), level);
    return [{ replica, steps: (late ?? evidence.setting.steps) - own, censored: late === null }];
  });
}

/** Delays of all interventions in words. */
function summary(evidence: Evidence): string {
  return INTERVENTIONS.map((intervention) => {
    const list = delays(evidence, intervention);
    const { centre, low, high } = meanInterval(list.map(({ steps }) => steps));
    const never = list.filter(({ censored }) => censored).length;
    const note = never > 0 ? `, ${never} never` : "";
    return `${intervention} ${centre.toFixed(0)} (${low.toFixed(0)} … ${high.toFixed(0)}${note})`;
  }).join("; ");
}

/** Judges that one intervention delays by more than its control, by at least two reports. */
function judgeDelay(evidence: Evidence, intervention: Intervention, control: Intervention) {
  const least = 2 * evidence.setting.every;
  const others = delays(evidence, control);
  const differences = delays(evidence, intervention).map(({ steps }, index) => steps - others[index].steps);
  if (differences.length < 2) return undecided(least, "fewer than two windows");
  const detail = `delays from step ${evidence.interventions!.from}: ${summary(evidence)}`;
  return { ...judgeInterval(least, meanInterval(differences), { from: least }), detail };
}

export const freezingDelays: IclClaim = {
  id: "freezing-delays",
  statement:
    "Freezing the leading subspace of QK before the window delays the transition more than freezing a random one.",
  source: "intervention of this project",
  criterion: "difference of the delays of the same seed, mean: 95 % interval above two reports' steps",
  judge: (evidence) => judgeDelay(evidence, "freeze top", "freeze random"),
};

export const rerandomisingDelays: IclClaim = {
  id: "rerandomising-delays",
  statement:
    "Turning the leading subspace of QK to random directions before the window delays the transition more than a random change of the same norm.",
  source: "intervention of this project",
  criterion: "difference of the delays of the same seed, mean: 95 % interval above two reports' steps",
  judge: (evidence) => judgeDelay(evidence, "re-randomise top", "random change"),
};
