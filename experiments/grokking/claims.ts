/** Claims, with criteria fixed before the run; those about learning coefficients after pilots with other seeds. */
import * as lab from "../../mod.ts";
import { type Setting, STUDIED } from "./setting.ts";
import { branchTimes, inSteps, inWords, type MainTimes, mainTimes, MEMORISED, timesOf } from "./times.ts";

type Measured = lab.Measurements;
type Claim = lab.Claim<Measured>;
const { claim, expect } = lab;

const NANDA = "arXiv 2301.05217";
const PAPER = "arXiv 2504.12916";
const LAU = "arXiv 2308.12108; asked here of grokking";

/** Together: within a factor of 1.5. */
const TOGETHER = { from: 1 / 1.5, to: 1.5 };

/** Claims under a setting: those about controls, coefficients and interventions only where there are some. */
export function claims(setting: Setting): Claim[] {
  const [controls, coefficients] = [setting["control-replicas"] > 0, setting.coefficients > 1];
  const all = [
    ...phaseClaims(setting),
    ...structureClaims(setting),
    ...(controls ? controlClaims(setting) : []),
    ...(coefficients ? coefficientClaims(setting) : []),
    ...(coefficients && controls ? controlCoefficients : []),
    ...(setting["branch-steps"] > 0 ? interventionClaims(setting) : []),
  ];
  return all.filter(({ id }) => setting.decays.includes(0) || !id.endsWith("no-decay"));
}

const mainCurves = (measured: Measured, quantity: string) => measured.curves({ series: "main", quantity });

/** Ratios of the times of two events in the main replicas that have both. */
const timeRatio = (setting: Setting, later: keyof MainTimes, earlier: keyof MainTimes) => (measured: Measured) => {
  const times = mainTimes(measured, setting);
  const values = times.flatMap(({ [later]: a, [earlier]: b }) => a === null || b === null ? [] : [a / b]);
  return { values, detail: inWords(times, earlier, later) };
};

/** Change of a quantity between the reports at or after two events, of the main replicas that have both. */
const change = (
  setting: Setting,
  quantity: string,
  [earlier, later]: readonly [keyof MainTimes, keyof MainTimes],
  of: (later: number, earlier: number) => number = (later, earlier) => later / earlier,
) =>
(measured: Measured) => ({
  values: mainTimes(measured, setting).flatMap(({ [later]: a, [earlier]: b }, replica) => {
    const { x, y } = measured.curve({ series: "main", quantity }, replica);
    const at = (time: number) => y[x.findIndex((step) => step >= time - 1e-6)];
    return a === null || b === null ? [] : [of(at(a), at(b))];
  }),
});

/** Numbers in words. */
const short = (values: readonly number[]) => values.map((value) => lab.threeDigits(value)).join(", ");
const rounded = (values: readonly number[], digits: number) => values.map((value) => value.toFixed(digits)).join(", ");

/** Truth values, and how many hold. */
const counted = (holds: readonly boolean[], words: string) => ({
  values: holds,
  detail: `${holds.filter(Boolean).length} of ${holds.length} replicas; ${words}`,
});

const inOrder = (...times: (number | null)[]) =>
  times.every((time, index) => time !== null && (index === 0 || times[index - 1]! < time));

/** Memorisation, circuit formation and cleanup. */
function phaseClaims(setting: Setting): Claim[] {
  return [
    claim({
      id: "delayed",
      statement: "Generalisation comes long after memorisation.",
      source: `${NANDA}: 14 000 against 1400 epochs`,
      measure:
        "steps to 95 % of the test pairs over steps to 99 % of the training pairs, if at least 3/4 of the replicas have both",
      predicted: 10,
      expect: expect.ratio({ from: 2 }),
      values(measured) {
        const found = timeRatio(setting, "generalised", "memorised")(measured);
        return found.values.length < 0.75 * setting.replicas ? { unmeasured: found.detail } : found;
      },
    }),
    claim({
      id: "phases",
      statement: "Memorisation, circuit formation and cleanup follow one another.",
      source: NANDA,
      measure:
        "replicas that reach first 99 % of the training pairs, then a restricted loss of ½ ln p, then 95 % of the test pairs",
      expect: expect.share({ atLeast: 0.75 }),
      values(measured) {
        const times = mainTimes(measured, setting);
        const holds = times.map(({ memorised, circuit, generalised }) => inOrder(memorised, circuit, generalised));
        return counted(holds, inWords(times, "circuit", "testCircuit"));
      },
    }),
    claim({
      id: "circuit-first",
      statement: "The restricted loss falls before the test loss.",
      source: NANDA,
      measure: "steps to a restricted loss of ½ ln p over steps to a test loss of ½ ln p",
      expect: expect.ratio({ to: 1 }),
      values: timeRatio(setting, "circuit", "testHalf"),
    }),
    claim({
      id: "excluded-rises",
      statement: "The excluded loss rises after memorisation, as the training pairs come to rest on the circuit.",
      source: NANDA,
      measure: "excluded loss at the last step less that at the report of memorisation, in nats",
      expect: expect.mean({ from: 0.5 }),
      values: change(setting, "excluded loss", ["memorised", "end"], (later, earlier) => later - earlier),
    }),
    claim({
      id: "norm-falls",
      statement: "The sum of squared weights falls during cleanup, while the test accuracy rises.",
      source: NANDA,
      measure: "Σw² when 95 % of the test pairs are right over Σw² when the restricted loss is ½ ln p",
      expect: expect.ratio({ to: 1 }),
      values: change(setting, "squared norm", ["circuit", "generalised"]),
    }),
  ];
}

