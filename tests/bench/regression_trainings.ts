/** Trainings of transformers on regression prompts, as the cpu presets have them. */
import { lossOf as selectionLoss } from "../../experiments/algorithm_selection.ts";
import * as selection from "../../experiments/algorithm_selection/setting.ts";
import { decodersOf as affineDecoders } from "../../experiments/beyond_the_training_range.ts";
import * as affine from "../../experiments/beyond_the_training_range/setting.ts";
import { representationOf, taskOf } from "../../experiments/representations.ts";
import * as represented from "../../experiments/representations/setting.ts";
import { decodersOf as transferDecoders } from "../../experiments/tasks_and_transfer.ts";
import * as transfer from "../../experiments/tasks_and_transfer/setting.ts";
import { lossOf as poolLoss, modelOf as poolModel } from "../../experiments/transience.ts";
import * as pool from "../../experiments/transience/setting.ts";
import * as lab from "../../mod.ts";
import { cpu, type ExperimentStep, firstSeeds } from "./preset_sizes.ts";

type Loss = (weights: lab.Weights, draw: lab.StepDraw) => lab.Tensor;

/** A step, and what trains its replicas. */
export interface RegressionStep extends ExperimentStep {
  /** Starts the training of all replicas. */
  train(): Promise<lab.Training>;
}

const [pools, functions, mixtures, tasks, phi] = [
  cpu(pool),
  cpu(affine),
  cpu(selection),
  cpu(transfer),
  cpu(represented),
];

const train = (model: lab.Transformer, seeds: readonly number[], optimizer: lab.Optimizer, loss: Loss) =>
  lab.Training.create({ parameters: lab.ParameterSet.create(model.parameters, seeds), optimizer, loss });

/** Infinity is no JSON. */
const finite = (count: number) => count === Infinity ? null : count;

function transience(): RegressionStep {
  const design = pool.conditionsOf(pools, firstSeeds(pools.replicas));
  return {
    name: "transience",
    replicas: design.seeds.length,
    sizes: { ...pools, tasks: design.each(({ M }) => finite(M)) },
    train() {
      const optimizer = lab.adamw({ lr: pools.lr, weightDecay: 0, clip: pools.clip });
      return train(poolModel(pools), design.seeds, optimizer, poolLoss(pools, design.replicas));
    },
  };
}

function beyondTheTrainingRange(): RegressionStep {
  const [variant] = affine.variantsOf(functions);
  const design = affine.conditionsOf(variant, firstSeeds(functions.replicas));
  return {
    name: "beyond_the_training_range",
    replicas: design.seeds.length,
    sizes: { ...functions, laws: design.each(({ law }) => law).reverse() },
    train() {
      const { model, loss } = affineDecoders(functions, variant, design);
      return train(model, design.seeds, lab.adam({ lr: functions.lr }), loss);
    },
  };
}

function algorithmSelection(kind: selection.Kind): RegressionStep {
  const design = selection.conditionsOf(mixtures, firstSeeds(mixtures.replicas), kind, [selection.MIXTURE]);
  return {
    name: `algorithm_selection, ${kind}`,
    replicas: design.seeds.length,
    sizes: mixtures,
    train() {
      const predictor = selection.predictorOf(mixtures, kind);
      const loss = selectionLoss(mixtures, design, predictor);
      return train(predictor.model, design.seeds, lab.adam({ lr: mixtures.lr }), loss);
    },
  };
}

function tasksAndTransfer(): RegressionStep {
  const design = transfer.conditionsOf(tasks, firstSeeds(tasks.replicas));
  const given = design.each((one) => ({
    tasks: finite(one.tasks),
    sequences: finite(one.sequences),
    variances: transfer.variancesOf(tasks, one),
  }));
  return {
    name: "tasks_and_transfer",
    replicas: design.seeds.length,
    sizes: { ...tasks, given: given.reverse() },
    train() {
      const { model, loss } = transferDecoders(tasks, design, tasks.width);
      return train(model, design.seeds, lab.adam({ lr: tasks.lr }), loss);
    },
  };
}

function representations(): RegressionStep {
  const design = represented.conditionsOf(phi, firstSeeds(phi.replicas));
  return {
    name: "representations",
    replicas: design.seeds.length,
    sizes: phi,
    train() {
      const { batch, lr } = phi;
      const model = represented.modelOf(phi, represented.promptSizes(phi));
      const representation = representationOf(phi, design);
      const prompts = lab.representationRegression({ ...taskOf(phi, design), representation, batch });
      return train(model, design.seeds, lab.adamw({ lr, weightDecay: 0, clip: 1 }), (weights, draw) => {
        const { x, y } = prompts({ ...draw, key: "train" });
        return lab.meanSquare(lab.interleavedPredictions(model.apply(weights, lab.interleavedTokens(x, y))), y);
      });
    },
  };
}

/** Decoders of Garg et al. (2208.01066): fresh tasks in d dimensions, 2 d + 1 pairs a prompt, without noise. */
function decoder(dimension: number, layers: number): RegressionStep {
  const sizes = { dimension, context: 2 * dimension + 1, layers, heads: 4, width: 64, mlp: 256, batch: 64, lr: 1e-3 };
  return {
    name: `decoder, d = ${dimension}, ${layers} layers`,
    formula: "decoder of regression",
    replicas: 1,
    sizes,
    train() {
      const { context, heads, width, mlp, batch, lr } = sizes;
      const input = { dimension: dimension + 1 };
      const model = lab.transformer({ input, outputs: 1, length: 2 * context, layers, heads, width, mlp });
      const prompts = lab.linearRegression({ dimension, context, batch });
      return train(model, [0], lab.adam({ lr }), (weights, draw) => {
        const { x, y } = prompts({ ...draw, key: "train" });
        return lab.meanSquare(lab.interleavedPredictions(model.apply(weights, lab.interleavedTokens(x, y))), y);
      });
    },
  };
}

/** Decoders of one replica, in several dimensions and depths. */
export const DECODERS: readonly RegressionStep[] = [5, 8, 20].flatMap((dimension) =>
  [3, 6].map((layers) => decoder(dimension, layers))
);

/** All of them. */
export const REGRESSION: readonly RegressionStep[] = [
  transience(),
  beyondTheTrainingRange(),
  ...selection.KINDS.map(algorithmSelection),
  tasksAndTransfer(),
  representations(),
];
