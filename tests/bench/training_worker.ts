/** The training benchmark's steps in this project; answers lines of the protocol in contender.ts. */
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { crossEntropy } from "../../lib/losses.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { transformer, type TransformerOptions } from "../../lib/models/transformer.ts";
import { adamw } from "../../lib/optim/adamw.ts";
import { uniforms } from "../../lib/random/random.ts";
import { Training } from "../../lib/train/training.ts";
import { answerRounds, replaying } from "./answer_rounds.ts";

/** Which step, and how many replicas. */
export interface TrainingConfig {
  readonly step: keyof typeof STEPS;
  readonly R: number;
}

const NO_BIAS = { attention: false, mlp: false, unembedding: false };

/** Sizes of training_torch.py: models, and examples per batch. */
export const STEPS = {
  grokking: {
    batch: 3830,
    model: {
      input: { vocabulary: 114 },
      outputs: 114,
      length: 3,
      layers: 1,
      heads: 4,
      width: 128,
      mlp: 512,
      activation: "relu",
      norm: "none",
      causal: false,
      biases: { ...NO_BIAS, mlp: true },
      predict: "last",
    },
  },
  decoder: {
    batch: 64,
    model: {
      input: { vocabulary: 256 },
      outputs: 256,
      length: 64,
      layers: 4,
      heads: 4,
      width: 64,
      mlp: 256,
      activation: "gelu-tanh",
    },
  },
  ensemble: {
    batch: 32,
    model: {
      input: { vocabulary: 64 },
      outputs: 64,
      length: 32,
      layers: 2,
      heads: 2,
      width: 32,
      mlp: 0,
      norm: "none",
      biases: NO_BIAS,
    },
  },
} as const satisfies Record<string, { readonly batch: number; readonly model: TransformerOptions }>;

/** Whole numbers below `end` (…shape), each replica its own. */
function randomTokens(shape: readonly number[], end: number, key: string): Tensor<"u32"> {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const values = uniforms({ seed: 1, key }, size).map((value) => Math.floor(value * end));
  return Tensor.from(Uint32Array.from(values), shape);
}

/**
 * Makes a step ready to be timed.
 *
 * @param config Which step, and how many replicas.
 * @returns The training, whose program makes one step of all replicas.
 */
export async function trainingOf({ step, R }: TrainingConfig): Promise<Training> {
  const { batch, model: options } = STEPS[step];
  const model = transformer(options);
  const parameters = ParameterSet.create(model.parameters, Array.from({ length: R }, (_, r) => r));
  const tokens = randomTokens([R, batch, options.length], options.input.vocabulary, "tokens");
  const last = "predict" in options;
  const targets = randomTokens(last ? [R, batch] : [R, batch, options.length], options.outputs, "targets");
  return await Training.create({
    parameters,
    optimizer: adamw({ lr: 1e-3, betas: [0.9, 0.98], weightDecay: 1 }),
    loss: (weights) => crossEntropy(model.apply(weights, tokens), targets),
  });
}

if (import.meta.main) {
  const config: TrainingConfig = JSON.parse(Deno.args[0]);
  const gpu = await openGpu();
  using training = await trainingOf(config);
  await answerRounds({
    time: replaying(training.program),
    steps: config.R,
    about: { adapter: gpu.adapter, memory: training.program.memory },
  });
}