/** Claims on the structure of the final model, and on the subspaces that lead there. */
function structureClaims(setting: Setting): Claim[] {
  return [
    claim({
      id: "sparse-logits",
      statement: "A few frequencies of the result carry the logits.",
      source: `${NANDA}: 95 % at five frequencies`,
      measure:
        "share of the logits' variance over all pairs at the key frequencies (each at least 5 % of that of the result), at the last step",
      predicted: 0.95,
      expect: expect.mean({ from: 0.85 }),
      values: (measured) => ({
        values: measured.last({ series: "main", quantity: "explained" }),
        detail: `key frequencies ${keysOf(measured).map((keys) => keys.map(({ k }) => k).join(" ")).join("; ")}`,
      }),
    }),
    claim({
      id: "neurons",
      statement: "Most neurons belong to one key frequency.",
      source: `${NANDA}: 433 of 512`,
      measure: "share of the live neurons with more than 85 % of their variance at one key frequency, at the last step",
      predicted: 433 / 512,
      expect: expect.mean({ from: 0.7 }),
      values: (measured) => ({
        values: keysOf(measured).map((keys) => keys.reduce((sum, { neurons }) => sum + neurons, 0)),
      }),
    }),
    claim({
      id: "gini-rises",
      statement: "The embedding becomes sparse in the Fourier basis.",
      source: NANDA,
      measure: "Gini coefficient of the embedding's power over frequencies, last step less first",
      expect: expect.mean({ from: 0.2 }),
      values: (measured) => ({ values: mainCurves(measured, "gini embedding").map(({ y }) => y[y.length - 1] - y[0]) }),
    }),
    claim({
      id: "ov-with-test",
      statement: "The subspace of the OV circuits stabilises together with the test loss.",
      source: PAPER,
      measure:
        "steps until the OV distance to the final subspace is half of its start, over steps to a test loss of ½ ln p",
      predicted: 1,
      expect: expect.ratio(TOGETHER),
      values: timeRatio(setting, "subspace", "testHalf"),
    }),
    claim({
      id: "ov-with-circuit",
      statement: "The subspace of the OV circuits stabilises together with circuit formation.",
      source: "asked here",
      measure:
        "steps until the OV distance to the final subspace is half of its start, over steps to a restricted loss of ½ ln p",
      expect: expect.ratio(TOGETHER),
      values: timeRatio(setting, "subspace", "circuit"),
    }),
    claim({
      id: "rank-falls",
      statement: "The effective rank of the OV circuits falls from memorisation to the end.",
      source: PAPER,
      measure: "effective rank (mean over heads) at the last step over that at the report of memorisation",
      expect: expect.ratio({ to: 1 }),
      values: change(setting, "effective rank OV", ["memorised", "end"]),
    }),
  ];
}

/** Key frequencies k of every main replica, and the share of neurons that each explains. */
export function keysOf(measured: Measured): { readonly k: number; readonly neurons: number }[][] {
  const of = { series: "main", quantity: "neurons at a key frequency" };
  return mainCurves(measured, "explained").map((_, replica) =>
    measured.places(of).flatMap(({ index: k = 0 }) => {
      const { y: [neurons] } = measured.curve({ ...of, index: k }, replica);
      return neurons === undefined ? [] : [{ k, neurons }];
    })
  );
}

/** Highest value of every replica over the run. */
const highest = (measured: Measured, series: string, quantity: string) =>
  measured.curves({ series, quantity }).map(({ y }) => Math.max(...y));

