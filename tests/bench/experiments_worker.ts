/** A training step of an experiment's cpu preset; answers lines of the protocol in contender.ts. */
import * as words from "../../experiments/co_occurrence/setting.ts";
import { ensembleOf } from "../../experiments/co_occurrence.ts";
import { modelOf, predictionOf, promptsOf } from "../../experiments/gd_in_context/models.ts";
import {
  decoder,
  oneLayer,
  trainingPatterns,
  withIdentity,
} from "../../experiments/nonlinear_generalisation/models.ts";
import { MAIN, ONE, TASK_SETS } from "../../experiments/nonlinear_generalisation/setting.ts";
import * as lab from "../../mod.ts";
import { answerRounds } from "./answer_rounds.ts";
import { ENCODER, SETTINGS } from "./experiment_steps.ts";
import { DECODERS, REGRESSION } from "./regression_trainings.ts";

/** A training, as the worker runs it. */
type Steps = Pick<lab.Training, "run" | "parameters">;

/** Trains a model of patterns on the main set of tasks. */
async function patterns(name: string, seeds: readonly number[]): Promise<Steps> {
  const setting = SETTINGS.pattern;
  const one = name.endsWith(ONE);
  const model = one ? oneLayer(setting) : decoder(setting);
  const { spread, length, share } = setting;
  const batch = one ? setting.batch : setting["decoder-batch"];
  const patterns = trainingPatterns(setting, seeds.length);
  const prompts = lab.patternTasks({ patterns, tasks: TASK_SETS[MAIN], spread, length, share, batch });
  const parameters = lab.ParameterSet.create(model.parameters, seeds);
  if (one) parameters.load(withIdentity(await parameters.read(), setting.delta));
  return await lab.Training.create({
    parameters,
    optimizer: one ? lab.sgd({ lr: setting.lr }) : lab.adam({ lr: setting["decoder-lr"] }),
    loss(weights, draw) {
      const batch = prompts({ ...draw, key: "train" });
      return lab.hinge(model.apply(weights, batch).F, batch.labels);
    },
  });
}

/** Trains the one-layer model on regression prompts. */
async function descent(seeds: readonly number[]): Promise<Steps> {
  const setting = SETTINGS.descent;
  const model = modelOf(setting, 1);
  const prompts = promptsOf(setting, setting.batch);
  return await lab.Training.create({
    parameters: lab.ParameterSet.create(model.parameters, seeds),
    optimizer: lab.adamw({ lr: setting.lr, betas: [0.9, 0.98], weightDecay: 0, clip: setting.clip }),
    loss(weights, draw) {
      const { tokens, label } = prompts(draw, "train");
      return lab.meanSquare(predictionOf(model.apply(weights, tokens)), label, { half: true });
    },
  });
}

/** Trains heads of the largest rank, as the staircase does. */
async function keysQueries(seeds: readonly number[]): Promise<Steps> {
  const { spectrum, context, batch, heads, ranks, deviation, lr } = SETTINGS.keysQueries;
  const rank = ranks[ranks.length - 1];
  const model = lab.linearAttentionHeads({ dimension: spectrum.length, heads, rank, deviation });
  const prompts = lab.regressionStatistics({ spectrum, context, batch });
  return await lab.Training.create({
    parameters: lab.ParameterSet.create(model.parameters, seeds),
    optimizer: lab.sgd({ lr }),
    loss(weights, draw) {
      const { beta, query, label } = prompts({ ...draw, key: "train" });
      return lab.meanSquare(model.answer(weights, { beta, query }), label, { half: true });
    },
  });
}

/** Trains scores of features: one half of the replicas under each law, lengths in turn; one replica under the balanced law. */
async function convergence(seeds: readonly number[]): Promise<Steps> {
  const { features: K, dominant, contexts, batch, lr } = SETTINGS.features;
  const R = seeds.length;
  const probabilities = seeds.map((_, r) => lab.dominantLaw(K, R > 1 && r * 2 >= R ? dominant : 1 / K));
  const length = seeds.map((_, r) => contexts[r % contexts.length]);
  const prompts = lab.featureRegression({ probabilities, length, batch });
  return await lab.Training.create({
    parameters: lab.ParameterSet.create({ Q: { shape: [K, K], init: { law: "constant", value: 0 } } }, seeds),
    optimizer: lab.sgd({ lr }),
    loss({ Q }, draw) {
      const { counts, query, labels } = prompts({ ...draw, key: "train" });
      const scores = lab.add(lab.embedding(query, Q), lab.log(lab.maximum(counts, lab.fill([1], 1e-30))));
      const attended = lab.softmax(scores);
      const away = lab.subtract(attended, lab.oneHot(query, K).reshape(attended.shape));
      return lab.scale(lab.mean(lab.square(lab.sum(lab.multiply(away, labels), [2])), [1]), 0.5);
    },
  });
}

/** Trains an encoder and a head to tell classes of mixed latents apart. */
async function inversion(setting: typeof SETTINGS.latents, seeds: readonly number[]): Promise<Steps> {
  const { dimension, classes, concentration, candidates, widths, batch, lr } = setting;
  const encoder = lab.mlp({ widths, activation: "leaky_relu", slope: 0.01, norm: "batch", init: "pytorch" });
  const head = { shape: [dimension, classes], init: { law: "uniform", bound: 1 / Math.sqrt(dimension) } } as const;
  const mixing = lab.mixingNetwork({ dimension, candidates }, seeds);
  const task = lab.sphereClusters({ dimension, classes, batch, concentration });
  return await lab.Training.create({
    parameters: lab.ParameterSet.create({ ...encoder.parameters, head }, seeds),
    optimizer: lab.adam({ lr }),
    loss(weights, draw) {
      const { z, instance } = task({ ...draw, key: "train" });
      return lab.crossEntropy(lab.matmul(encoder.apply(weights, mixing.apply(z)), weights.head), instance);
    },
  });
}

/** Makes the training of a step. */
function trainingOf(name: string, seeds: readonly number[]): Promise<Steps> {
  const regression = [...REGRESSION, ...DECODERS].find((step) => step.name === name);
  if (regression) return regression.train();
  switch (name) {
    case "co_occurrence":
      return ensembleOf(SETTINGS.words, new lab.Conditions([{ name: "main", seeds, law: words.UNIFORM, words: 2 }]));
    case "gd_in_context":
      return descent(seeds);
    case "separate_keys_queries":
      return keysQueries(seeds);
    case "attention_convergence":
      return convergence(seeds);
    case "identifiability":
      return inversion(SETTINGS.latents, seeds);
    case ENCODER.name:
      return inversion(SETTINGS.encoder, seeds);
    default:
      return patterns(name, seeds);
  }
}

if (import.meta.main) {
  const { step: name, replicas } = JSON.parse(Deno.args[0]);
  const { adapter } = await lab.openGpu();
  const training = await trainingOf(name, Array.from({ length: replicas }, (_, seed) => seed));
  let step = 0;
  /** Trains `count` more steps; seconds taken. */
  const time = async (count: number) => {
    const start = performance.now();
    for await (const report of training.run({ reports: [step + count] })) step = report.step;
    return (performance.now() - start) / 1000;
  };
  await answerRounds({ time, steps: replicas, about: { adapter, parameters: training.parameters.count } });
}
