/** Claims on the emergence of in-context learning, each with its criterion. */
import * as lab from "../../mod.ts";
import { delaysOf, type Intervention, INTERVENTIONS, seriesOf } from "./interventions.ts";
import type { Setting } from "./setting.ts";
import * as log from "./windows.ts";
import {
  bestHeads,
  CONTROL,
  type CURVATURES,
  dipsOf,
  finalScores,
  halfTimes,
  ofDepth,
  QK_RANK,
  TWO,
} from "./windows.ts";

type Measured = lab.Measurements;
const { claim, expect } = lab;
const { mean } = lab.statistics;

const OLSSON = "Olsson et al. 2022 (arXiv 2209.11895)";
const PAPER = "arXiv 2504.12916";
const ASKED = `measure of ${PAPER}, asked here`;
const HERE = "this project";

/** Definition of a dip. */
const DIP = "lowest effective rank of QK without its leading value, with higher ones before and after by at least " +
  `${log.LEAST_DIP} of the highest`;

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

const isInside = ({ start, end }: lab.SegmentedFall, step: number) => step >= start && step <= end;

/** Steps from one time to another, of the seeds that have both. */
const leads = (from: readonly (number | null)[], to: readonly (number | null)[]) =>
  from.map((time, r) => time !== null && to[r] !== null ? to[r] - time : null).filter((lead) => lead !== null);