/** Controls, each of which differs from the main replicas in one respect. */
function controlClaims(setting: Setting): Claim[] {
  const { decays, fractions, fraction, "weight-decay": decay, steps, modulus } = setting;
  /** Logarithms of the times to generalise, censored at the end, of every value of what a sweep changes, ascending. */
  const sweep =
    (series: string, own: number, others: readonly number[], shown: (value: number) => string) =>
    (measured: Measured) => {
      const groups = [own, ...others].toSorted((a, b) => a - b).map((value) => {
        const times = timesOf(measured, setting, value === own ? "main" : `${series} ${value}`);
        return [shown(value), times.map(({ generalised }) => Math.log(generalised ?? steps))] as const;
      });
      const means = groups.map(([name, own]) => `${name}: ${Math.round(Math.exp(lab.statistics.mean(own)))}`);
      return { values: Object.fromEntries(groups), detail: `steps ${means.join(", ")}` };
    };
  const measure = "ln of the steps to 95 % of the test pairs, of the last step where that is not reached";
  return [
    claim({
      id: "no-decay",
      statement: "Without weight decay the training pairs are memorised and the test pairs are not learned.",
      source: NANDA,
      measure: "replicas without weight decay that memorise and never have 50 % of the test pairs right",
      expect: expect.every(),
      values(measured) {
        const tops = highest(measured, "weight decay 0", "test accuracy");
        const trained = highest(measured, "weight decay 0", "train accuracy");
        const holds = tops.map((top, r) => trained[r] >= MEMORISED && top < 0.5);
        return counted(holds, `highest test accuracy ${rounded(tops, 2)}`);
      },
    }),
    claim({
      id: "decay-order",
      statement: "More weight decay generalises sooner.",
      source: `${NANDA}; its text and its numbers differ`,
      measure,
      expect: expect.ordered("falling", "weight decay above 0"),
      values: sweep("weight decay", decay, decays.filter((value) => value > 0), (value) => `λ = ${value}`),
    }),
    claim({
      id: "fraction-order",
      statement: "More training pairs generalise sooner.",
      source: NANDA,
      measure,
      expect: expect.ordered("falling", "share of training pairs"),
      values: sweep("fraction", fraction, fractions, (value) => `${100 * value} %`),
    }),
    claim({
      id: "much-data",
      statement: "With 60 % of the pairs or more, generalisation is immediate.",
      source: NANDA,
      measure:
        "replicas of the largest share from 60 % on that have 95 % of the test pairs within twice the steps to 99 % of the training pairs",
      expect: expect.every(),
      values(measured) {
        const most = Math.max(...fractions);
        if (most < 0.6) return { unmeasured: "no share of 60 %" };
        const times = timesOf(measured, setting, `fraction ${most}`);
        const holds = times.map(({ memorised: first, generalised: then }) =>
          first !== null && then !== null && then <= 2 * first
        );
        return counted(holds, inWords(times, "memorised", "generalised"));
      },
    }),
    claim({
      id: "random-labels",
      statement: "With random labels nothing is generalised.",
      source: "control",
      measure: "replicas with random labels that never have more than 3/p of the test pairs right",
      expect: expect.every(),
      values(measured) {
        const tops = highest(measured, "random labels", "test accuracy");
        const trained = highest(measured, "random labels", "train accuracy");
        const said = `highest test accuracy ${rounded(tops, 3)}, training accuracy ${rounded(trained, 2)}`;
        return counted(tops.map((top) => top <= 3 / modulus), said);
      },
    }),
  ];
}

/** The local learning coefficient of the main replicas along the run. */
function coefficientClaims(setting: Setting): Claim[] {
  /** Ratio of the coefficient when something happens to that before, of the main replicas that have both. */
  const change = (later: keyof MainTimes, earlier: keyof MainTimes | "first snapshot") => (measured: Measured) => {
    const times = mainTimes(measured, setting);
    const pairs = mainCurves(measured, "learning coefficient").flatMap((curve, replica) => {
      const at = (event: typeof earlier) => {
        const time = event === "first snapshot" ? curve.x[0] : times[replica][event];
        return time === null ? NaN : lab.valueAtLogarithm(curve, time);
      };
      const pair = { later: at(later), earlier: at(earlier) };
      return curve.x.length > 1 && pair.later > 0 && pair.earlier > 0 ? [pair] : [];
    });
    const warnings = STUDIED.flatMap((series) =>
      measured.curves({ series, quantity: "learning coefficient, warnings" }).flatMap(({ y }) => y)
    );
    return {
      values: pairs.map(({ later, earlier }) => later / earlier),
      detail: `from ${short(pairs.map(({ earlier }) => earlier))} to ${
        short(pairs.map(({ later }) => later))
      }; chains of ${warnings.filter((count) => count > 0).length} of ${warnings.length} estimates carry a warning`,
    };
  };
  return [
    claim({
      id: "coefficient-rises",
      statement: "The learning coefficient rises while the training pairs are memorised.",
      source: LAU,
      measure:
        "LLC when training accuracy reaches 99 % (between snapshots: a straight line over ln step), divided by the LLC at the first snapshot",
      expect: expect.ratio({ from: 2 }),
      values: change("memorised", "first snapshot"),
    }),
    claim({
      id: "coefficient-falls",
      statement: "The learning coefficient falls from memorisation to generalisation.",
      source: LAU,
      measure: "LLC when test accuracy reaches 95 %, divided by the LLC when training accuracy reaches 99 %",
      expect: expect.ratio({ to: 0.5 }),
      values: change("generalised", "memorised"),
    }),
    claim({
      id: "coefficient-in-cleanup",
      statement: "The learning coefficient falls most steeply during cleanup.",
      source: LAU,
      measure:
        "replicas whose LLC falls most between two snapshots whose geometric middle lies after a restricted loss of ½ ln p and before 95 % of the test pairs",
      expect: expect.share({ atLeast: 0.75 }),
      values(measured) {
        const middles = mainCurves(measured, "learning coefficient").map(lab.steepestFall);
        const times = mainTimes(measured, setting);
        const holds = middles.map((middle, r) => inOrder(times[r].circuit, middle, times[r].generalised));
        return counted(holds, `largest falls at ${inSteps(middles)}`);
      },
    }),
    claim({
      id: "coefficient-with-test",
      statement: "The learning coefficient falls together with the test loss.",
      source: "asked here",
      measure: "steps until the LLC, past its largest value, is half of it, over steps to a test loss of ½ ln p",
      expect: expect.ratio(TOGETHER),
      values: timeRatio(setting, "coefficient", "testHalf"),
    }),
  ];
}

