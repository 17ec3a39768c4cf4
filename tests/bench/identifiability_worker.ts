/** The training step of identifiability in this project; answers lines of the protocol in contender.ts. */
import * as lab from "../../mod.ts";
import { answerRounds } from "./answer_rounds.ts";

if (import.meta.main) {
  const { widths, classes, batch, concentration, lr, replicas } = JSON.parse(Deno.args[0]);
  const [dimension] = widths;
  const { adapter } = await lab.openGpu();
  const seeds = Array.from({ length: replicas }, (_, seed) => seed);
  const encoder = lab.mlp({ widths, activation: "leaky_relu", slope: 0.01, norm: "batch", init: "pytorch" });
  const head = { shape: [dimension, classes], init: { law: "uniform", bound: 1 / Math.sqrt(dimension) } } as const;
  using parameters = lab.ParameterSet.create({ ...encoder.parameters, head }, seeds);
  using mixing = lab.mixingNetwork({ dimension, candidates: 100 }, seeds);
  const task = lab.sphereClusters({ dimension, classes, batch, concentration });
  using training = await lab.Training.create({
    parameters,
    optimizer: lab.adam({ lr }),
    loss: (weights, draw) => {
      const { z, instance } = task({ ...draw, key: "train" });
      return lab.crossEntropy(lab.matmul(encoder.apply(weights, mixing.apply(z)), weights.head), instance);
    },
  });
  let step = 0;
  /** Trains `count` more steps; seconds taken. */
  const time = async (count: number) => {
    const start = performance.now();
    for await (const report of training.run({ reports: [step + count] })) step = report.step;
    return (performance.now() - start) / 1000;
  };
  await answerRounds({ time, steps: replicas, about: { adapter } });
}
