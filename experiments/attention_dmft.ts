#!/usr/bin/env -S deno run --allow-read --allow-write=results
/**
 * What does attention do when its output is its next token: does it settle, cycle, or go on for ever in chaos?
 *
 * Task     none: nothing learns. Tokens of N spins ±1 and two positional bits; four tokens in the context; the next token's spins
 *          are drawn with mean tanh β h, where h is made of the output of attention over the context.
 * Model    M = 3 features; weights o, v, q, k of random signs, constant on thirds of the spins; softmax sharpness γ = 127, weight of
 *          positions ε = 0.02 (Poc-López & Aguilera 2024, arXiv 2406.07247). For N → ∞ a deterministic map of
 *          four past outputs A, 12 numbers, and the phase of the positions.
 * Compare  the map in double precision (exponents by QR, periods) with thousands of maps in single precision on the GPU, and with
 *          finite N on the GPU, spin by spin; linear theory of sampling noise; controls with uniform attention (γ = 0) and without
 *          positions (ε = 0). Softer attention (γ = 12.7 and 1.27), whose softmax is wider than sampling noise: the error must fall
 *          as N^−½ there from the smallest N on, if the sharpness of attention is why it does not at γ = 127.
 * Measure  Lyapunov exponents, Kaplan–Yorke dimension, period and spread of the first output feature from starts at random;
 *          bifurcation diagrams over β; regimes of random weights; error of N spins against N, its growth, and histograms.
 * Claims   attention_dmft/claims.ts: the paper's regimes and their order, what they need, how common they are, and where finite N
 *          follows. Criteria were chosen on pilots of other starts (11 … 14, 101 … 106, 500 … 815, 5001 … 5010) and weights (1001 …
 *          1020, 2001 … 2100), before the first cpu run, whose starts were 1 … 10. Claims on softer attention
 *          came after it, from exponents and linear theory of single orbits alone, without spins. The run that is kept has the seeds
 *          201 … 296: none of the first run's, and none of the pilots'.
 */
import * as lab from "../mod.ts";
import { claims } from "./attention_dmft/claims.ts";
import { figures } from "./attention_dmft/figures.ts";
import {
  BEFORE,
  CELLS,
  check,
  DIAGRAM_POINTS,
  DIAGRAM_STEPS,
  DRAWN,
  ERROR_BETAS,
  GAMMA,
  GAMMAS,
  gridOf,
  HISTOGRAM_BETAS,
  HORIZON_BETA,
  NOISE,
  ofBeta,
  ofMap,
  ofSpins,
  ofWeights,
  options,
  paperSystem,
  presets,
  REFERENCES,
  type Run,
  SWEEPS,
  WEIGHTS_BETAS,
  WIDE,
  ZOOM,
} from "./attention_dmft/options.ts";

/** Weights of random signs: seeds far from those of starts. */
const WEIGHTS_SEED = 2 ** 20;
/** Steps over which orbits in single and in double precision are compared; points of an orbit that are drawn. */
const [PARTING_STEPS, ORBIT_POINTS] = [1000, 500];

export const experiment = lab.defineExperiment({
  name: "attention_dmft",
  doc: new URL(import.meta.url),
  options,
  presets,
  check,
  resumable: { every: 200 },
  claims,
  figures,
  async run(run) {
    await regimes(run);
    await precision(run);
    await diagrams(run);
    await randomWeights(run);
    await errors(run);
    await horizon(run);
    await histograms(run);
  },
});

/** Numbers in single precision, which logs and archives need fewer digits for. */
const single = (values: readonly number[]): number[] => values.map(Math.fround);

