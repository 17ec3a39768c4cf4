/** Claims of the paper and of linear theory, and some on random weights and finite N, each with its criterion. */
import * as lab from "../../mod.ts";
import {
  ERROR_BETAS,
  GAMMAS,
  gridOf,
  HORIZON_BETA,
  NOISE,
  ofBeta,
  ofGamma,
  ofMap,
  ofSpins,
  ofWeights,
  PLACELESS,
  REFERENCES,
  type Setting,
  SOFT,
  type Sweep,
  UNIFORM,
  WEIGHTS_BETAS,
  WIDE,
  ZOOM,
} from "./options.ts";

const { expect, statistics: { mean } } = lab;

const PAPER = "arXiv 2406.07247, bifurcation diagrams and trajectories";
const DERIVED = "derived here";
const UNASKED = "not in the paper, which shows one draw of weights";

/** An orbit wider than this follows more than its positions, which move the first feature by 0.002. */
const WIDE_ORBIT = 0.02;
/** Error at which an orbit of N spins has lost its map. */
const LOST = 0.1;

const measured3 = (value: number) => value.toPrecision(3);
const exponent = (beta: number, index = 0): lab.Quantity => ({ series: ofBeta(beta), quantity: "exponent", index });
/** Values at each of some inverse temperatures. */
const at = <V>(betas: readonly number[], of: (beta: number) => V): Record<string, V> =>
  Object.fromEntries(betas.map((beta) => [ofBeta(beta), of(beta)]));

/** Largest exponents of a sweep (starts, β). */
export function sweepExponents(measured: lab.Measurements, { series }: Sweep): number[][] {
  const perBeta = measured.places({ series, quantity: "exponent" })
    .map((place) => measured.last({ series, quantity: "exponent", ...place }));
  return (perBeta[0] ?? []).map((_, start) => perBeta.map((values) => values[start]));
}

/** First β of the zoom at which an orbit is wider than what positions alone move, of each start that has one. */
export function onsets(measured: lab.Measurements, setting: Setting): number[] {
  const grid = gridOf(ZOOM, setting);
  const widths = grid.map((_, index) => measured.last({ series: ZOOM.series, quantity: "width", index }));
  return (widths[0] ?? []).flatMap((_, start) => {
    const first = widths.findIndex((values) => values[start] > WIDE_ORBIT);
    return first < 0 ? [] : [grid[first]];
  });
}

/** Regimes of a series' orbits, from their largest exponents and their periods. */
function regimesOf(measured: lab.Measurements, series: string, index?: number): lab.Regime[] {
  const periods = measured.last({ series, quantity: "period" });
  return measured.last({ series, quantity: "exponent", index }).map((value, r) => lab.regimeOf(value, periods[r]));
}

/** Regimes of random weights at an inverse temperature. */
export const regimesAt = (measured: lab.Measurements, beta: number): lab.Regime[] =>
  regimesOf(measured, ofWeights(beta));

/** First step at which the error of each replica is above {@linkcode LOST}; null of one that never is. */
export function horizons(measured: lab.Measurements, spins: number): (number | null)[] {
  return measured.curves({ series: ofSpins(spins, HORIZON_BETA), quantity: "error" })
    .map(({ x, y }) => x[y.findIndex((error) => error > LOST)] ?? null);
}

/** Numbers of spins at which linear theory can hold. */
const many = ({ spins }: Setting) => spins.filter((N) => N >= 3000);