/** Claim on a control that must not generalise. */
const staysHigh = (id: string, condition: string, statement: string): Claim =>
  claim({
    id,
    statement,
    source: "control",
    measure: `replicas of ${condition} whose LLC at the last snapshot is at least a quarter of its largest`,
    expect: expect.every(),
    values(measured) {
      const curves = measured.curves({ series: condition, quantity: "learning coefficient" });
      const found = curves.map(({ y }) => y).filter(({ length }) => length > 1);
      const said = found.map((y) => `${short([Math.max(...y)])} to ${short([y[y.length - 1]])}`).join(", ");
      return counted(found.map((y) => y[y.length - 1] >= 0.25 * Math.max(...y)), `from ${said}`);
    },
  });

const controlCoefficients = [
  staysHigh(
    "coefficient-no-decay",
    "weight decay 0",
    "Without weight decay the learning coefficient stays high: larger margins alone do not bring it down.",
  ),
  staysHigh("coefficient-random-labels", "random labels", "With random labels the learning coefficient stays high."),
];

/** Comparisons on the same replicas: two interventions, and which ratios of their times meet the claim. */
const COMPARISONS = [
  {
    id: "freeze-speeds",
    statement: "Heads that write into their final OV subspace alone generalise sooner",
    of: ["freeze final", "none", { to: 1 }],
  },
  {
    id: "freeze-specific",
    statement: "Heads generalise sooner if they write into their final OV subspace alone than into a random one alone",
    of: ["freeze final", "freeze random", { to: 1 }],
  },
  {
    id: "redraw-delays",
    statement: "Drawing anew what heads write into their final OV subspace delays generalisation",
    of: ["redraw final", "none", { from: 1 }],
  },
  {
    id: "redraw-specific",
    statement:
      "Drawing anew what heads write delays generalisation more in their final OV subspace than in a random one",
    of: ["redraw final", "redraw random", { from: 1 }],
  },
] as const;

/** Interventions from every checkpoint on: the middle one first, whose claims carry no step in their names. */
function interventionClaims(setting: Setting): Claim[] {
  const { "branch-at": checkpoints } = setting;
  const middle = checkpoints[Math.floor(checkpoints.length / 2)];
  return [middle, ...checkpoints.filter((step) => step !== middle)].flatMap((from) =>
    COMPARISONS.map(({ id, statement, of: [first, second, bounds] }) =>
      claim({
        id: from === middle ? id : `${id}-at-${from}`,
        statement: from === middle ? `${statement}.` : `${statement}, from step ${from} on.`,
        source: "intervention, asked here",
        measure:
          `steps to 95 % of the test pairs, "${first}" over "${second}" from step ${from} on, the last step where it is not reached (left out where neither reaches it)`,
        expect: expect.ratio(bounds),
        values(measured) {
          const [a, b] = [first, second].map((name) => branchTimes(measured, setting, name, from));
          const said = (times: typeof a) => inSteps(times.map(({ step, censored }) => censored ? null : step));
          return {
            values: a.flatMap((one, r) => one.censored && b[r].censored ? [] : [one.step / b[r].step]),
            detail: `${first}: ${said(a)}; ${second}: ${said(b)}`,
          };
        },
      })
    )
  );
}
