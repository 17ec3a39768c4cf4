/** How near does a decoder come to ridge regression, which no predictor of its context beats? (arXiv 2208.01066) */
import * as lab from "../../mod.ts";
const [dimension, context, noise] = [2, 8, 0.5];
export const experiment = lab.defineExperiment({
  name: "regression",
  doc: new URL(import.meta.url),
  options: { steps: lab.option.integer(3000, { help: "updates" }), replicas: lab.option.integer(4, { help: "seeds" }) },
  presets: { smoke: { steps: 50, replicas: 2 } },
  figures: (measured) => {
    const lines = Object.fromEntries(
      ["decoder", "ridge"].map((name) => [name, measured.curves({ series: name, quantity: "loss" })]),
    );
    return { loss: lab.curves({ title: "Regression in context", lines, by: "predictor", y: { title: "test loss" } }) };
  },
  async run(run) {
    const net = lab.transformer({
      input: { dimension: dimension + 1 },
      outputs: 1,
      length: 2 * context,
      layers: 2,
      heads: 2,
      width: 32,
    });
    const losses = (key: string) => (weights: lab.Weights, draw: lab.StepDraw) => {
      const { x, y } = lab.linearRegression({ dimension, context, noise, batch: 64 })({ ...draw, key });
      const decoder = lab.interleavedPredictions(net.apply(weights, lab.interleavedTokens(x, y)));
      const ridge = lab.ridge({ lambda: noise ** 2 }).apply({ x, y }); // the posterior mean
      return { decoder: lab.meanSquare(decoder, y), ridge: lab.meanSquare(ridge, y) }; // one number a replica
    };
    using parameters = lab.ParameterSet.create(net.parameters, run.seeds);
    const [loss, optimizer] = [
      (...of: Parameters<ReturnType<typeof losses>>) => losses("train")(...of).decoder,
      lab.adamw({ lr: 3e-3 }),
    ];
    using training = await lab.Training.create({ parameters, optimizer, loss, evaluations: { test: losses("test") } });
    for await (
      const { step, evaluations: { test } } of lab.follow(training, {
        label: "train",
        reports: lab.everySteps(100, run.configuration.steps),
      }, run)
    ) {
      for (const [series, loss] of Object.entries(test)) run.measure({ series, step }, { loss });
    }
  },
});
if (import.meta.main) await lab.main(experiment);
