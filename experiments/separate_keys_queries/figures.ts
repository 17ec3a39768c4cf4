/** Figures. Titles say what is shown, not what came out. */
import * as lab from "../../mod.ts";
import { noisyWait, plateauRank, randomRatios, waitOfFlow, waits } from "./claims.ts";
import { FEW, noisy, problemOf, ranked, type Setting, waiting } from "./setting.ts";

/** Seeds that are drawn one by one; those that have a panel each. */
const [DRAWN, PANELS] = [3, 2];

/** All figures by file name. */
export function figures(measured: lab.Measurements, setting: Setting): Record<string, lab.Spec | null> {
  const { spectrum, context, heads, ranks, starts, batches, replicas } = setting;
  const problem = problemOf(setting);
  const plateaus = [...lab.keyQueryPlateaus(problem)];
  const main = ranked(1);
  const setup = `λ = (${spectrum.join(", ")}), N = ${context}, ${heads} heads`;
  const seeds = Array.from({ length: Math.min(DRAWN, replicas) }, (_, r) => r);
  const named = <T>(of: (replica: number) => T) => Object.fromEntries(seeds.map((r) => [`replica ${r + 1}`, of(r)]));
  const one = (quantity: string, replica: number, index?: number) =>
    measured.curve({ series: main, quantity, index }, replica);
  const flow = (quantity: string, replica: number, series = main) =>
    measured.theory("exact flow", { series, quantity, index: replica });
  const x = { title: "SGD step", scale: "log" } as const;
  const loss = { title: "loss E(ŷ − y)²", domain: [0, 1.05 * plateaus[0]] } as const;
  const levels = plateaus.map((y) => ({ y }));
  const series = [...ranks.map(ranked), "merged", FEW];
  const time = setting["wait-lr"];
  const grid = logarithmicGrid(Math.min(...starts), Math.max(...starts));
  const matrices = ["separate", "merged"] as const;
  const B = { title: "prompts B a step", scale: "log", ticks: batches } as const;
  const mean = (values: readonly number[]) => lab.statistics.mean(values);
  /** Waits over a unit, at each batch size where there are any. */
  const noise = (of: (batch: number) => number[]) =>
    batches.flatMap((batch) => {
      const values = of(batch);
      return values.length > 1 ? [{ x: batch, values }] : [];
    });
  const aligned = (batch: number) =>
    waits(measured, setting, noisy("aligned", batch)).map((wait) => wait / noisyWait(setting, batch).flow);
  const spread: lab.BandDefinition = {
    words: "mean ± standard deviation",
    of: (values) => {
      const [centre, deviation] = [mean(values), lab.statistics.standardDeviation(values)];
      return { centre, low: centre - deviation, high: centre + deviation };
    },
  };
  const derived = (sign: number) => ({
    x: batches,
    y: batches.map((batch) => {
      const { mean, deviation, flow } = noisyWait(setting, batch);
      return (mean + sign * deviation) / flow;
    }),
  });
  const group = "one aligned head";

  return {
    staircase: lab.curves({
      title: "Loss with separate keys and queries, and the plateaus of the theory",
      setup: [`${setup}, rank 1, random weights of size ${setting.deviation}`, "horizontal: plateaus of the theory"],
      lines: named((r) => [one("loss", r)]),
      theory: { "exact flow": named((r) => flow("loss", r)) },
      each: "replica",
      by: "start",
      x,
      y: loss,
      rules: levels,
    }),
    ranks: lab.curves({
      title: "Loss by rank of keys and queries, merged, and with two heads",
      setup: [setup, `the first ${seeds.length} replicas; horizontal: plateaus of the theory`],
      lines: Object.fromEntries(
        series.map((name) => [name, measured.curves({ series: name, quantity: "loss" }).slice(0, DRAWN)]),
      ),
      each: "replica",
      panels: 3,
      x,
      y: loss,
      rules: levels,
    }),
    modes: lab.multiples({
      title: "Weights of the modes",
      setup: [`${setup}, rank 1`, "M_dd over its final value"],
      panels: seeds.slice(0, PANELS).map((r) => ({
        title: `replica ${r + 1}`,
        lines: Object.fromEntries(spectrum.map((value, d) => [`λ = ${value}`, [one("mode", r, d)]])),
        theory: {
          "exact flow": Object.fromEntries(spectrum.map((value, d) => [`λ = ${value}`, flow(`mode ${d}`, r)])),
        },
      })),
      by: "mode",
      each: "replica",
      x,
      y: { title: "weight" },
    }),
    effective_rank: lab.multiples({
      title: "Loss, and effective rank of QK",
      setup: [`${setup}, rank 1`, "dotted: plateaus and the effective ranks derived for them"],
      panels: [
        { title: "loss", lines: named((r) => [one("loss", r)]), y: loss, rules: levels },
        {
          title: "effective rank of QK",
          lines: named((r) => [one("effective rank of QK", r)]),
          theory: { "exact flow": named((r) => flow("effective rank of QK", r)) },
          y: { title: "effective rank", domain: [0.9, spectrum.length] },
          rules: spectrum.map((_, d) => ({ y: plateauRank(setting, d + 1) })),
        },
      ],
      columns: 1,
      by: "start",
      each: "replica",
      x,
    }),
    principal_components: lab.multiples({
      title: "Distance of predictions to principal-component regression in context",
      setup: [`${setup}, rank 1`, "mean square over evaluation prompts; m components, by least squares from N pairs"],
      panels: seeds.slice(0, PANELS).map((r) => ({
        title: `replica ${r + 1}`,
        lines: Object.fromEntries(plateaus.map((_, m) => [`m = ${m}`, [one("distance to PCR", r, m)]])),
      })),
      by: "components",
      each: "replica",
      x,
      y: { title: "mean square", zero: true },
    }),
    waits: lab.points({
      title: "Wait of an aligned head, by its initial size",
      setup: `${setup.replace(`${heads} heads`, "1 head")}, B = ${setting.batch}, η = ${time}`,
      lines: Object.fromEntries(
        matrices.map((name) => [
          name,
          starts.map((start) => ({ x: start, values: waits(measured, setting, waiting(name, start)) }))
            .filter(({ values }) => values.length > 1),
        ]),
      ),
      theory: {
        "exact flow": Object.fromEntries(matrices.map((name) => {
          const known = starts.toSorted((a, b) => a - b).flatMap((start) => {
            const wait = waitOfFlow(measured, setting, waiting(name, start));
            return wait === null ? [] : [{ start, wait }];
          });
          return [name, { x: known.map(({ start }) => start), y: known.map(({ wait }) => wait) }];
        })),
        "scalar flow": Object.fromEntries(
          matrices.map((name) => [
            name,
            { x: grid, y: grid.map((start) => lab.keyQueryWait(problem, name, { mode: 0, start })) },
          ]),
        ),
      },
      strokes: { "exact flow": "solid", "scalar flow": "dotted" },
      by: "keys and queries",
      x: { title: "initial size v₀", scale: "log", ticks: starts },
      y: { title: "time t = η · steps", scale: "log" },
    }),
    noise: lab.points({
      title: "Waits under SGD noise, over those of the exact flow",
      setup: `η = ${time}; one aligned head from v₀ = ${setting["noise-start"]}, ${heads} random ones of size ${
        setting["noise-deviation"]
      }`,
      lines: { [group]: noise(aligned), "random heads": noise((batch) => randomRatios(measured, batch)) },
      theory: {
        "derived mean": { [group]: derived(0) },
        "derived mean + deviation": { [group]: derived(1) },
        "derived mean − deviation": { [group]: derived(-1) },
      },
      strokes: {
        "derived mean": "solid",
        "derived mean + deviation": "dotted",
        "derived mean − deviation": "dash-dotted",
      },
      band: spread,
      by: "heads",
      x: B,
      y: { title: "wait over that of the flow" },
      rules: [{ y: 1 }],
    }),
  };
}

/** Forty numbers between two, evenly spaced in the logarithm. */
function logarithmicGrid(from: number, to: number): number[] {
  return Array.from({ length: 40 }, (_, k) => from * (to / from) ** (k / 39));
}
