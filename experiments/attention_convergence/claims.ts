/** Claims, with criteria fixed before the run: thresholds come from theory, not from a run. */
import * as lab from "../../mod.ts";
import {
  EXACT,
  FIRST,
  type Kind,
  LAWS,
  LIMIT,
  NOISE,
  type Scanned,
  scansOf,
  seriesOf,
  type Setting,
} from "./setting.ts";

type Measured = lab.Measurements;
type Claim = lab.Claim<Measured>;
type Name = Kind["name"];
const { claim, expect } = lab;
const { mean } = lab.statistics;

const PAPER = "arXiv 2310.05249";
const HERE = `derived here for the setting of ${PAPER}`;
/** Late in training the correction is 3/(N p) of the loss: first order in 1/N is judged where that is at most so much. */
const FIRST_ORDER = 0.3;
/** Between two reports a curve is a straight line over the logarithm of the step. */
const LOG = { scale: "log" } as const;
const digits = (value: number | null) => lab.threeDigits(value, "never");
const inWords = (values: Readonly<Record<string, readonly (number | null)[]>>) =>
  Object.entries(values).map(([name, all]) => `${name}: ${all.map(digits).join(", ")}`).join("; ");

/** A quantity of a kind of query. */
const of = (series: string, quantity: string, kind: Name): lab.Quantity => ({
  series,
  quantity: `${quantity}, ${kind}`,
});

/** Switch: the target score is as far above 0 as the dominant score is below, having been less far when that was at −0.1. */
export function switchTime(target: lab.MeasuredCurve, dominant: lab.MeasuredCurve): number | null {
  const fell = lab.crossingTime(dominant, -0.1, "down", LOG);
  if (fell === null) return null;
  const from = dominant.x.findIndex((step) => step >= fell);
  const sum = { x: target.x.slice(from), y: target.y.slice(from).map((value, i) => value + dominant.y[from + i]) };
  return lab.crossingTime(sum, 0, "up", { ...LOG, start: "none" });
}

/** How much of the attention is gained in the second half of the time to the middle between its start and 1, over the first half. */
export function acceleration(attention: lab.MeasuredCurve): number | null {
  const start = attention.y[0];
  const middle = lab.crossingTime(attention, (1 + start) / 2, "up", LOG);
  if (middle === null) return null;
  const half = lab.valueAtLogarithm(attention, middle / 2);
  return ((1 + start) / 2 - half) / (half - start);
}

/** Growth of 1/loss a step from the middle of training to its end. */
export function reciprocalGrowth({ x, y }: lab.MeasuredCurve): number {
  const last = x.length - 1;
  const from = x.findIndex((step) => step >= x[last] / 2);
  return (1 / y[last] - 1 / y[from]) / (x[last] - x[from]);
}

