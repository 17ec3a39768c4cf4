/** Claims about the controls, each of which differs from the main replicas in one respect. */
import { curveOf, type Evidence, type GrokkingClaim, indicesOf, NANDA } from "./evidence.ts";
import { inSteps, judgeShare, undecided } from "./judging.ts";
import { MEMORISED, timesOf } from "./times.ts";

/** Highest test accuracy over the run. */
const best = (evidence: Evidence, replica: number) => Math.max(...curveOf(evidence, replica, "testAccuracy"));

/** Whether a replica has ever memorised its training pairs. */
const memorised = (evidence: Evidence, replica: number) =>
  Math.max(...curveOf(evidence, replica, "trainAccuracy")) >= MEMORISED;

/** Judged where there is a control without weight decay. */
export const noDecay: GrokkingClaim = {
  id: "no-decay",
  statement: "without weight decay nothing generalises",
  source: NANDA,
  criterion: "weight decay 0: every replica memorises, and none reaches 50 % of the test pairs",
  judge(evidence) {
    const found = indicesOf(evidence, "weight decay 0");
    const tops = found.map((replica) => best(evidence, replica).toFixed(2)).join(", ");
    return judgeShare(
      found.map((replica) => memorised(evidence, replica) && best(evidence, replica) < 0.5),
      1,
      `highest test accuracy ${tops}`,
    );
  },
};

const decayOrder: GrokkingClaim = {
  id: "decay-order",
  statement: "more weight decay generalises sooner",
  source: `${NANDA}; its text and its numbers differ`,
  criterion:
    "mean of ln(steps to 95 % of the test pairs), the last step where it is not reached, falls with every weight decay above 0",
  judge(evidence) {
    const { setting } = evidence;
    const decays = [...new Set(evidence.replicas.map(({ weightDecay }) => weightDecay))]
      .filter((decay) => decay > 0).sort((a, b) => a - b);
    const means = decays.map((decay) =>
      meanLog(evidence, decay === setting["weight-decay"] ? "main" : `weight decay ${decay}`)
    );
    return ordered(means, decays.map((decay) => `λ = ${decay}`));
  },
};

const fractionOrder: GrokkingClaim = {
  id: "fraction-order",
  statement: "more training pairs generalise sooner",
  source: NANDA,
  criterion:
    "mean of ln(steps to 95 % of the test pairs), the last step where it is not reached, falls with every share of training pairs",
  judge(evidence) {
    const { setting } = evidence;
    const fractions = [...new Set(evidence.replicas.map(({ fraction }) => fraction))].sort((a, b) => a - b);
    const means = fractions.map((fraction) =>
      meanLog(evidence, fraction === setting.fraction ? "main" : `fraction ${fraction}`)
    );
    return ordered(means, fractions.map((fraction) => `${100 * fraction} %`));
  },
};

/** Mean logarithm of the time to generalise, censored at the end of the run. */
function meanLog(evidence: Evidence, condition: string): number {
  const times = indicesOf(evidence, condition).map((replica) =>
    timesOf(evidence, replica).generalised ?? evidence.setting.steps
  );
  return times.reduce((sum, time) => sum + Math.log(time), 0) / times.length;
}

function ordered(means: readonly number[], names: readonly string[]) {
  if (means.length < 2) return undecided(1, "no sweep");
  const falls = means.slice(1).map((mean, index) => mean < means[index]);
  const share = falls.filter(Boolean).length / falls.length;
  const detail = means.map((mean, index) => `${names[index]}: ${Math.round(Math.exp(mean))}`).join(", ");
  const verdict = share === 1 ? "reproduced" as const : "not reproduced" as const;
  return { predicted: 1, measured: share, low: share, high: share, verdict, detail: `steps ${detail}` };
}

const muchData: GrokkingClaim = {
  id: "much-data",
  statement: "with 60 % of the pairs or more, generalisation is immediate",
  source: NANDA,
  criterion:
    "the largest share ≥ 0.6: every replica has 95 % of the test pairs within twice the steps to 99 % of the others",
  judge(evidence) {
    const fraction = Math.max(...evidence.setting.fractions);
    if (fraction < 0.6) return undecided(1, "no share of 60 %");
    const times = indicesOf(evidence, `fraction ${fraction}`).map((replica) => timesOf(evidence, replica));
    return judgeShare(
      times.map(({ memorised, generalised }) =>
        memorised !== null && generalised !== null && generalised <= 2 * memorised
      ),
      1,
      `memorised at ${inSteps(times.map(({ memorised }) => memorised))}, generalised at ${
        inSteps(times.map(({ generalised }) => generalised))
      }`,
    );
  },
};

const randomLabels: GrokkingClaim = {
  id: "random-labels",
  statement: "random labels are not generalised",
  source: "control",
  criterion: "random labels: no replica ever has more than 3/p of the test pairs right",
  judge(evidence) {
    const found = indicesOf(evidence, "random labels");
    const tops = found.map((replica) => best(evidence, replica).toFixed(3)).join(", ");
    const trained = found.map((replica) => Math.max(...curveOf(evidence, replica, "trainAccuracy")).toFixed(2)).join(
      ", ",
    );
    return judgeShare(
      found.map((replica) => best(evidence, replica) <= 3 / evidence.setting.modulus),
      1,
      `highest test accuracy ${tops}, training accuracy ${trained}`,
    );
  },
};

/** Claims about any controls. */
export const controlClaims: readonly GrokkingClaim[] = [decayOrder, fractionOrder, muchData, randomLabels];
