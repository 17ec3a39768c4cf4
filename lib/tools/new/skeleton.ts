#!/usr/bin/env -S deno run --allow-read --allow-write=results
/**
 * Does online SGD on linear regression settle on the error that its exact recursion says?
 *
 * Task     y = w·x + σ ε with x ~ N(0, I) in D dimensions; each seed has a w ~ N(0, I) of its own; B fresh pairs a step.
 * Model    ŷ = v·x from v = 0, trained by SGD at rate η on ½ (ŷ − y)²; R seeds side by side.
 * Control  the same seeds and pairs at rate η/2.
 * Measure  the error e = |v − w|²/D.
 * Theory   e_0 = 1, e_{t+1} = (1 − 2η + η² (1 + (D + 1)/B)) e_t + η² σ²/B, on average over pairs.
 * Claims   over the second half of training the mean error is e within 10 %; at half the rate it is lower.
 */
import * as lab from "../../../mod.ts";

const [MAIN, CONTROL] = ["rate η", "rate η/2"];

/** Where the error of a condition is found in the log. */
const errorOf = (series: string) => ({ series, quantity: "error" });

/** Prediction of the recursion for a condition. */
const predicted = (measured: lab.Measurements, series: string) => measured.theory("recursion", errorOf(series));

/** Mean of a curve over the second half of training. */
const late = ({ y }: lab.MeasuredCurve) => lab.statistics.mean(y.slice(y.length >> 1));

/** The same of every seed of a condition. */
const settled = (measured: lab.Measurements, series: string) => measured.curves(errorOf(series)).map(late);

/** The recursion: expected error after step t, at index t. */
export function expectedErrors(lr: number, { dimension, batch, noise, steps }: Record<string, number>): number[] {
  const factor = 1 - 2 * lr + lr ** 2 * (1 + (dimension + 1) / batch);
  const errors = [1];
  for (let t = 0; t < steps; t++) errors.push(factor * errors[t] + lr ** 2 * noise ** 2 / batch);
  return errors;
}

export const experiment = lab.defineExperiment({
  name: "skeleton",
  doc: new URL(import.meta.url),
  options: {
    dimension: lab.option.integer(8, { min: 1, help: "dimension D of the inputs" }),
    batch: lab.option.integer(16, { min: 1, help: "fresh pairs B a step and seed" }),
    lr: lab.option.number(0.3, { above: 0, help: "learning rate η" }),
    noise: lab.option.number(0.5, { min: 0, help: "standard deviation σ of the labels' noise" }),
    steps: lab.option.integer(2000, { min: 10, help: "SGD steps" }),
    replicas: lab.option.integer(16, { min: 2, max: 512, help: "seeds R trained side by side: seed, seed + 1, …" }),
  },
  presets: { smoke: { steps: 100, replicas: 4 }, cpu: {} },
  resumable: { every: 500 },
  claims: [
    lab.claim({
      id: "settled",
      statement: "The error of SGD settles where its own noise sustains it.",
      source: "the recursion above",
      measure: "mean error over the second half of training, over the predicted one",
      predicted: 1,
      expect: lab.expect.mean(lab.within(1, 0.1)),
      values: (measured: lab.Measurements) => ({
        values: settled(measured, MAIN).map((error) => error / late(predicted(measured, MAIN))),
      }),
    }),
    lab.claim({
      id: "control-lower",
      statement: "At half the learning rate the error of SGD settles lower.",
      source: "the recursion above",
      measure: "mean error over the second half of training, over that of the same seed at half the rate",
      expect: lab.expect.ratio({ from: 1 }),
      values: (measured: lab.Measurements) => ({
        values: settled(measured, MAIN).map((error, seed) => error / settled(measured, CONTROL)[seed]),
      }),
    }),
  ],
  figures: (measured, { dimension, batch, noise }) => {
    const ofBoth = <T>(of: (series: string) => T) => ({ [MAIN]: of(MAIN), [CONTROL]: of(CONTROL) });
    const setup = `D = ${dimension}, B = ${batch}, σ = ${noise}`;
    const lines = ofBoth((series) => measured.curves(errorOf(series)));
    const theory = { recursion: ofBoth((series) => predicted(measured, series)) };
    const x = { title: "SGD step", scale: "log" } as const;
    const y = { title: "error |v − w|²/D", scale: "log" } as const;
    const values = { measured: ofBoth((series) => settled(measured, series)) };
    return {
      error: lab.curves({ title: "Error of SGD", setup, lines, theory, by: "learning rate", x, y }),
      settled: lab.bars({ title: "Error that SGD settles on", setup, values, y: { title: y.title } }),
    };
  },
  async run(run) {
    const { dimension: D, batch: B, lr, noise, steps } = run.configuration;
    const at = (name: string, lr: number) => ({ name, seeds: run.seeds, lr });
    const design = new lab.Conditions([at(MAIN, lr), at(CONTROL, lr / 2)]);
    const R = design.seeds.length;
    // One prompt a step, from a list of one task: all its pairs, in all steps, share their w.
    const pairs = lab.linearRegression({ dimension: D, context: B, batch: 1, list: { tasks: 1 }, noise });
    const start = { v: { shape: [D, 1], init: { law: "constant", value: 0 } } } as const;
    using parameters = lab.ParameterSet.create(start, design.seeds);
    using training = await lab.Training.create({
      parameters,
      optimizer: lab.sgd({ lr: design.each((replica) => replica.lr) }),
      loss: ({ v }, draw) => {
        const { x, y } = pairs({ ...draw, key: "train" });
        const prediction = lab.matmul(x.reshape([R, B, D]), v);
        return lab.meanSquare(prediction.reshape([R, B]), y.reshape([R, B]), { half: true });
      },
      evaluations: {
        error: ({ v }, draw) => lab.meanSquare(v.reshape([R, D]), pairs({ ...draw, key: "train" }).w.reshape([R, D])),
      },
      from: run.restored("train"),
    });

    const reports = lab.everySteps(5, steps);
    for await (const { step, evaluations } of lab.follow(training, { label: "train", reports }, run)) {
      run.measure({ series: design, step }, evaluations);
    }
    for (const { name, lr } of design.conditions) {
      const expected = expectedErrors(lr, run.configuration);
      run.theory("recursion", errorOf(name), reports, reports.map((step) => expected[step]));
    }
  },
});

if (import.meta.main) await lab.main(experiment);
