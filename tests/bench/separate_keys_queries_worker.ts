/** The training step of separate_keys_queries in this project; answers lines of the protocol in contender.ts. */
import * as lab from "../../mod.ts";
import { answerRounds } from "./answer_rounds.ts";

if (import.meta.main) {
  const { spectrum, context, batch, replicas, heads, rank, lr } = JSON.parse(Deno.args[0]);
  const { adapter } = await lab.openGpu();
  const model = lab.linearAttentionHeads({ dimension: spectrum.length, heads, rank, deviation: 0.02 });
  using parameters = lab.ParameterSet.create(model.parameters, Array.from({ length: replicas }, (_, seed) => seed));
  const prompts = lab.regressionStatistics({ spectrum, context, batch });
  using training = await lab.Training.create({
    parameters,
    optimizer: lab.sgd({ lr }),
    loss: (weights, draw) => {
      const { beta, query, label } = prompts({ ...draw, key: "train" });
      return lab.meanSquare(model.answer(weights, { beta, query }), label, { half: true });
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