/** Exponents, period and spread of the map in double precision, from starts at random. */
async function regimes(run: Run): Promise<void> {
  const { seeds, configuration: { transient, steps } } = run;
  await lab.each(REFERENCES, "regimes, double precision", ({ beta }) => {
    const system = paperSystem(beta);
    const found = seeds.map((seed) => {
      const state = lab.spinStateAfter(system, { window: lab.randomSpinStart(seed), phase: 0 }, transient);
      const { spectrum, dimension } = lab.lyapunov(new lab.SpinOrbit(system, state), steps, 4);
      const feature = [...lab.featureOrbit(system, state, steps)];
      const period = lab.spinPeriod(system, state, { longest: 1000, tolerance: 1e-4 });
      return { state, spectrum, dimension, period, deviation: lab.statistics.standardDeviation(feature) };
    });
    run.measure({ series: ofBeta(beta), step: transient + steps }, {
      exponent: found.map(({ spectrum }) => spectrum),
      dimension: found.map(({ dimension }) => dimension),
      period: found.map(({ period }) => period),
      "standard deviation": found.map(({ deviation }) => deviation),
    });
    if (!DRAWN.includes(beta)) return;
    const orbit = new lab.SpinOrbit(system, found[0].state);
    for (let step = transient + 1; step <= transient + ORBIT_POINTS; step++) {
      orbit.step();
      run.measure({ series: ofBeta(beta), step }, { output: [orbit.window.slice(0, 2)] });
    }
  }, run);
}

/** The same exponents in single precision on the GPU, and when orbits in the two precisions part. */
async function precision(run: Run): Promise<void> {
  const { seeds, configuration: { transient, steps } } = run;
  const design = new lab.Conditions(REFERENCES.map(({ beta }) => ({ name: ofBeta(beta), seeds, beta })));
  const systems = design.each(({ beta }) => paperSystem(beta));
  const starts = design.each(({ seed }) => lab.randomSpinStart(seed));
  await lab.each(["exponents"], "exponents, single precision", async () => {
    const { exponents } = await sweep(run, { systems, starts, transient, steps, kept: 1 });
    run.measure({ series: design, step: transient + steps }, { "exponent, single precision": exponents });
    const kept = PARTING_STEPS;
    const { samples } = await sweep(run, { systems, starts, transient: 0, steps: kept, kept });
    const parted = systems.map((system, r) => {
      const double = lab.featureOrbit(system, { window: starts[r], phase: 0 }, kept);
      const first = double.findIndex((value, step) => Math.abs(value - samples[r][step]) > 0.1);
      return first < 0 ? null : first + 1;
    });
    run.measure({ series: design, step: transient + steps }, { "steps until precisions part": parted });
  }, run);
}

/** Bifurcation diagrams over β, and the controls: largest exponents from starts at random, in single precision. */
async function diagrams(run: Run): Promise<void> {
  const { seeds, configuration: setting } = run;
  const steps = setting["grid-steps"];
  await lab.each(SWEEPS, "bifurcation diagrams", async (one) => {
    const grid = gridOf(one, setting);
    const systems = seeds.flatMap(() => grid.map((beta) => ({ ...paperSystem(beta), ...one.change })));
    const starts = seeds.flatMap((seed) => grid.map(() => lab.randomSpinStart(seed)));
    const { exponents, samples } = await sweep(run, { systems, starts, transient: steps, steps, kept: DIAGRAM_STEPS });
    const ofSeed = <T>(all: ArrayLike<T>, start: number): T[] =>
      Array.from(all).slice(start * grid.length, (start + 1) * grid.length);
    const at = { series: one.series, step: 2 * steps };
    run.measure(at, { exponent: seeds.map((_, start) => single(ofSeed(exponents, start))) });
    const width = (orbit: Float32Array) => Math.max(...orbit) - Math.min(...orbit);
    if (one === ZOOM) run.measure(at, { width: seeds.map((_, start) => single(ofSeed(samples, start).map(width))) });
    for (let point = 0; point < DIAGRAM_POINTS && (one === WIDE || one === ZOOM); point++) {
      const step = at.step - DIAGRAM_STEPS + point + 1;
      run.measure({ series: one.series, step }, { feature: [ofSeed(samples, 0).map((orbit) => orbit[point])] });
    }
  }, run);
  const below = paperSystem(1.2);
  const near = lab.spinStateAfter(below, { window: lab.PAPER_START, phase: 0 }, 4000);
  run.theory("linear stability", { series: ZOOM.series, quantity: "onset" }, [0], [
    lab.positionCycleOnset(below, 1.26, near),
  ]);
}