/** Claims under a setting. */
export function claims(setting: Setting): Claim[] {
  const { contexts, steps, early, level, dominant: p, features: K } = setting;
  const [shortest, longest] = [contexts[0], contexts[contexts.length - 1]];
  const rareP = (1 - p) / (K - 1);
  const imbalanced = (N: number) => seriesOf("imbalanced", N);
  const byContext = <T>(valuesOf: (N: number) => readonly T[], Ns: readonly number[] = contexts) =>
    Object.fromEntries(Ns.map((N) => [`N = ${N}`, valuesOf(N)]));
  const timesTo = (at: number, series: string, kind: Name) => (measured: Measured) =>
    measured.curves(of(series, "loss", kind)).map((curve) => lab.crossingTime(curve, at, "down", LOG));
  const theoryTime = (measured: Measured, at: number, series: string, kind: Name, theory = EXACT) =>
    lab.crossingTime(measured.theory(theory, of(series, "loss", kind)), at, "down", LOG);

  /** Values of every group, unless one is null: then nothing is judged. */
  const whole = (groups: Readonly<Record<string, readonly (number | null)[]>>, what: string, detail: string) => {
    const missing = Object.entries(groups).find(([, values]) => values.includes(null));
    if (missing !== undefined) return { unmeasured: `${what} is not reached in every replica of ${missing[0]}` };
    return { values: groups as Record<string, number[]>, detail };
  };

  /** Relative times of rare and dominant queries to a loss. */
  const lateness = (measured: Measured, at: number, series: string) => {
    const [rare, first] = [timesTo(at, series, "rare")(measured), timesTo(at, series, "dominant")(measured)];
    return rare.map((time, r) => time === null || first[r] === null ? null : time / first[r]);
  };
  const predictedLateness = (measured: Measured, at: number, series: string) => {
    const [rare, first] = [theoryTime(measured, at, series, "rare"), theoryTime(measured, at, series, "dominant")];
    return rare === null || first === null ? undefined : rare / first;
  };
  const scanClaim = (
    id: string,
    statement: string,
    axis: string,
    points: readonly Scanned[],
    name: (one: Scanned) => string,
  ) =>
    claim({
      id,
      statement,
      source: PAPER,
      measure: `steps of rare queries to a loss of ${
        setting["scan-level"]
      } over those of the dominant one, N = ${longest}`,
      expect: expect.ordered("rising", axis),
      values(measured: Measured) {
        const groups = Object.fromEntries(
          points.map((one) => [name(one), lateness(measured, setting["scan-level"], one.series)]),
        );
        const predicted = points.map((one) => predictedLateness(measured, setting["scan-level"], one.series) ?? null);
        const means = Object.values(groups).map((all) => all.includes(null) ? null : mean(all as number[]));
        return whole(
          groups,
          "the loss",
          `means ${inWords({ [Object.keys(groups).join(", ")]: means })}; exact theory ${
            predicted.map(digits).join(", ")
          }`,
        );
      },
    });
  const scans = scansOf(setting);
  const everyKind = [
    [seriesOf("balanced", longest), "balanced", 1 / K],
    [imbalanced(longest), "dominant", p],
    [imbalanced(longest), "rare", rareP],
  ] as const;
  const shorter = contexts.slice(0, -1);
  const derivable = contexts.filter((N) => 3 / (N * rareP) <= FIRST_ORDER);
  const floor = (1 - rareP) ** shortest;

  /** Time at which attention to the target reaches one half. */
  const growth = (curve: lab.MeasuredCurve) => lab.crossingTime(curve, 0.5, "up", LOG);
  const theoryDelay = (measured: Measured, theory: string, N: number) => {
    const [short, long] = [N, longest].map((N) =>
      growth(measured.theory(theory, of(imbalanced(N), "attention", "rare")))
    );
    return short === null || long === null ? null : short - long;
  };

  return [
    claim({
      id: "dominant-falls-first",
      statement: "Rare queries first unlearn the dominant feature: its score falls faster than the target's rises.",
      source: `${PAPER}, phase I of rare queries`,
      measure: `−Q₁ₖ over Qₖₖ at step ${early}, mean of the rare queries of a replica`,
      expect: expect.each(expect.ratio({ from: 1.25 }), { of: "context length", shown: "worst" }),
      values(measured: Measured) {
        const ratioOf = (of: (quantity: string) => number[]) =>
          of("dominant score, rare").map((fallen, r) => -fallen / of("target score, rare")[r]);
        const groups = byContext((N) => ratioOf((quantity) => measured.at({ series: imbalanced(N), quantity }, early)));
        const [predicted] = ratioOf((quantity) => {
          const { x, y } = measured.theory(EXACT, { series: imbalanced(shortest), quantity });
          return [y[x.indexOf(early)]];
        });
        return { values: groups, predicted };
      },
    }),
    claim({
      id: "switch",
      statement: "Then the target score of a rare query overtakes, when the exact theory says so.",
      source: `${PAPER}, phase II; time ${HERE}`,
      measure: "step at which Qₖₖ exceeds −Q₁ₖ over that of the exact theory at this N, mean of the rare queries",
      predicted: 1,
      expect: expect.each(expect.ratio({ from: 0.9, to: 1.1 }), { of: "context length", shown: "worst" }),
      values(measured: Measured) {
        const curvesOf = (N: number, quantity: string) => measured.curves(of(imbalanced(N), quantity, "rare"));
        const times = byContext((N) => {
          const dominant = curvesOf(N, "dominant score");
          return curvesOf(N, "target score").map((target, r) => switchTime(target, dominant[r]));
        });
        const predicted = contexts.map((N) => {
          const theory = (quantity: string) => measured.theory(EXACT, of(imbalanced(N), quantity, "rare"));
          return switchTime(theory("target score"), theory("dominant score"));
        });
        if (predicted.includes(null)) return { unmeasured: "theory has no switch" };
        const ratios = Object.fromEntries(
          Object.entries(times).map(([name, all], i) => [name, all.map((time) => time && time / predicted[i]!)]),
        );
        return whole(ratios, "the switch", `exact theory at ${predicted.map(digits).join(", ")}`);
      },
    }),
    claim({
      id: "four-stages",
      statement:
        "One rare query goes through fall of the dominant score, switch, growth and convergence, in this order.",
      source: `${PAPER}, phases I to IV of rare queries`,
      measure:
        "runs at all N in which query 2 has a dominant score of −0.1 with a smaller target score, then the switch, then attention ½, then 0.9",
      expect: expect.share({ atLeast: 0.75 }, "runs"),
      values(measured: Measured) {
        const times = contexts.flatMap((N) =>
          measured.replicas(of(imbalanced(N), "attention", "query 2")).map((replica) => {
            const curve = (quantity: string) => measured.curve(of(imbalanced(N), quantity, "query 2"), replica);
            const [target, fallen, attention] = ["target score", "dominant score", "attention"].map(curve);
            return [
              lab.crossingTime(fallen, -0.1, "down", LOG),
              switchTime(target, fallen),
              growth(attention),
              lab.crossingTime(attention, 0.9, "up", LOG),
            ];
          })
        );
        const holds = times.map((all) => all.every((time, i) => time !== null && (i === 0 || all[i - 1]! < time)));
        const typical = [0, 1, 2, 3].map((i) =>
          lab.statistics.quantile(times.map((all) => all[i] ?? steps).sort((a, b) => a - b), 0.5)
        );
        return {
          values: holds,
          detail: `${holds.filter(Boolean).length} of ${holds.length}; medians ${typical.map(digits).join(", ")}`,
        };
      },
    }),
    ...([
      [
        "balanced",
        "balanced-two-phases",
        "Balanced queries have two phases: attention grows ever faster, then converges.",
        { from: 1.2 },
      ],
      ["dominant", "dominant-one-phase", "The dominant query has one phase: its attention grows ever more slowly.", {
        to: 0.9,
      }],
    ] as const).map(([kind, id, statement, bounds]) =>
      claim({
        id,
        statement,
        source: PAPER,
        measure:
          "attention gained in the second half of the time to the middle between its start and 1, over that of the first half",
        expect: expect.each(expect.ratio(bounds), { of: "context length", shown: "worst" }),
        values(measured: Measured) {
          const series = (N: number) => seriesOf(kind === "balanced" ? LAWS[0] : LAWS[1], N);
          const groups = byContext((N) => measured.curves(of(series(N), "attention", kind)).map(acceleration));
          const predicted = acceleration(measured.theory(LIMIT, of(series(longest), "attention", kind)));
          const found = whole(groups, "the middle", "predicted at N → ∞");
          return "unmeasured" in found || predicted === null ? found : { ...found, predicted };
        },
      })
    ),
    claim({
      id: "rare-later",
      statement: "Rare queries are learned later than the dominant one, by about the ratio of their probabilities.",
      source: PAPER,
      measure: `steps to a loss of ${level}, rare over dominant, N = ${longest}`,
      expect: expect.ratio({ from: 0.9 * p / rareP, to: 1.25 * p / rareP }),
      values(measured: Measured) {
        const values = lateness(measured, level, imbalanced(longest));
        if (values.includes(null)) return { unmeasured: "the loss is not reached in every replica" };
        const [rare, first] = (["rare", "dominant"] as const).map((kind) =>
          mean(timesTo(level, imbalanced(longest), kind)(measured) as number[])
        );
        const limits = (["rare", "dominant"] as const).map((kind) =>
          theoryTime(measured, level, imbalanced(longest), kind, LIMIT)
        );
        return {
          values: values as number[],
          predicted: predictedLateness(measured, level, imbalanced(longest)),
          detail: `means ${digits(rare)} and ${digits(first)}; at N → ∞ ${limits.map(digits).join(" and ")}`,
        };
      },
    }),
    scanClaim(
      "later-with-dominance",
      "The more dominant the dominant feature, the later the rare ones are learned.",
      "dominant probability",
      scans.dominant,
      ({ dominant }) => `p₁ = ${dominant}`,
    ),
    scanClaim(
      "later-with-features",
      "The more features share the rest, the later they are learned.",
      "number of features",
      scans.features,
      ({ features }) => `K = ${features}`,
    ),
    claim({
      id: "tail",
      statement: "Late in training the loss falls like 1/t, with the derived factor (K − 1)/(4 K p).",
      source: `${PAPER} (1/t); factor ${HERE}`,
      measure: `growth of 1/loss a unit of time from half of training on, over 4 p K/(K − 1), N = ${longest}`,
      predicted: 1,
      expect: expect.each(expect.ratio({ from: 0.85, to: 1.15 }), { of: "kind of query", shown: "worst" }),
      values(measured: Measured) {
        const rateOf = (curve: lab.MeasuredCurve, pk: number) =>
          reciprocalGrowth(curve) / setting.lr / (4 * pk * K / (K - 1));
        const exact = everyKind.map(([series, kind, pk]) =>
          rateOf(measured.theory(EXACT, of(series, "loss", kind)), pk)
        );
        const found = Object.fromEntries(everyKind.map(([series, kind, pk]) => [
          kind,
          measured.curves(of(series, "loss", kind)).map((curve) => rateOf(curve, pk)),
        ]));
        const wrong = Object.entries(found).find(([, rates]) => rates.some((rate) => rate <= 0));
        if (wrong !== undefined) {
          return { unmeasured: `the loss of ${wrong[0]} queries does not fall in every replica` };
        }
        return { values: found, detail: `exact theory ${exact.map(digits).join(", ")}` };
      },
    }),
    ...contexts.map((N) =>
      claim({
        id: `exact-${N}`,
        statement: `At N = ${N} training follows gradient descent on the exact loss at that N.`,
        source: HERE,
        measure:
          "largest deviation of the mean over replicas at any report: of target scores over their last value, of losses over their first",
        predicted: 0,
        expect: expect.estimate({ to: 0.03 }, "95 % interval of the mean"),
        values(measured: Measured) {
          const compared = ([["balanced", "balanced"], ["imbalanced", "dominant"], ["imbalanced", "rare"]] as const)
            .flatMap(([law, kind]) => {
              const [score, loss] = ["target score", "loss"].map((quantity) => of(seriesOf(law, N), quantity, kind));
              return [
                { of: score, scale: measured.theory(EXACT, score).y.at(-1)! },
                { of: loss, scale: measured.theory(EXACT, loss).y[0] },
              ];
            });
          const [exact, first, limit, noise] = [EXACT, FIRST, LIMIT, NOISE].map((theory) =>
            lab.deviationFrom(measured, theory, compared)
          );
          return {
            values: exact,
            rivals: { [FIRST]: first.centre, [LIMIT]: limit.centre, [NOISE]: noise.centre },
            detail: `${compared[exact.which].of.quantity} at step ${exact.step}`,
          };
        },
      })
    ),
    ...([
      ["delay", EXACT, "the exact theory", shorter, { from: 0.85, to: 1.15 }],
      ["delay-first-order", FIRST, "the leading correction in 1/N", shorter.filter((N) => derivable.includes(N)), {
        from: 0.8,
        to: 1.25,
      }],
    ] as const).filter(([, , , judged]) => judged.length > 0).map(([id, theory, words, judged, bounds]) =>
      claim({
        id,
        statement: `Short contexts delay the growth of rare queries by what ${words} predicts.`,
        source: HERE,
        measure:
          `steps to attention ½ less those at N = ${longest} of the same seed, over this difference in ${words}` +
          (theory === FIRST ? `; contexts with 3/(N p) ≤ ${FIRST_ORDER}` : ""),
        predicted: 1,
        expect: expect.each(expect.mean(bounds), { of: "shorter context", shown: "worst" }),
        values(measured: Measured) {
          const times = byContext((N) => measured.curves(of(imbalanced(N), "attention", "rare")).map(growth));
          const predicted = judged.map((N) => theoryDelay(measured, theory, N));
          if (Object.values(times).some((all) => all.includes(null)) || predicted.includes(null)) {
            return { unmeasured: "attention ½ is not reached in every replica" };
          }
          const delays = judged.map((N) => times[`N = ${N}`].map((time, r) => time! - times[`N = ${longest}`][r]!));
          return {
            values: Object.fromEntries(
              judged.map((N, i) => [`N = ${N}`, delays[i].map((delay) => delay / predicted[i]!)]),
            ),
            detail: `N = ${judged.join(", ")}: mean delays ${
              delays.map((all) => digits(mean(all))).join(", ")
            } steps, predicted ${predicted.map(digits).join(", ")}`,
          };
        },
      })
    ),
    ...(floor < 1e-3 ? [] : [claim({
      id: "floor",
      statement: "In short contexts the loss of rare queries ends on a floor, as some prompts lack the feature.",
      source: HERE,
      measure: `loss of rare queries at the last step over that of the exact theory, N = ${shortest}`,
      predicted: 1,
      expect: expect.ratio({ from: 0.85, to: 1.15 }),
      values(measured: Measured) {
        const loss = of(imbalanced(shortest), "loss", "rare");
        const [exact, first, limit] = [EXACT, FIRST, LIMIT].map((theory) => measured.theory(theory, loss).y.at(-1)!);
        const found = measured.last(loss);
        return {
          values: found.map((value) => value / exact),
          rivals: { [FIRST]: mean(found) / first, [LIMIT]: mean(found) / limit },
          detail: `exact ${digits(exact)}; without the feature ${digits(floor)} of the prompts, which cost ½ at least`,
        };
      },
    })]),
    claim({
      id: "noise",
      statement: "SGD noise spreads the target scores of like queries as derived.",
      source: HERE,
      measure:
        `root of the variance of Qₖₖ among like queries over the predicted variance, mean over reports from step ${early} on and over ` +
        `rare and balanced queries; contexts with 3/(N p) ≤ ${FIRST_ORDER} for rare queries`,
      predicted: 1,
      expect: expect.each(expect.ratio({ from: 0.8, to: 1.25 }), { of: "context length", shown: "worst" }),
      values(measured: Measured) {
        const roots = byContext((N) => {
          const kinds = ([["balanced", "balanced"], ["imbalanced", "rare"]] as const).map(([law, kind]) => {
            const variance = of(seriesOf(law, N), "variance", kind);
            const { x, y } = measured.theory(NOISE, variance);
            return measured.curves(variance).map((curve) =>
              mean(x.flatMap((step, i) => step < early ? [] : [curve.y[i] / y[i]]))
            );
          });
          return kinds[0].map((balanced, r) => Math.sqrt((balanced + kinds[1][r]) / 2));
        });
        const judged = Object.fromEntries(derivable.map((N) => [`N = ${N}`, roots[`N = ${N}`]]));
        const means = inWords({ [Object.keys(roots).join(", ")]: Object.values(roots).map((all) => mean(all)) });
        return { values: judged, detail: `means ${means}` };
      },
    }),
    claim({
      id: "conserved",
      statement: "SGD leaves the sum of the scores of every query where it was.",
      source: HERE,
      measure: "largest |Σ_m Q_mk| of any query at any report, of every replica of the main training",
      predicted: 0,
      expect: expect.mean({ to: 1e-3 }),
      values: (measured: Measured) => ({
        values: measured.replicas({ series: imbalanced(longest), quantity: "column sum" }).map((replica) =>
          Math.max(
            ...LAWS.flatMap((law) =>
              contexts.flatMap((N) => measured.curve({ series: seriesOf(law, N), quantity: "column sum" }, replica).y)
            ),
          )
        ),
      }),
    }),
  ];
}