/** Claims that a setting can be judged by: those that need one or two layers, a control or interventions only with them. */
export function claims(setting: Setting): lab.Claim<Measured>[] {
  const { task, depths, control, steps, replicas } = setting;
  const [one, two] = [depths.includes(1), depths.includes(2)];
  const deep = depths.filter((layers) => layers >= 2).map(ofDepth);
  const windowsOf = (measured: Measured, series = TWO) => log.windowsOf(measured, setting, series);
  const startsOf = (measured: Measured) => windowsOf(measured).map((window) => window && window.start);
  const isFound = (window: lab.SegmentedFall | null) => window !== null;

  /** Seeds of an ensemble have no window. */
  const noWindow = (id: string, statement: string, source: string, series: string, predicted?: number) =>
    claim({
      id,
      statement,
      source,
      measure: `seeds of ${series === CONTROL ? "the shuffled control" : "one layer"} whose ICL score has a window`,
      predicted,
      expect: expect.share({ atMost: 0.25 }, "seeds"),
      values: (measured: Measured) => ({ values: windowsOf(measured, series).map(isFound) }),
    });

  /** Events of the seeds of two and more layers, at most as many as said, against windows placed at random. */
  const byChance = (measured: Measured, eventsOf: (series: string) => number[][], most: number) => {
    const placed = deep.flatMap((series) => {
      const events = eventsOf(series);
      return windowsOf(measured, series).flatMap((window, r) => window ? [{ window, events: events[r] }] : []);
    });
    if (placed.length === 0) return { unmeasured: "no window" };
    const values = lab.eventsInWindows(placed, { last: steps });
    const count = `${placed.flatMap(({ events }) => events).length} events of ${most}`;
    return { values, detail: `p = ${values.p.toFixed(4)} against ${percent(values.expected)} by chance; ${count}` };
  };

  /** A curvature is largest in size inside the window. */
  const peak = (id: string, quantity: keyof typeof CURVATURES, words: string) =>
    claim({
      id,
      statement: `With two and more layers, the ${quantity} is largest while in-context learning appears.`,
      source: PAPER,
      measure: `share of seeds of two and more layers with the largest ${words} inside the window`,
      expect: expect.moreThanChance(0.05),
      values(measured: Measured) {
        const largest = (y: readonly number[]) => y.reduce((at, v, i) => Math.abs(v) > Math.abs(y[at]) ? i : at, 0);
        const peaksOf = (series: string) => measured.curves({ series, quantity }).map(({ x, y }) => [x[largest(y)]]);
        return byChance(measured, peaksOf, deep.length * replicas);
      },
    });

  /** Heads of an ensemble do not dip inside the two-layer window of the same seed. */
  const noDips = (id: string, statement: string, source: string, series: string, predicted?: number) =>
    claim({
      id,
      statement,
      source,
      measure: `share of the seed's heads with a dip (${DIP}) inside the two-layer window of the same seed`,
      predicted,
      expect: expect.mean({ to: 0.25 }),
      values(measured: Measured) {
        const sharesOf = (series: string) => {
          const [dips, heads] = [dipsOf(measured, series), measured.places({ series, quantity: QK_RANK }).length];
          return windowsOf(measured).flatMap((window, r) =>
            window ? [dips[r].filter((step) => isInside(window, step)).length / heads] : []
          );
        };
        const values = sharesOf(series);
        if (values.length < 2) return { unmeasured: "fewer than two windows" };
        return { values, detail: `two layers on ordered sequences: ${percent(mean(sharesOf(TWO)))} of heads` };
      },
    });

  /** A measure of the row space of two-layer circuits is half way before the window. */
  const early = (id: string, quantity: string, words: string, source: string) =>
    claim({
      id,
      statement: `With two layers, the ${words} falls before in-context learning appears.`,
      source,
      measure: `steps from half of the ${words} (rank d_head, mean over heads) to the start of the window`,
      expect: expect.mean({ from: 0 }),
      values: (measured: Measured) => ({ values: leads(halfTimes(measured, quantity), startsOf(measured)) }),
    });
  const angle = "mean principal angle to the final row space of";
  const perDepth = { of: "depth of two and more layers", shown: "mean" } as const;
  const learned = task === "text"
    ? "the 95 % prediction interval of a further seed of the shuffled control (mean over the last quarter of training)"
    : "half way between the exact in-context unigram and bigram scores";

  const ofDeep = [
    claim({
      id: "transition",
      statement:
        "Attention-only decoders of two and more layers begin to learn in context suddenly, within a window of training.",
      source: OLSSON,
      measure: "seeds whose ICL score has a window (segmented regression, R² of at least " +
        `${log.leastExplained(setting)}, ending below ${learned})`,
      predicted: 1,
      expect: expect.each(expect.share({ atLeast: 0.75 }, "seeds"), perDepth),
      values(measured: Measured) {
        const windows = deep.map((series) => windowsOf(measured, series));
        const lengths = windows.flat().flatMap((window) => window ? [(window.end - window.start) / steps] : []);
        return {
          values: Object.fromEntries(deep.map((series, index) => [series, windows[index].map(isFound)])),
          detail: lengths.length > 0 ? `windows last ${percent(mean(lengths))} of training` : "no window",
        };
      },
    }),
    claim({
      id: "qk-dip-in-window",
      statement:
        "With two and more layers, the marginalised effective rank of QK dips while in-context learning appears.",
      source: PAPER,
      measure: `share of heads' dips (${DIP}) inside their seed's window, all depths of two and more layers`,
      expect: expect.moreThanChance(0.05),
      values(measured: Measured) {
        const heads = deep.flatMap((series) => measured.perReplica({ series, quantity: QK_RANK }).flat());
        return byChance(measured, (series) => dipsOf(measured, series), heads.length);
      },
    }),
    peak("norm-curvature-in-window", "parameter norm curvature", "|d²‖θ‖/dt²| (parabolas through 5 reports)"),
    peak(
      "autocorrelation-in-window",
      "loss autocorrelation curvature",
      "|d²A/dτ²| of the batch loss's autocorrelation (window of 4 reports, parabola through lags up to 1 report)",
    ),
  ];
  const ofTwo = [
    claim({
      id: "previous-token-first",
      statement: "In two-layer decoders, the previous-token head forms before the induction head.",
      source: OLSSON,
      measure:
        "steps from half of the best head's previous-token score to half of the best head's prefix-matching score",
      expect: expect.mean({ from: 0 }),
      values(measured: Measured) {
        const halves = (quantity: string) => bestHeads(measured, quantity).map(lab.halfWay);
        return { values: leads(halves("previous token"), halves("prefix matching")) };
      },
    }),
    claim({
      id: "induction-in-window",
      statement: "In two-layer decoders, the induction head forms while in-context learning appears.",
      source: OLSSON,
      measure: "the best head's prefix matching makes half of its way inside the window and ends above 0.3",
      predicted: 1,
      expect: expect.share({ atLeast: 0.75 }, "seeds with a window"),
      values(measured: Measured) {
        const heads = bestHeads(measured, "prefix matching");
        const [halves, ends] = [heads.map(lab.halfWay), heads.map(({ y }) => y.at(-1)!)];
        const values = windowsOf(measured).flatMap((window, r) =>
          window ? [ends[r] > 0.3 && halves[r] !== null && isInside(window, halves[r])] : []
        );
        return { values, detail: `prefix matching ends at ${ends.map((end) => end.toFixed(2)).join(", ")}` };
      },
    }),
    early("subspace-early", "QK distance", "subspace distance of QK", PAPER),
    early("qk-mean-angle-early", "QK mean angle", `${angle} QK`, ASKED),
    early("ov-distance-early", "OV distance", "subspace distance of OV", ASKED),
    early("ov-mean-angle-early", "OV mean angle", `${angle} OV`, ASKED),
    claim({
      id: "subspace-before-magnitude",
      statement: "In two-layer decoders, the subspace of QK is found before its magnitude grows.",
      source: PAPER,
      measure: "steps from half of the QK subspace distance to half of the growth of ‖QK‖, mean over heads",
      expect: expect.mean({ from: 0 }),
      values: (measured: Measured) => ({
        values: leads(halfTimes(measured, "QK distance"), halfTimes(measured, "QK norm")),
      }),
    }),
  ];
  const beyondControl = claim({
    id: "score-beyond-control",
    statement: "Two layers learn in context from a text: their ICL score ends below that of the shuffled control.",
    source: OLSSON,
    measure:
      "ICL score of two layers less that of the control of the same seed, means over the last quarter of training",
    expect: expect.mean({ to: 0 }),
    values: (measured: Measured) => ({ values: leads(finalScores(measured, CONTROL), finalScores(measured, TWO)) }),
  });
  const [oneNone, controlNone, oneDips, controlDips] = [
    "Attention-only decoders of one layer show no sudden transition to learning in context.",
    "Two layers show no sudden transition on shuffled sequences: marginals alone do not make one.",
    "With one layer, the effective rank of QK does not dip while two layers begin to learn in context.",
    "On shuffled sequences, the effective rank of QK does not dip while two layers begin to learn in context on ordered ones.",
  ];
  return [
    ...(deep.length > 0 ? ofDeep : []),
    ...(one ? [noWindow("one-layer-none", oneNone, OLSSON, ofDepth(1), 0)] : []),
    ...(two ? ofTwo : []),
    ...(one && two ? [noDips("dip-absent-one-layer", oneDips, PAPER, ofDepth(1), 0)] : []),
    // What counts as learned of a text is what its control has not: there is no window to claim of it, and there may be
    // in-context learning without any window.
    ...(two && control && task !== "text"
      ? [noWindow("control-none", controlNone, `control of ${HERE}`, CONTROL)]
      : []),
    ...(two && control && task === "text" ? [beyondControl] : []),
    ...(two && control ? [noDips("dip-absent-control", controlDips, `control of ${HERE}`, CONTROL)] : []),
    ...(two && setting.interventions ? setting["intervene-at"].flatMap((fraction) => delaying(setting, fraction)) : []),
  ];
}

