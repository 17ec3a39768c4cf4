/** Claims of the paper and of the theories, each with the criterion that its measurement is held to. */
import * as lab from "../../mod.ts";
import {
  axisAlong,
  COEFFICIENT,
  distanceTo,
  DMMSE,
  exactly,
  FEW_SEQUENCES,
  logOddsOf,
  lossOn,
  type Mixture,
  MIXTURES,
  poolName,
  restOf,
  RIDGE,
  type Setting,
  targetsOf,
  type Test,
  TRAJECTORIES,
  UNLIMITED,
} from "./setting.ts";

type Measured = lab.Measurements;
type Claim = lab.Claim<Measured>;
const { claim, expect } = lab;
const { differences, mean, standardDeviation } = lab.statistics;
const PAPER = "arXiv 2501.17745";
const HERE = "calculated apart from this project, from one draw of the tasks";
const [SEEN, NEW] = ["seen tasks", "new tasks"] as const;

/** Mean of each value and its neighbours, so that a minimum is not that of one report's noise. */
export function smoothed({ x, y }: lab.MeasuredCurve): lab.MeasuredCurve {
  return { x, y: y.map((_, at) => mean(y.slice(Math.max(0, at - 1), at + 2))) };
}

/** Where the smoothed loss on new tasks is lowest, and how far it has risen at the end, of every seed. */
export function turns(measured: Measured, M: number) {
  return measured.curves({ series: poolName(M), quantity: lossOn(NEW) }).map((curve) => {
    const { x, y } = smoothed(curve);
    const at = y.indexOf(Math.min(...y));
    return { step: x[at], at, lowest: y[at], rise: y[y.length - 1] / y[at] };
  });
}

/** Distance to dMMSE over distance to ridge at the end, on seen tasks, of every seed. */
export const nearness = (measured: Measured, M: number): number[] =>
  last(measured, M, distanceTo(DMMSE, SEEN)).map((distance, s) =>
    distance / last(measured, M, distanceTo(RIDGE, SEEN))[s]
  );

const last = (measured: Measured, M: number, quantity: string) => measured.last({ series: poolName(M), quantity });
const grouped = <T>(pools: readonly number[], of: (M: number) => T) =>
  Object.fromEntries(pools.map((M) => [poolName(M), of(M)]));
const inWords = (groups: Readonly<Record<string, number>>) =>
  Object.entries(groups).map(([name, value]) => `${name} ${lab.threeDigits(value)}`).join(", ");
const logDistance = (centre: number) => Math.log(centre);