/** All claims. */
export function claims(setting: Setting): readonly lab.Claim<lab.Measurements>[] {
  const { spins, replicas, "error-steps": last } = setting;
  const [fewest, most] = [spins[0], spins[spins.length - 1]];
  const cycles = REFERENCES.filter(({ period }) => period !== undefined && period > 4);
  const periodOf = (beta: number) => REFERENCES.find((one) => one.beta === beta)!.period;
  const error = (N: number, beta: number, gamma?: number) => {
    return { series: ofSpins(N, beta, gamma), quantity: "error" };
  };
  const predicted = (measured: lab.Measurements, N: number, beta: number, gamma?: number) =>
    measured.theory(NOISE, error(N, beta, gamma)).y;
  /** Slopes against ln N of ln error, meant over the last half of the steps. */
  const slopes = (measured: lab.Measurements, sizes: readonly number[], gamma?: number) => (beta: number) => {
    const errors = sizes.map((N) =>
      measured.curves(error(N, beta, gamma)).map(({ y }) => mean(y.slice(y.length / 2).map(Math.log)))
    );
    return errors[0].map((_, r) => lab.statistics.slope(sizes.map(Math.log), errors.map((values) => values[r])));
  };
  /** Squared error over the predicted one, meant over steps, of each replica. */
  const overPredicted = (measured: lab.Measurements, N: number, beta: number, gamma?: number) => {
    const expected = predicted(measured, N, beta, gamma);
    return measured.curves(error(N, beta, gamma)).map(({ y }) =>
      mean(y.map((value, step) => (value / expected[step]) ** 2))
    );
  };
  const [fewestSoft] = setting["histogram-spins"];
  const largestAlong = (measured: lab.Measurements, sweep: Sweep) =>
    sweepExponents(measured, sweep).map((exponents) => Math.max(...exponents));
  return [
    lab.claim({
      id: "follows-positions",
      statement: "At β = 1 and 1.2 the network only follows its positions, in a cycle of four steps.",
      source: PAPER,
      measure: "the period is 4",
      expect: expect.each(expect.every("starts"), { of: "β", shown: "mean" }),
      values: (measured: lab.Measurements) => ({
        values: at(
          [1, 1.2],
          (beta) => measured.last({ series: ofBeta(beta), quantity: "period" }).map((period) => period === 4),
        ),
      }),
    }),
    lab.claim({
      id: "onset",
      statement: "Other motion begins at β = 1.243, where the cycle that follows positions loses its linear stability.",
      source: `${PAPER} (near 1.24); exact value ${DERIVED}`,
      measure: `first β of the zoom at which the first feature moves by more than ${WIDE_ORBIT}`,
      expect: expect.mean({ from: 1.2414, to: 1.2454 }),
      values: (measured) => {
        const values = onsets(measured, setting);
        if (values.length < replicas) return { unmeasured: "some starts stay on the cycle over the whole zoom" };
        return {
          values,
          predicted: measured.theory("linear stability", { series: ZOOM.series, quantity: "onset" }).y[0],
        };
      },
    }),
    lab.claim({
      id: "quasi-periodic",
      statement: "At β = 1.255 motion is quasi-periodic: the largest exponent is 0.",
      source: PAPER,
      measure: "largest Lyapunov exponent at β = 1.255",
      predicted: 0,
      expect: expect.mean({ from: -0.001, to: 0.001 }),
      values: (measured) => ({
        values: measured.last(exponent(1.255)),
        detail: `second exponent ${measured3(mean(measured.last(exponent(1.255, 1))))}`,
      }),
    }),
    lab.claim({
      id: "chaos",
      statement: "At β = 1.266, 1.28 and 1.4 motion is chaotic.",
      source: PAPER,
      measure: "largest Lyapunov exponent",
      expect: expect.each(expect.mean({ from: 0.02 }), { of: "β", shown: "mean" }),
      values: (measured) => ({
        values: at([1.266, 1.28, 1.4], (beta) => measured.last(exponent(beta))),
        detail: [1.266, 1.28, 1.4].map((beta) => {
          const dimension = mean(measured.last({ series: ofBeta(beta), quantity: "dimension" }));
          return `β = ${beta}: ${measured3(mean(measured.last(exponent(beta))))}, Kaplan–Yorke dimension ${
            measured3(dimension)
          }`;
        }).join("; "),
      }),
    }),
    lab.claim({
      id: "cycles",
      statement: "At β = 1.26451, 1.27 and 3 most starts end in cycles of 44, 28 and 24 steps.",
      source: `${PAPER}; periods calculated for this project`,
      measure: "the period is that of the authors' start",
      expect: expect.each(expect.share({ atLeast: 0.5 }, "starts"), { of: "β", shown: "mean" }),
      values: (measured) => ({
        values: Object.fromEntries(cycles.map(({ beta }) => [
          ofBeta(beta),
          measured.last({ series: ofBeta(beta), quantity: "period" }).map((period) => period === periodOf(beta)),
        ])),
        detail: cycles.map(({ beta }) =>
          `β = ${beta}: periods ${measured.last({ series: ofBeta(beta), quantity: "period" }).join(", ")}`
        ).join("; "),
      }),
    }),
    lab.claim({
      id: "order-of-regimes",
      statement:
        "As β rises, regimes come in the authors' order: a cycle of positions, a torus, a longer cycle, chaos, " +
        "a cycle within chaos, chaos, a longer cycle.",
      source: `${PAPER}; regimes calculated for this project`,
      measure: "the regime is that of the authors' start",
      expect: expect.each(expect.share({ atLeast: 0.5 }, "starts"), { of: "β", shown: "mean" }),
      values: (measured) => ({
        values: Object.fromEntries(REFERENCES.map(({ beta, regime }) => [
          ofBeta(beta),
          regimesOf(measured, ofBeta(beta), 0).map((one) => one === regime),
        ])),
        detail: REFERENCES.map(({ beta }) =>
          `β = ${beta}: ${[...new Set(regimesOf(measured, ofBeta(beta), 0))].join(" or ")}`
        ).join("; "),
      }),
    }),
    lab.claim({
      id: "exponents",
      statement: "Largest exponents from starts at random are those of one long orbit from the authors' start.",
      source: "one orbit of a separate implementation",
      measure: "largest Lyapunov exponent minus that of the long orbit",
      predicted: 0,
      expect: expect.each(expect.mean({ from: -0.02, to: 0.02 }), {
        of: "β",
        shown: "worst",
        distance: Math.abs,
      }),
      values: (measured) => ({
        values: Object.fromEntries(REFERENCES.map(({ beta, exponent: reference }) => [
          ofBeta(beta),
          measured.last(exponent(beta)).map((value) => value - reference),
        ])),
        detail: REFERENCES.map(({ beta, exponent: reference }) =>
          `β = ${beta}: ${mean(measured.last(exponent(beta))).toFixed(4)} (${reference})`
        ).join("; "),
      }),
    }),
    lab.claim({
      id: "spread",
      statement: "The first output feature spreads as it does on one long orbit from the authors' start.",
      source: "one orbit of a separate implementation",
      measure: "standard deviation of the first feature over that of the long orbit",
      predicted: 1,
      expect: expect.each(expect.ratio({ from: 0.9, to: 1.1 }), { of: "β", shown: "worst" }),
      values: (measured) => ({
        values: Object.fromEntries(
          REFERENCES.filter(({ deviation }) => deviation !== undefined).map((one) => [
            ofBeta(one.beta),
            measured.last({ series: ofBeta(one.beta), quantity: "standard deviation" }).map((s) => s / one.deviation!),
          ]),
        ),
      }),
    }),
    lab.claim({
      id: "attention-needed",
      statement: "With uniform attention (γ = 0) there is no chaos at any β up to 3.",
      source: `control, ${DERIVED}`,
      measure: "largest exponent over all β up to 3, with γ = 0",
      expect: expect.mean({ to: 0.005 }),
      values: (measured) => ({
        values: largestAlong(measured, UNIFORM),
        detail: `with γ = 127: ${measured3(mean(largestAlong(measured, WIDE)))}`,
      }),
    }),
    lab.claim({
      id: "positions-not-needed",
      statement: "Without positions (ε = 0) there is chaos all the same.",
      source: `control, ${DERIVED}`,
      measure: "largest exponent over all β up to 3, with ε = 0",
      expect: expect.mean({ from: 0.02 }),
      values: (measured) => ({ values: largestAlong(measured, PLACELESS) }),
    }),
    lab.claim({
      id: "chaos-uncommon",
      statement: "Most random weights are chaotic at none of nine β up to 3: the authors' draw is not typical.",
      source: UNASKED,
      measure: "share of random weights that are chaotic at some β",
      expect: expect.share({ atMost: 0.5 }, "weights"),
      values: (measured) => {
        const all = WEIGHTS_BETAS.map((beta) => regimesAt(measured, beta));
        const ever = (regime: lab.Regime) => all[0].map((_, index) => all.some((one) => one[index] === regime));
        return {
          values: ever("chaotic"),
          detail: lab.REGIMES.slice(1).map((regime) => {
            const holds = ever(regime);
            const part = holds.filter(Boolean).length / holds.length;
            const { low, high } = lab.statistics.wilsonInterval(part, holds.length);
            return `${regime} at some β: ${measured3(part)} [${measured3(low)}, ${measured3(high)}]`;
          }).join("; "),
        };
      },
    }),
    lab.claim({
      id: "noise-exponent",
      statement: "Where the map cycles, the error of N spins falls as N to the power −½, from N = 3000 on.",
      source: "sampling noise of N spins",
      measure: `slope against ln N, N ≥ 3000, of ln error, meant over the last half of ${last} steps`,
      predicted: -0.5,
      expect: expect.each(expect.mean({ from: -0.6, to: -0.4 }), { of: "β", shown: "worst" }),
      values: (measured) => {
        const sizes = many(setting);
        if (sizes.length < 2) return { unmeasured: "fewer than two N from 3000 on" };
        return { values: at(ERROR_BETAS, slopes(measured, sizes)) };
      },
    }),
    lab.claim({
      id: "noise-theory",
      statement: "At the largest N the error is what linear theory of sampling noise predicts.",
      source: `linear noise theory, ${DERIVED}`,
      measure: "squared error over the predicted one, meant over steps, at the largest N",
      predicted: 1,
      expect: expect.each(expect.mean({ from: 0.7, to: 1.3 }), { of: "β", shown: "worst" }),
      values: (measured) => ({
        values: at(ERROR_BETAS, (beta) => overPredicted(measured, most, beta)),
        detail: ERROR_BETAS.map((beta) => {
          const rms = (N: number) => Math.sqrt(mean(measured.last(error(N, beta)).map((value) => value ** 2)));
          const list = spins.map((N) => `${measured3(rms(N))} (${measured3(predicted(measured, N, beta).at(-1)!)})`);
          return `β = ${beta}, N = ${spins.join(", ")}, after ${last} steps, predicted in brackets: ${list.join(", ")}`;
        }).join("; "),
      }),
    }),
    lab.claim({
      id: "few-spins-fail",
      statement:
        "At N = 300 and β = 3 sharp attention turns sampling noise into errors that linear theory does not know.",
      source: "seen with a separate implementation",
      measure: `squared error over the predicted one after ${last} steps, at the smallest N and β = 3`,
      expect: expect.mean({ from: 4 }),
      values: (measured) => {
        const expected = predicted(measured, fewest, 3).at(-1)!;
        return { values: measured.last(error(fewest, 3)).map((value) => (value / expected) ** 2) };
      },
    }),
    lab.claim({
      id: "soft-noise-exponent",
      statement:
        "With softer attention (γ = 1.27) the error of N spins falls as N to the power −½ from the smallest N on.",
      source: `${DERIVED}: γ/√N, the noise of scores, is small at every N`,
      measure:
        `slope against ln N, N = ${setting["histogram-spins"].join(", ")}, of ln error, meant over the last half ` +
        `of ${last} steps`,
      predicted: -0.5,
      expect: expect.each(expect.mean({ from: -0.6, to: -0.4 }), { of: "β", shown: "worst" }),
      values: (measured) => ({ values: at(ERROR_BETAS, slopes(measured, setting["histogram-spins"], SOFT)) }),
    }),
    lab.claim({
      id: "soft-noise-theory",
      statement: "With softer attention (γ = 1.27) the error is what linear theory predicts already at the smallest N.",
      source: `linear noise theory, ${DERIVED}`,
      measure: `squared error over the predicted one, meant over steps, at N = ${fewestSoft}`,
      predicted: 1,
      expect: expect.each(expect.mean({ from: 0.7, to: 1.3 }), { of: "β", shown: "worst" }),
      values: (measured) => ({ values: at(ERROR_BETAS, (beta) => overPredicted(measured, fewestSoft, beta, SOFT)) }),
    }),
    lab.claim({
      id: "sharpness-fails",
      statement: "The sharper attention is, the farther few spins are from linear theory.",
      source: `a reading of why N = 300 fails; ${DERIVED}`,
      measure: `squared error over the predicted one, meant over steps, at N = ${fewestSoft} and β = 3`,
      expect: expect.ordered("rising", "sharpness γ"),
      values: (measured) => {
        const values = Object.fromEntries(
          GAMMAS.map((gamma) => [ofGamma(gamma), overPredicted(measured, fewestSoft, 3, gamma)]),
        );
        return {
          values,
          detail: `means ${Object.values(values).map((all) => measured3(mean(all))).join(", ")}; at β = 1 ${
            GAMMAS.map((gamma) => measured3(mean(overPredicted(measured, fewestSoft, 1, gamma)))).join(", ")
          }`,
        };
      },
    }),
    lab.claim({
      id: "horizon",
      statement:
        "In chaos (β = 1.28) the map predicts N spins for a time that grows as ln N over twice the largest exponent.",
      source: `exponential growth of sampling noise, ${DERIVED}`,
      measure:
        `slope against ln N, N ≥ 3000, of the step at which the error passes ${LOST}, times twice the largest exponent`,
      predicted: 1,
      expect: expect.mean({ from: 0.7, to: 1.4 }),
      values: (measured) => {
        const sizes = many(setting);
        if (sizes.length < 2) return { unmeasured: "fewer than two N from 3000 on" };
        const rate = 2 * mean(measured.last(exponent(HORIZON_BETA)));
        const steps = sizes.map((N) => horizons(measured, N));
        if (steps.some((all) => all.includes(null))) return { unmeasured: "some orbits never lose their map" };
        return {
          values: steps[0].map((_, r) => rate * lab.statistics.slope(sizes.map(Math.log), steps.map((all) => all[r]!))),
          detail: spins.map((N) => `N = ${N}: ${mean(horizons(measured, N) as number[]).toFixed(1)} steps`).join("; "),
        };
      },
    }),
    ...([
      [
        "window-lost",
        1.27,
        { from: 0.2 },
        "Sampling noise washes out the 28-cycle at β = 1.27, at the largest N too.",
      ],
      ["chaos-kept", 1.4, { to: 0.15 }, "Chaos at β = 1.4 has the law of the map at the largest N."],
    ] as const).map(([id, beta, bounds, statement]) => {
      const sizes = setting["histogram-spins"];
      const distance = (series: string) => ({ series, quantity: "distance of histograms" });
      return lab.claim({
        id,
        statement,
        source: `finite N, ${DERIVED}`,
        measure: `total variation between histograms of N spins and of the map at β = ${beta}, N = ${sizes.at(-1)}`,
        expect: expect.mean(bounds),
        values: (measured: lab.Measurements) => ({
          values: measured.last(distance(ofSpins(sizes.at(-1)!, beta))),
          detail: [
            ...sizes.map((N) => `N = ${N}: ${measured3(mean(measured.last(distance(ofSpins(N, beta)))))}`),
            `as many steps of the map itself: ${measured3(mean(measured.last(distance(ofMap(beta)))))}`,
          ].join("; "),
        }),
      });
    }),
    lab.claim({
      id: "single-precision",
      statement:
        "Single precision gives the exponents of double precision, although chaotic orbits part within hundreds of steps.",
      source: DERIVED,
      measure: "largest exponent in single precision minus that in double precision",
      predicted: 0,
      expect: expect.each(expect.mean({ from: -0.02, to: 0.02 }), { of: "β", shown: "worst", distance: Math.abs }),
      values: (measured) => {
        const single = (beta: number) =>
          measured.last({ series: ofBeta(beta), quantity: "exponent, single precision" });
        const parted = (beta: number) =>
          measured.last({ series: ofBeta(beta), quantity: "steps until precisions part" });
        return {
          values: at(REFERENCES.map(({ beta }) => beta), (beta) => {
            const double = measured.last(exponent(beta));
            return single(beta).map((value, start) => value - double[start]);
          }),
          detail: REFERENCES.filter(({ beta }) => parted(beta).length > 0)
            .map(({ beta }) =>
              `β = ${beta}: ${parted(beta).length} of ${replicas} part, after ${mean(parted(beta)).toFixed(0)} steps`
            )
            .join("; "),
        };
      },
    }),
  ];
}