/** Interventions at one place each delay by more than their control, by at least two reports. */
function delaying(setting: Setting, fraction: number): lab.Claim<Measured>[] {
  const [suffix, place] = fraction === 1
    ? ["", ""]
    : [`-at-${fraction}`, `, at ${fraction} of the last step before it,`];
  const delayed = (id: string, words: readonly [string, string], changed: Intervention, instead: Intervention) =>
    claim({
      id: `${id}${suffix}`,
      statement: `${words[0]} before the window${place} delays learning in context more than ${words[1]}.`,
      source: `intervention of ${HERE}`,
      measure:
        `steps by which ‘${changed}’ delays the middle of the window less those by ‘${instead}’, of the same seed ` +
        "(where it never comes, the last step counts)",
      expect: expect.mean({ from: 2 * setting.every }),
      values(measured: Measured) {
        const delays = (one: Intervention) => delaysOf(measured, setting, one, fraction);
        const others = delays(instead);
        const values = delays(changed).map(({ steps }, index) => steps - others[index].steps);
        if (values.length < 2) return { unmeasured: "fewer than two windows" };
        const [from] = measured.steps({ series: seriesOf(changed, fraction), quantity: "score" });
        const all = INTERVENTIONS.map((one) => `${one} ${lab.delaysInWords(delays(one))}`).join("; ");
        return { values, detail: `delays from step ${from}: ${all}` };
      },
    });
  const freezing = ["Freezing the leading subspace of QK", "freezing a random one"] as const;
  const turning = [
    "Turning the leading subspace of QK to random directions",
    "a random change of the same norm",
  ] as const;
  return [
    delayed("freezing-delays", freezing, "freeze top", "freeze random"),
    delayed("rerandomising-delays", turning, "re-randomise top", "random change"),
  ];
}