/** How common each regime is: exponents and periods of random weights. */
async function randomWeights(run: Run): Promise<void> {
  const { seed, configuration } = run;
  const steps = configuration["weights-steps"];
  const seeds = lab.consecutiveSeeds(seed + WEIGHTS_SEED, configuration.weights);
  const design = new lab.Conditions(WEIGHTS_BETAS.map((beta) => ({ name: ofWeights(beta), seeds, beta })));
  const systems = design.each(({ beta, seed }) => ({ ...paperSystem(beta), weights: lab.randomSpinWeights(seed) }));
  const starts = design.each(({ seed }) => lab.randomSpinStart(seed));
  await lab.each(["weights"], "random weights", async () => {
    const { exponents, windows } = await sweep(run, { systems, starts, transient: steps, steps, kept: 1 });
    const period = windows.map((window, r) =>
      lab.spinPeriod(systems[r], { window, phase: 0 }, { longest: 1000, tolerance: 1e-4 })
    );
    run.measure({ series: design, step: 2 * steps }, { exponent: single([...exponents]), period });
  }, run);
}

/** Maps on the GPU; ends with the run. */
function sweep(run: Run, sweep: lab.SpinSweep): Promise<lab.SweptOrbits> {
  return lab.sweepSpinMaps(sweep, () => run.signal.throwIfAborted());
}

/** Root mean square over features of the difference between the outputs of replicas and of their maps. */
const distances = (outputs: Float32Array, orbits: readonly lab.SpinOrbit[]): number[] =>
  orbits.map(({ window }, r) =>
    Math.sqrt([0, 1, 2].reduce((sum, a) => sum + (outputs[3 * r + a] - window[a]) ** 2, 0) / 3)
  );

/** Error of N spins from the authors' start, where the map cycles; up to some N with softer attention too. */
async function errors(run: Run): Promise<void> {
  const { spins: sizes, "error-steps": last, "error-replicas": count, "histogram-spins": soft } = run.configuration;
  const reports = lab.everySteps(1, last).filter((step) => step > 0);
  const seeds = lab.consecutiveSeeds(run.seed, count);
  for (const N of lab.unionOfSteps(sizes, soft)) {
    const gammas = GAMMAS.filter((gamma) => gamma === GAMMA ? sizes.includes(N) : soft.includes(N));
    const couplings = gammas.flatMap((gamma) => ERROR_BETAS.map((beta) => ({ gamma, beta })));
    const design = new lab.Conditions(
      couplings.map(({ gamma, beta }) => ({ name: ofSpins(N, beta, gamma), seeds, beta, gamma })),
    );
    const replicas = design.each(({ seed, beta, gamma }) => {
      return { seed, system: paperSystem(beta, gamma), start: lab.PAPER_START };
    });
    const orbits = replicas.map(({ system, start }) => new lab.SpinOrbit(system, { window: start, phase: 0 }));
    const label = `errors, N = ${N}`;
    using training = await lab.spinAttention({ replicas, spins: N, from: run.restored(label) });
    for (const orbit of orbits) for (let step = 0; step < training.step; step++) orbit.step();
    for await (const { step, evaluations } of lab.follow(training, { label, reports }, run)) {
      orbits.forEach((orbit) => orbit.step());
      run.measure({ series: design, step }, { error: single(distances(evaluations.output, orbits)) });
    }
    for (const { gamma, beta } of couplings) {
      const scale = lab.spinNoise(paperSystem(beta, gamma), { window: lab.PAPER_START, phase: 0 }, last);
      const of = { series: ofSpins(N, beta, gamma), quantity: "error" };
      run.theory(NOISE, of, reports, [...scale].map((c) => c / Math.sqrt(N)));
    }
  }
}

