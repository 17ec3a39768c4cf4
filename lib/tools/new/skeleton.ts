#!/usr/bin/env -S deno run --allow-read --allow-write=results
/**
 * Is the loss of online SGD on linear regression what its exact recursion says, noise included?
 *
 * Task     y = w·x + σ ε with x ~ N(0, I) in D dimensions; each seed has a w ~ N(0, I/D) of its own; B fresh pairs a step.
 * Model    ŷ = v·x from v = 0, trained by SGD on ½ (ŷ − y)²; R seeds side by side.
 * Compare  L_t = ½ (σ² + e_t), e_0 = 1, e_{t+1} = (1 − 2η + η² (1 + (D + 1)/B)) e_t + η² σ² D/B.
 * Measure  the loss of every step, before its update.
 * Claim    over the second half of training the mean loss is L: 95 % t-interval over seeds within ± 3 %.
 */
import { matmul } from "../../../kernels/matmul/matmul.ts";
import { isFloat32 } from "../../checkpoint/mod.ts";
import { bandOver, describeBand, theoryAndSimulation, writeFigure } from "../../figures/mod.ts";
import { openGpu } from "../../gpu/mod.ts";
import { meanSquare } from "../../losses.ts";
import { ParameterSet } from "../../models/parameters.ts";
import { sgd } from "../../optim/mod.ts";
import { UserError } from "../../io/errors.ts";
import { column, defineExperiment, judgeInterval, main, meanInterval, option, within } from "../../run/mod.ts";
import { linearRegression } from "../../tasks/mod.ts";
import { everySteps, logarithmicSteps, Training } from "../../train/training.ts";

/** What the recursion depends on. */
interface Setting {
  readonly dimension: number;
  readonly batch: number;
  readonly lr: number;
  readonly noise: number;
  readonly steps: number;
}

/** The factor of e in a step of the recursion. */
const factorOf = ({ dimension, batch, lr }: Setting) => 1 - 2 * lr + lr ** 2 * (1 + (dimension + 1) / batch);

/** Expected loss before step t + 1, at index t. */
export function predictedLosses(setting: Setting): number[] {
  const { dimension, batch, lr, noise, steps } = setting;
  let excess = 1;
  return Array.from({ length: steps }, () => {
    const loss = (noise ** 2 + excess) / 2;
    excess = factorOf(setting) * excess + lr ** 2 * noise ** 2 * dimension / batch;
    return loss;
  });
}

/** Losses of every step (steps, R), and the predicted ones (steps). */
interface Evidence {
  readonly losses: readonly Float32Array[];
  readonly predicted: readonly number[];
}

/** Where a checkpoint keeps the losses so far. */
const HISTORY = "run.history";

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