/** Claims under a setting. */
export function claims(setting: Setting): Claim[] {
  const { pools, memorised, transient, general, steps, batch, variance, context } = setting;
  const below = pools.filter((M) => M < transient[0]).at(-1);
  const nearest = (id: string, statement: string, of: readonly number[], bounds: { from?: number; to?: number }) =>
    claim({
      id,
      statement,
      source: `${PAPER}, end of training by M`,
      measure: "mean square of the difference from dMMSE over that from ridge, at the end, on seen tasks",
      expect: expect.each(expect.ratio(bounds), {
        of: "pool",
        shown: "worst",
        distance: (c) => bounds.to ? logDistance(c) : -logDistance(c),
      }),
      values: (measured: Measured) => ({
        values: grouped(of, (M) => nearness(measured, M)),
        detail: inWords(grouped(pools, (M) => lab.statistics.geometricMean(nearness(measured, M)))),
      }),
    });
  const rise = (id: string, statement: string, of: readonly number[], bounds: { from?: number; to?: number }) =>
    claim({
      id,
      statement,
      source: `${PAPER}, loss on new tasks`,
      measure: "loss on new tasks at the end over its lowest, both means over neighbouring reports",
      expect: expect.each(expect.ratio(bounds), {
        of: "pool",
        shown: "worst",
        distance: (c) => bounds.to ? logDistance(c) : -logDistance(c),
      }),
      values: (measured: Measured) => ({
        values: grouped(of, (M) => turns(measured, M).map(({ rise }) => rise)),
        detail: `lowest at step (mean): ${
          inWords(grouped([...pools, Infinity], (M) => mean(turns(measured, M).map(({ step }) => step))))
        }; end over lowest ${
          inWords(
            grouped(
              [...pools, Infinity],
              (M) => lab.statistics.geometricMean(turns(measured, M).map(({ rise }) => rise)),
            ),
          )
        }`,
      }),
    });
  const coefficients = (measured: Measured, M: number) => last(measured, M, COEFFICIENT);
  const coefficientDetail = (measured: Measured) => {
    const all = [...pools, Infinity];
    const worst = Math.max(...all.flatMap((M) => last(measured, M, `${COEFFICIENT}, split R-hat`)));
    const warned =
      all.flatMap((M) => last(measured, M, `${COEFFICIENT}, warnings`)).filter((count) => count > 0).length;
    return `${inWords(grouped(all, (M) => mean(coefficients(measured, M))))}; largest split R-hat ${
      lab.threeDigits(worst)
    }, ${warned} estimates with a warning`;
  };
  /** Nothing is judged unless every seed of the pools has a coefficient at the end. */
  const withCoefficients = <V>(measured: Measured, of: readonly number[], found: () => V) => {
    const all = of.map((M) => coefficients(measured, M).length);
    if (all.some((count) => count === 0 || count < all[0])) return { unmeasured: "learning coefficients are missing" };
    return { values: found(), detail: coefficientDetail(measured) };
  };
  /** Loss of an exact predictor on the test prompts. */
  const exact = (measured: Measured, predictor: string, M: number, test: Test) =>
    measured.theory(predictor, { series: poolName(M), quantity: lossOn(test) }).y[0];
  const targets = targetsOf(setting);

  return [
    claim({
      id: "ridge-exact",
      statement: "Ridge regression loses on new tasks what was calculated for these sizes.",
      source: HERE,
      measure: "loss of ridge on new tasks over the target, of each pool's prompts",
      predicted: 1,
      expect: expect.mean({ from: 0.97, to: 1.03 }),
      values(measured: Measured) {
        if (targets === null) return { unmeasured: "no target is known for these sizes" };
        const losses = measured.last({ series: exactly(pools[0]), quantity: `${lossOn(NEW)}, ${RIDGE}` });
        return { values: losses.map((loss) => loss / targets.ridge), detail: `target ${targets.ridge}` };
      },
    }),
    claim({
      id: "dmmse-exact",
      statement:
        "dMMSE loses on seen and on new tasks what was calculated for these sizes, as far as one draw of the tasks tells.",
      source: HERE,
      measure: "mean over pools of the loss less the target, in standard deviations between pools",
      predicted: 0,
      expect: expect.each(expect.estimate({ from: -2.5, to: 2.5 }, "95 % interval over pools"), {
        of: "size and test",
        shown: "worst",
        distance: Math.abs,
      }),
      values(measured: Measured) {
        if (targets === null) return { unmeasured: "no target is known for these sizes" };
        const cases = ([[SEEN, targets.seen], [NEW, targets.fresh]] as const).flatMap(([test, known]) =>
          pools.filter((M) => M in known).map((M) => {
            const losses = measured.last({ series: exactly(M), quantity: `${lossOn(test)}, ${DMMSE}` });
            const deviation = standardDeviation(losses);
            const score = losses.map((loss) => (loss - known[M]) / deviation);
            return [`${poolName(M)}, ${test}`, {
              ...lab.statistics.meanInterval(score),
              replicas: losses.length,
              loss: mean(losses),
              target: known[M],
            }] as const;
          })
        );
        return {
          values: Object.fromEntries(cases),
          detail: cases.map(([name, { loss, target }]) => `${name}: ${lab.threeDigits(loss)} for ${target}`).join("; "),
        };
      },
    }),
    nearest("ends-at-dmmse", "Models of small pools end nearer dMMSE than ridge.", memorised, { to: 1 }),
    nearest("ends-at-ridge", "Models of large pools end nearer ridge than dMMSE.", general, { from: 1 }),
    rise("transient", "On pools of middle size the loss on new tasks falls, and then rises again.", transient, {
      from: 1.05,
    }),
    claim({
      id: "generalises-first",
      statement: "Where their loss on new tasks is lowest, models of middle pools are better on new tasks than dMMSE.",
      source: `${PAPER}, loss on new tasks`,
      measure: "lowest loss on new tasks, mean over neighbouring reports, over that of dMMSE on the same prompts",
      expect: expect.each(expect.ratio({ to: 0.9 }), { of: "pool", shown: "worst", distance: logDistance }),
      values: (measured: Measured) => ({
        values: grouped(
          transient,
          (M) => turns(measured, M).map(({ lowest }) => lowest / exact(measured, DMMSE, M, NEW)),
        ),
        detail: `ridge on the same prompts: ${lab.threeDigits(exact(measured, RIDGE, transient[0], NEW))}`,
      }),
    }),
    rise("no-turn-without-pool", "Without a pool the loss on new tasks does not rise again.", [Infinity], { to: 1.05 }),
    claim({
      id: "turns-before-the-end",
      statement: "On pools of middle size the loss on new tasks is lowest well before the end.",
      source: `${PAPER}, loss on new tasks`,
      measure: "seeds and pools whose smoothed loss on new tasks is lowest within the first three quarters of training",
      expect: expect.share({ atLeast: 0.75 }, "runs"),
      values: (measured: Measured) => ({
        values: transient.flatMap((M) => turns(measured, M).map(({ step }) => step <= 0.75 * steps)),
        detail: transient.map((M) => `${poolName(M)}: steps ${turns(measured, M).map(({ step }) => step).join(", ")}`)
          .join("; "),
      }),
    }),
    claim({
      id: "towards-dmmse",
      statement: "While the loss on new tasks rises, predictions on seen tasks leave ridge for dMMSE.",
      source: `${PAPER}, distances to both predictors`,
      measure:
        "distance to dMMSE over distance to ridge, on seen tasks, at the end over that where the loss on new tasks was lowest",
      expect: expect.each(expect.ratio({ to: 0.8 }), { of: "pool", shown: "worst", distance: logDistance }),
      values: (measured: Measured) => ({
        values: grouped(transient, (M) => {
          const at = turns(measured, M);
          const [pool, ridge] = [DMMSE, RIDGE].map((to) =>
            measured.curves({ series: poolName(M), quantity: distanceTo(to as typeof RIDGE, SEEN) })
          );
          return nearness(measured, M).map((end, s) => end * ridge[s].y[at[s].at] / pool[s].y[at[s].at]);
        }),
      }),
    }),
    claim({
      id: "two-components",
      statement: "Two components hold about a quarter of the variance of all trajectories.",
      source: `${PAPER}, joint trajectory PCA: 27.5 % (of many more pools and checkpoints)`,
      measure: "share of the variance of predictions in PC1 and PC2",
      predicted: 0.275,
      expect: expect.mean({ from: 0.2, to: 0.35 }),
      values(measured: Measured) {
        const shares = [0, 1].map((index) =>
          measured.last({ series: TRAJECTORIES, quantity: "share of the variance", index })
        );
        return {
          values: shares[0].map((first, s) => first + shares[1][s]),
          detail: `PC1 ${lab.threeDigits(mean(shares[0]))}, PC2 ${lab.threeDigits(mean(shares[1]))}`,
        };
      },
    }),
    claim({
      id: "pc2-is-the-axis",
      statement: "In the plane of PC1 and PC2 the axis from ridge to dMMSE lies along PC2.",
      source: `${PAPER}, joint trajectory PCA`,
      measure: "part of dMMSE less ridge along PC2, of its squared length in the plane",
      expect: expect.each(expect.mean({ from: 0.8 }), { of: "pool", shown: "worst", distance: (c) => -c }),
      values: (measured: Measured) => ({
        values: grouped(transient, (M) => {
          const [first, second] = [0, 1].map((k) => last(measured, M, axisAlong(k)));
          return second.map((share, s) => share / (share + first[s]));
        }),
        detail: `squared cosines with PC1 and PC2: ${
          transient.map((M) =>
            `${poolName(M)} ${[0, 1].map((k) => lab.threeDigits(mean(last(measured, M, axisAlong(k))))).join(" and ")}`
          ).join("; ")
        }`,
      }),
    }),
    claim({
      id: "few-prompts-do",
      statement: `Trajectories are the same with predictions on ${FEW_SEQUENCES} prompts.`,
      source: `${PAPER}, insensitive for 16 prompts and more`,
      measure:
        `correlation, over pools and checkpoints, of PC2 with the one found from ${FEW_SEQUENCES} prompts, without its sign`,
      expect: expect.mean({ from: 0.9 }),
      values: (measured: Measured) => ({
        values: measured.last({
          series: TRAJECTORIES,
          quantity: `correlation of PC2 with that of ${FEW_SEQUENCES} prompts`,
        }),
      }),
    }),
    claim({
      id: "coefficient-rises",
      statement: "The learning coefficient at the end rises with the size of a small pool.",
      source: `${PAPER}, learning coefficients`,
      measure: `learning coefficient at the end, M = ${pools.filter((M) => M <= transient[0]).join(", ")}`,
      expect: expect.ordered("rising", "M"),
      values: (measured: Measured) => {
        const small = pools.filter((M) => M <= transient[0]);
        return withCoefficients(measured, small, () => grouped(small, (M) => coefficients(measured, M)));
      },
    }),
    claim({
      id: "coefficient-crosses",
      statement:
        "The learning coefficient exceeds that of M = ∞ for the smallest transient pool, and does not for smaller pools.",
      source: `${PAPER}, learning coefficients`,
      measure: `coefficient of ${UNLIMITED} less that of M = ${below}; coefficient of M = ${
        transient[0]
      } less that of ${UNLIMITED}`,
      expect: expect.each(expect.mean({ from: 0 }), { of: "side", shown: "worst", distance: (c) => -c }),
      values(measured: Measured) {
        if (below === undefined) return { unmeasured: "no pool is below the transient ones" };
        return withCoefficients(measured, [below, transient[0], Infinity], () => {
          const [small, middle, limit] = [below, transient[0], Infinity].map((M) => coefficients(measured, M));
          return {
            below: differences(limit, small),
            above: differences(middle, limit),
          };
        });
      },
    }),
    claim({
      id: "coefficient-plateau",
      statement: "Above M = 32 the learning coefficient no longer rises with the size of the pool.",
      source: `${PAPER}, learning coefficients`,
      measure: "coefficient of the largest pool less that of the smallest one above 32, over the mean of the latter",
      expect: expect.mean({ from: -0.25, to: 0.25 }),
      values(measured: Measured) {
        const large = pools.filter((M) => M > 32);
        if (large.length < 2) return { unmeasured: "expected two pools above M = 32" };
        return withCoefficients(measured, large, () => {
          const [first, end] = [large[0], large[large.length - 1]].map((M) => coefficients(measured, M));
          return end.map((value, s) => (value - first[s]) / Math.abs(mean(first)));
        });
      },
    }),
    claim({
      id: "free-energies",
      statement: "The loss on new tasks is lowest when the free energies of ridge and dMMSE are equal.",
      source: `${PAPER}, selection rule, taken at its word`,
      measure: "prompts seen where the loss on new tasks is lowest, over n with ln(n)/n = −Δℓ/Δλ",
      predicted: 1,
      expect: expect.each(expect.ratio({ from: 1 / 3, to: 3 }), { of: "pool", shown: "worst" }),
      values(measured: Measured) {
        const found = withCoefficients(measured, [...transient, Infinity], () => null);
        if ("unmeasured" in found) return found;
        const predicted = grouped(transient, (M) => {
          const gain = context * (exact(measured, RIDGE, M, SEEN) - exact(measured, DMMSE, M, SEEN)) / (2 * variance);
          const extra = mean(coefficients(measured, M)) - mean(coefficients(measured, Infinity));
          return gain > 0 ? lab.selectionSize(gain, extra) : null;
        });
        const none = Object.entries(predicted).find(([, n]) => n === null);
        if (none) return { unmeasured: `by the rule dMMSE is preferred from the start at ${none[0]}; ${found.detail}` };
        return {
          values: grouped(
            transient,
            (M) => turns(measured, M).map(({ step }) => Math.max(1, step) * batch / predicted[poolName(M)]!),
          ),
          detail: `n = ${inWords(predicted as Record<string, number>)}; ${found.detail}`,
        };
      },
    }),
    ...MIXTURES.map((kind) => mixtureClaim(kind, transient)),
    claim({
      id: "odds-rise",
      statement: "The odds of dMMSE in the fixed mixture rise while the loss on new tasks does.",
      source: "predictions as a posterior-weighted mixture of both predictors",
      measure: "log odds at the end less those where the loss on new tasks is lowest, nats",
      expect: expect.each(expect.mean({ from: 0 }), { of: "pool", shown: "worst", distance: (c) => -c }),
      values: (measured: Measured) => ({
        values: grouped(transient, (M) => {
          const at = turns(measured, M);
          return measured.curves({ series: poolName(M), quantity: logOddsOf("fixed") }).map(({ y }, s) =>
            y[y.length - 1] - y[at[s].at]
          );
        }),
      }),
    }),
    claim({
      id: "odds-fall-with-M",
      statement: "The larger the pool, the smaller are the odds of dMMSE in the fixed mixture at the end.",
      source: "predictions as a posterior-weighted mixture of both predictors",
      measure: "log odds at the end, nats",
      expect: expect.ordered("falling", "M"),
      values: (measured: Measured) => ({
        values: grouped(pools, (M) => last(measured, M, logOddsOf("fixed"))),
        detail: inWords(grouped(pools, (M) => mean(last(measured, M, logOddsOf("fixed"))))),
      }),
    }),
  ];
}

