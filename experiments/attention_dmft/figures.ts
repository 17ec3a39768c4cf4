/** Figures. Titles say what is shown, not what came out. */
import * as lab from "../../mod.ts";
import { regimesAt, sweepExponents } from "./claims.ts";
import {
  DIAGRAM_POINTS,
  DIAGRAM_STEPS,
  DRAWN,
  ERROR_BETAS,
  FIVE,
  GAMMA,
  GAMMAS,
  gridOf,
  HISTOGRAM_BETAS,
  HORIZON_BETA,
  NOISE,
  ofBeta,
  ofGamma,
  ofMap,
  ofSpins,
  PLACELESS,
  REFERENCES,
  type Setting,
  type Sweep,
  UNIFORM,
  WEIGHTS_BETAS,
  WIDE,
  ZOOM,
} from "./options.ts";

const SETUP = "γ = 127, ε = 0.02, the authors' weights";
/** Points of an orbit that the bifurcation diagram has at each β. */
const DRAWN_POINTS = 16;
const BETA = { title: "inverse temperature β" };

/** All figures by file name. */
export function figures(measured: lab.Measurements, setting: Setting): Record<string, lab.Spec | null> {
  const { replicas, spins, "histogram-spins": soft, "error-steps": last } = setting;
  const exponents = (sweep: Sweep): lab.MeasuredCurve[] => {
    const x = gridOf(sweep, setting);
    return sweepExponents(measured, sweep).map((y) => ({ x, y }));
  };
  /** Orbit points of the first start at every β, those that look alike once. */
  const diagram = ({ series, ...sweep }: Sweep) =>
    gridOf({ series, ...sweep }, setting).flatMap((beta, index) => {
      const { y } = measured.curve({ series, quantity: "feature", index }, 0);
      return [...new Set(y.slice(-DRAWN_POINTS).map((value) => Math.round(value * 500) / 500))].map((value) => ({
        x: beta,
        y: value,
      }));
    });
  const name = (sweep: Sweep) => sweep.series;
  const errors = (N: number, beta: number, gamma?: number) => {
    return { series: ofSpins(N, beta, gamma), quantity: "error" };
  };
  /** The authors' sharpness at two β, and softer attention at one. */
  const compared = [
    ...ERROR_BETAS.map((beta) => ({ name: ofBeta(beta), beta, gamma: GAMMA, sizes: spins })),
    ...GAMMAS.filter((gamma) => gamma !== GAMMA).toReversed()
      .map((gamma) => ({ name: `${ofBeta(3)}, ${ofGamma(gamma)}`, beta: 3, gamma, sizes: soft })),
  ];
  const visible = ({ x, y }: lab.MeasuredCurve) => ({
    x: x.filter((_, index) => y[index] < 1),
    y: y.filter((value) => value < 1),
  });
  const histogram = (series: string) => measured.last({ series, quantity: "distance of histograms" });
  const wilson: lab.BandDefinition = {
    words: "95 % interval (Wilson) of the share",
    of: (values) => lab.statistics.wilsonInterval(lab.statistics.mean(values), values.length),
  };
  return {
    bifurcations: lab.scatterPlot({
      title: "Where attention that feeds itself goes: orbits of the map against β",
      setup: `${SETUP}; ${DRAWN_POINTS} steps from step ${
        2 * setting["grid-steps"] - DIAGRAM_STEPS + DIAGRAM_POINTS - DRAWN_POINTS
      } on, one start`,
      dots: { [name(WIDE)]: diagram(WIDE), [name(ZOOM)]: diagram(ZOOM) },
      x: BETA,
      y: { title: "first output feature" },
      panels: 1,
      height: 260,
      size: 5,
    }),
    exponents: lab.multiples({
      title: "Largest Lyapunov exponent against β",
      setup: "above 0: chaos; at 0: quasi-periodic; below: a cycle",
      panels: [WIDE, ZOOM, PLACELESS, UNIFORM, FIVE].map((sweep) => ({
        title: name(sweep),
        lines: { "starts at random": exponents(sweep) },
      })),
      columns: 1,
      x: BETA,
      y: { title: "exponent per step", domain: [-0.3, 0.25] },
      rules: [{ y: 0 }],
    }),
    orbits: lab.scatterPlot({
      title: "Orbits on a torus, in chaos and in a cycle",
      setup: `${SETUP}; 500 steps of one start`,
      dots: Object.fromEntries(DRAWN.map((beta) => {
        const [first, second] = [0, 1].map((index) =>
          measured.curve({ series: ofBeta(beta), quantity: "output", index }, 0).y
        );
        return [ofBeta(beta), first.map((x, step) => ({ x, y: second[step] }))];
      })),
      x: { title: "output A₁" },
      y: { title: "output A₂" },
      panels: 2,
      size: 12,
    }),
    precisions: lab.bars({
      title: "Largest Lyapunov exponents in double and in single precision",
      setup: `${SETUP}; ${setting.steps} steps after ${setting.transient}`,
      values: Object.fromEntries([["double", "exponent"], ["single", "exponent, single precision"]].map((
        [group, quantity],
      ) => [
        group,
        Object.fromEntries(REFERENCES.map(({ beta }) => [
          ofBeta(beta),
          measured.last({ series: ofBeta(beta), quantity, ...(group === "double" && { index: 0 }) }),
        ])),
      ])),
      by: "precision",
      band: "interval95",
      y: { title: "exponent per step" },
    }),
    random_weights: lab.points({
      title: "Regimes of random weights",
      setup: `${setting.weights} draws of weights; γ = 127, ε = 0.02`,
      lines: Object.fromEntries(lab.REGIMES.map((regime) => [
        regime,
        WEIGHTS_BETAS.map((beta) => ({
          x: beta,
          values: regimesAt(measured, beta).map((one) => Number(one === regime)),
        })),
      ])),
      by: "regime",
      band: wilson,
      x: BETA,
      y: { title: "share of weights", domain: [0, 1] },
    }),
    errors: lab.points({
      title: `Error of N spins after ${last} steps, against N`,
      setup: "ε = 0.02, the authors' weights and start; γ = 127 where nothing else is said; bars moved aside by group",
      lines: Object.fromEntries(compared.map(({ name, beta, gamma, sizes }, index) => [
        name,
        sizes.map((N) => ({ x: N * 1.12 ** index, values: measured.last(errors(N, beta, gamma)) })),
      ])),
      theory: {
        [NOISE]: Object.fromEntries(compared.map(({ name, beta, gamma, sizes }) => [
          name,
          { x: sizes, y: sizes.map((N) => measured.theory(NOISE, errors(N, beta, gamma)).y.at(-1)!) },
        ])),
      },
      by: "system",
      band: "central90",
      x: { title: "spins N of a token", scale: "log" },
      y: { title: "rms error of A", scale: "log" },
    }),
    horizon: lab.curves({
      title: "Growth of the error of N spins in chaos",
      setup: `${SETUP}, β = ${HORIZON_BETA}; starts on the attractor`,
      lines: Object.fromEntries(spins.map((N) => [`N = ${N}`, measured.curves(errors(N, HORIZON_BETA))])),
      theory: {
        [NOISE]: Object.fromEntries(spins.map((N) => [
          `N = ${N}`,
          visible(measured.theory(NOISE, errors(N, HORIZON_BETA))),
        ])),
      },
      by: "spins of a token",
      band: "central90",
      x: { title: "step" },
      y: { title: "rms error of A", scale: "log" },
    }),
    histograms: lab.points({
      title: "Law of the first output feature: N spins against the map",
      setup: `${setting["histogram-steps"]} steps each; dotted: as many steps of the map itself, in chaos at β = 1.4`,
      lines: Object.fromEntries(HISTOGRAM_BETAS.map((beta) => [
        ofBeta(beta),
        setting["histogram-spins"].map((N) => ({ x: N, values: histogram(ofSpins(N, beta)) })),
      ])),
      by: "β",
      x: { title: "spins N of a token", scale: "log" },
      y: { title: "total variation of histograms", domain: [0, 1] },
      rules: [{ y: lab.statistics.mean(histogram(ofMap(1.4))) }],
      ...(replicas > 2 && { band: "interval95" as const }),
    }),
  };
}
