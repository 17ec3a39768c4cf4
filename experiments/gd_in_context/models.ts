/** Models, prompts and constructed descents, and what is read off them. */
import * as lab from "../../mod.ts";
import { lawOf, ONE, type Run, type Setting } from "./setting.ts";

/** Options that all models share. */
export const shape = ({ dimension }: Setting) =>
  ({ width: dimension + 1, queryIsKey: false, average: false, deviation: 1 }) as const;

/** The trained model. */
export function modelOf(setting: Setting, depth: number): lab.VectorModel {
  const deviation = Math.sqrt(setting.scale / depth / (setting.dimension + 1));
  const recurrent = { layers: depth, shared: true, matrices: "factorised", readout: "query" } as const;
  return lab.linearTransformer({ ...shape(setting), ...recurrent, deviation });
}

/** Prompts: tokens (R, B, N + 1, D + 1), inputs and labels. */
export function promptsOf(
  setting: Setting,
  batch: number,
  task: Partial<Record<"range" | "context" | "noise", number>> = {},
) {
  const { dimension, context, range, noise } = { noise: 0, ...setting, ...task };
  const inputs = { law: "uniform", scale: range } as const;
  const sampler = lab.linearRegression({ dimension, context: context + 1, batch, inputs, outputs: 1, noise });
  return (draw: lab.StepDraw, key: string) => {
    const { x, y } = sampler({ ...draw, key });
    return { x, y, tokens: lab.regressionTokens(x, y), label: lab.select(lab.select(y, 3, 0), 2, -1) };
  };
}

/** Minus the y of the last token, (R, B). */
export const predictionOf = (tokens: lab.Tensor) => lab.queryPrediction(tokens, { negated: true });

/** Predictions of a model, and how they change with the query's input, ∂ŷ/∂x_q (R, B, D). */
export function sensitivity(model: lab.VectorModel, weights: lab.Weights, tokens: lab.Tensor) {
  const prediction = predictionOf(model.apply(weights, tokens));
  const slope = lab.select(lab.gradients(prediction, [tokens])[0], 2, -1);
  return { prediction, slope: lab.slice(slope, 2, 0, slope.shape[2] - 1) };
}

/** A descent as a linear transformer with constructed weights. */
export function construct(setting: Setting, { rates, shrinkages }: lab.DescentSteps, seeds: readonly number[]) {
  const { dimension, context } = setting;
  const model = lab.linearTransformer({ ...shape(setting), layers: rates.length, readout: "query" });
  const parameters = lab.ParameterSet.create(model.parameters, seeds);
  const perPair = (values: readonly number[]) => values.map((value) => value / context);
  const sizes = { rates: perPair(rates), ...(shrinkages && { shrinkages: perPair(shrinkages) }) };
  parameters.load(lab.descentConstruction({ dimension, ...sizes, replicas: seeds.length }));
  return { model, parameters };
}

/** Numbers of one replica, of arrays (R, …). */
export const ofReplica = (factors: Float32Array, { length: R }: readonly number[], r: number) =>
  Float64Array.from(factors.subarray(r * factors.length / R, (r + 1) * factors.length / R));

/** Computes a layer's effective step, the distance of K from a multiple of the identity, and the exact loss. */
export function weightNumbers(setting: Setting, factors: readonly Float64Array[]): Record<string, number[]> {
  const found = factors.map((one) => {
    const { query, output } = lab.mergedLayer(one);
    const parts = lab.layerParts(query, output);
    const step = lab.effectiveStep(parts);
    const D = setting.dimension;
    const diagonal = lab.statistics.mean(step.filter((_, at) => at % (D + 1) === 0));
    const off = lab.statistics.mean(step.filter((_, at) => at % (D + 1) !== 0).map(Math.abs));
    const { loss, even } = lab.layerLoss(lawOf(setting), parts);
    return { step: diagonal, off: off / Math.max(Math.abs(diagonal), 1e-12), loss, even };
  });
  return {
    "effective step": found.map(({ step }) => step),
    "off-diagonal share": found.map(({ off }) => off),
    "exact loss of one layer": found.map(({ loss }) => loss),
    "exact loss, even part": found.map(({ even }) => even),
  };
}

/** Merged matrices of the trained one-layer model, of each replica. */
export const trainedLayers = ({ snapshots, seeds }: Run) => {
  const { data } = snapshots.at(ONE)[0];
  return seeds.map((_, r) => lab.mergedLayer(ofReplica(data, seeds, r)));
};

/** A one-layer model with given merged matrices of each replica. */
export function mergedModel(
  { configuration: setting, seeds }: Run,
  each: readonly ReturnType<typeof lab.mergedLayer>[],
) {
  const C = setting.dimension + 1;
  const model = lab.linearTransformer(shape(setting));
  const parameters = lab.ParameterSet.create(model.parameters, seeds);
  parameters.load((["query", "output"] as const).map((name) => ({
    name: `blocks.0.attention.${name}`,
    shape: [seeds.length, C, C],
    data: Float32Array.from(each.flatMap((one) => [...one[name]])),
  })));
  return { model, parameters };
}