/** A mixture fitted on seen tasks, tried on new ones. */
function mixtureClaim(kind: Mixture, transient: readonly number[]): Claim {
  const against = (measured: Measured, M: number, kind: Mixture) =>
    last(measured, M, restOf(kind, NEW)).map((rest, s) =>
      rest / Math.min(...[RIDGE, DMMSE].map((to) => last(measured, M, distanceTo(to as typeof RIDGE, NEW))[s]))
    );
  const other = kind === "fixed" ? "posterior" : "fixed";
  return claim({
    id: `${kind}-mixture`,
    statement: kind === "fixed"
      ? "A mixture of dMMSE and ridge with one weight, fitted on seen tasks, is nearer to predictions on new tasks than either is."
      : "The mixture of dMMSE and ridge by each prompt's evidence, fitted on seen tasks, is nearer to predictions on new tasks than either is.",
    source: "predictions as a posterior-weighted mixture of both predictors",
    measure:
      "mean square that the mixture leaves on new tasks at the end, over the distance to the nearer of both predictors",
    expect: expect.each(expect.ratio({ to: 0.9 }), { of: "pool", shown: "worst", distance: logDistance }),
    values: (measured: Measured) => ({
      values: grouped(transient, (M) => against(measured, M, kind)),
      detail: `by the ${other} mixture: ${
        inWords(grouped(transient, (M) => lab.statistics.geometricMean(against(measured, M, other))))
      }`,
    }),
  });
}