export const experiment = defineExperiment({
  name: "skeleton",
  doc: new URL(import.meta.url),
  options: {
    dimension: option.integer(8, { min: 1, help: "dimension D of the inputs" }),
    batch: option.integer(16, { min: 1, help: "fresh pairs B a step and seed" }),
    lr: option.number(0.3, { above: 0, help: "learning rate η" }),
    noise: option.number(0.5, { min: 0, help: "standard deviation σ of the labels' noise" }),
    steps: option.integer(1000, { min: 2, help: "SGD steps" }),
    replicas: option.integer(16, { min: 2, max: 1024, help: "seeds R trained side by side: seed, seed + 1, …" }),
  },
  presets: { smoke: { steps: 100, replicas: 4 }, cpu: {}, paper: { steps: 5000, replicas: 64 } },
  resumable: { every: 500 },
  columns: {
    train: {
      step: column.int("steps", "SGD steps taken"),
      replica: column.int("", "index of the seed"),
      loss: column.float("", "½ (ŷ − y)² over the step's batch, before its update"),
    },
  },
  claims: [{
    id: "mean-loss",
    statement: "the loss of SGD settles on σ²/2 plus the excess that its own noise sustains",
    source: "the recursion above",
    criterion: "mean loss over the second half of training, over the predicted one: 95 % t-interval within 0.97 … 1.03",
    judge: ({ losses, predicted }: Evidence) => {
      const half = predicted.length >> 1;
      const expected = mean(predicted.slice(half));
      const ratios = [...losses[0]].map((_, replica) => mean(losses.slice(half).map((row) => row[replica])) / expected);
      return judgeInterval(1, meanInterval(ratios), within(1, 0.03));
    },
  }],
  check(setting) {
    if (factorOf(setting) < 1) return;
    const most = 2 / (1 + (setting.dimension + 1) / setting.batch);
    throw new UserError(`expected --lr below ${most.toPrecision(3)}, where SGD converges, found ${setting.lr}`);
  },
  async run({ configuration, checkpoints, progress, signal, log, write, ...context }) {
    const { dimension, batch, lr, noise, steps, replicas } = configuration;
    const seeds = Array.from({ length: replicas }, (_, replica) => (context.seed + replica) >>> 0);
    context.setSeeds(seeds);
    context.setAdapter((await openGpu(context.adapter)).adapter);

    // One prompt a step, from a list of one task: its pairs share their w.
    const weights = { scale: 1 / Math.sqrt(dimension) };
    const pairs = linearRegression({ dimension, context: batch, batch: 1, list: { tasks: 1 }, weights, noise });
    using parameters = ParameterSet.create(
      { v: { shape: [dimension, 1], init: { law: "constant", value: 0 } } },
      seeds,
    );
    const state = checkpoints.restore();
    const kept = state?.tensors.filter(isFloat32) ?? [];
    using training = await Training.create({
      parameters,
      optimizer: sgd({ lr }),
      loss: ({ v }, draw) => {
        const { x, y } = pairs({ ...draw, key: "train" });
        const prediction = matmul(x.reshape([replicas, batch, dimension]), v);
        return meanSquare(prediction.reshape([replicas, batch]), y.reshape([replicas, batch]), { half: true });
      },
      from: state ? { step: state.step, tensors: kept.filter(({ name }) => name !== HISTORY) } : undefined,
    });
    const past = kept.find(({ name }) => name === HISTORY)?.data ?? new Float32Array();
    const rowOf = (_: unknown, step: number): Float32Array => past.slice(step * replicas, (step + 1) * replicas);
    const losses = Array.from({ length: training.step }, rowOf);
    const save = async () => {
      const { step, tensors } = await training.state();
      const data = Float32Array.from(losses.flatMap((row) => [...row]));
      checkpoints.save({ step, tensors: [...tensors, { name: HISTORY, shape: [losses.length, replicas], data }] });
    };

    progress.start(steps, "train", training.step);
    const pause = (step: number) => checkpoints.due(step);
    for await (const { step, loss } of training.run({ reports: everySteps(1, steps), pause, signal })) {
      if (loss !== null) losses.push(loss);
      loss?.forEach((loss, replica) => log("train", { step, replica, loss }));
      if (checkpoints.due(step)) await save();
      await progress.update(step);
    }
    progress.stop();
    if (signal.aborted) return await save();

    const predicted = predictedLosses(configuration);
    context.judge({ losses, predicted });
    await writeFigure(write, "loss", lossFigure({ losses, predicted }), { png: context.png });
  },
});

/** Loss against step, predicted and measured, at steps evenly spaced in their logarithm. */
function lossFigure({ losses, predicted }: Evidence) {
  const shown = logarithmicSteps(80, losses.length).filter((step) => step > 0);
  const rows = shown.flatMap((step) => [...losses[step - 1]].map((loss, replica) => ({ step, replica, loss })));
  const simulation = bandOver(rows, { x: "step", value: "loss", definition: "central90" });
  return theoryAndSimulation({
    title: "SGD settles on a floor that its own noise lifts",
    subtitle: describeBand(simulation, "central90"),
    description: "Loss of linear regression against SGD steps: the recursion and the mean over seeds in its band.",
    x: { title: "SGD step", scale: "log" },
    y: { title: "½ (ŷ − y)²", scale: "log" },
    theory: shown.map((step) => ({ x: step, value: predicted[step - 1], series: "SGD noise theory", group: "" })),
    simulation,
  });
}

if (import.meta.main) await main(experiment);