/** Growth of the error of N spins in chaos, from starts on the attractor. */
async function horizon(run: Run): Promise<void> {
  const { spins: sizes, "horizon-steps": last, "horizon-replicas": count } = run.configuration;
  const reports = lab.everySteps(1, last).filter((step) => step > 0);
  const system = paperSystem(HORIZON_BETA);
  const replicas = lab.consecutiveSeeds(run.seed, count).map((seed) => {
    const { window } = lab.spinStateAfter(system, { window: lab.randomSpinStart(seed), phase: 0 }, 2000);
    return { seed, system, start: window };
  });
  const scales = replicas.map(({ start: window }) => lab.spinNoise(system, { window, phase: 0 }, last));
  for (const N of sizes) {
    const label = `growth, N = ${N}`;
    const series = ofSpins(N, HORIZON_BETA);
    const design = new lab.Conditions([{ name: series, seeds: replicas.map(({ seed }) => seed) }]);
    const orbits = replicas.map(({ start: window }) => new lab.SpinOrbit(system, { window, phase: 0 }));
    using training = await lab.spinAttention({ replicas, spins: N, from: run.restored(label) });
    for (const orbit of orbits) for (let step = 0; step < training.step; step++) orbit.step();
    for await (const { step, evaluations } of lab.follow(training, { label, reports }, run)) {
      orbits.forEach((orbit) => orbit.step());
      run.measure({ series: design, step }, { error: single(distances(evaluations.output, orbits)) });
    }
    const predicted = reports.map((_, at) => lab.statistics.mean(scales.map((scale) => scale[at] / Math.sqrt(N))));
    run.theory(NOISE, { series, quantity: "error" }, reports, predicted);
  }
}

/** Histograms of the first output feature of N spins against that of the map. */
async function histograms(run: Run): Promise<void> {
  const { "histogram-spins": sizes, "histogram-steps": counted } = run.configuration;
  const reports = [BEFORE, BEFORE + counted];
  const states = HISTOGRAM_BETAS.map((beta) =>
    lab.spinStateAfter(paperSystem(beta), { window: lab.randomSpinStart(run.seed), phase: 0 }, 4000)
  );
  const laws = HISTOGRAM_BETAS.map((beta, index) => lab.featureOrbit(paperSystem(beta), states[index], 50_000));
  const lawOf = (beta: number) => laws[HISTOGRAM_BETAS.findIndex((one) => one === beta)];
  const start = (beta: number) => states[HISTOGRAM_BETAS.findIndex((one) => one === beta)].window;
  for (const N of sizes) {
    const design = new lab.Conditions(
      HISTOGRAM_BETAS.map((beta) => ({ name: ofSpins(N, beta), seeds: run.seeds, beta })),
    );
    const replicas = design.each(({ seed, beta }) => ({ seed, system: paperSystem(beta), start: start(beta) }));
    const label = `histograms, N = ${N}`;
    using training = await lab.spinAttention({ replicas, spins: N, from: run.restored(label) });
    // What a training calls losses are here the first output feature of each token.
    for await (const { step, losses: features } of lab.follow(training, { label, reports }, run)) {
      if (step === BEFORE) continue;
      const distance = replicas.map(({ system: { beta } }, r) =>
        lab.histogramDistance(features.map((row) => row[r]), lawOf(beta), CELLS)
      );
      run.measure({ series: design, step }, { "distance of histograms": distance });
    }
  }
  for (const beta of HISTOGRAM_BETAS) {
    const orbits = run.seeds.map((seed) => {
      const system = paperSystem(beta);
      const state = lab.spinStateAfter(system, { window: lab.randomSpinStart(seed), phase: 0 }, 4000);
      return lab.featureOrbit(system, state, counted);
    });
    const distance = orbits.map((orbit) => lab.histogramDistance(orbit, lawOf(beta), CELLS));
    run.measure({ series: ofMap(beta), step: counted }, { "distance of histograms": distance });
  }
}

if (import.meta.main) await lab.main(experiment);
