/** Two further models: softmax attention on separate tokens of inputs and labels, and a perceptron in front of the layer. */
import * as lab from "../../mod.ts";
import { construct, predictionOf, promptsOf, sensitivity, shape } from "./models.ts";
import { FRONT, FRONTS, GD, type Run, SEPARATE, type Setting, versus } from "./setting.ts";

const { mean } = lab.statistics;

/** Setting of the model on separate tokens, in the names of the main one. */
const separateSetting = (setting: Setting): Setting => ({
  ...setting,
  dimension: setting["separate-dimension"],
  context: setting["separate-context"],
});

/** Trains softmax attention and a linear layer on separate tokens; one step of gradient descent beside it. */
export async function trainSeparate(run: Run): Promise<void> {
  const setting = separateSetting(run.configuration);
  const { dimension: D, context: N, "separate-positions": positions, "separate-steps": steps } = setting;
  const seeds = lab.consecutiveSeeds(run.seed, setting["separate-replicas"]);
  const deviation = Math.sqrt(setting["separate-scale"] / 2 / (D + 1 + positions));
  const model = lab.softmaxThenLinear({ width: D + 1, positions, deviation });
  const law = lab.uniformInputs({ dimension: D, context: N, range: setting.range });
  const factor = lab.bestStep(law);
  const descent = construct(setting, { rates: [N * factor] }, seeds);
  const [train, test] = ["separate-batch", "test"].map((size) => promptsOf(setting, setting[size as "test"]));
  // Derivatives token by token cost as many passes as there are tokens, and are alike for all prompts.
  const some = promptsOf(setting, Math.min(setting.test, 128));
  /** Tokens (x_1; 0), (0; y_1), …, (x_q; 0). */
  const separated = ({ x, y }: ReturnType<typeof train>) =>
    lab.slice(lab.interleavedTokens(x, lab.select(y, 3, 0)), 2, 0, 2 * N + 1);
  const answer = (weights: lab.Weights, tokens: lab.Tensor) => {
    const [R, B] = tokens.shape;
    return lab.negate(lab.slice(model.apply(weights, tokens), 3, D, D + 1)).reshape([R, B]);
  };
  using parameters = lab.ParameterSet.create(model.parameters, seeds);
  using training = await lab.Training.create({
    parameters,
    optimizer: lab.adamw({
      lr: setting["separate-lr"],
      betas: [0.9, 0.98],
      weightDecay: 0,
      clip: setting["separate-clip"],
    }),
    loss: (weights, draw) => {
      const prompts = train(draw, "train");
      return lab.meanSquare(answer(weights, separated(prompts)), prompts.label, { half: true });
    },
    evaluations: {
      compared: (weights, draw) => {
        const prompts = test(draw, "test");
        const tokens = separated(prompts);
        const prediction = answer(weights, tokens);
        const slope = lab.slice(lab.select(lab.gradients(prediction, [tokens])[0], 2, -1), 2, 0, D);
        const other = sensitivity(descent.model, descent.parameters.weights, prompts.tokens);
        const inner = (a: lab.Tensor, b: lab.Tensor) => lab.sum(lab.multiply(a, b), [2]);
        const norms = lab.sqrt(lab.multiply(inner(slope, slope), inner(other.slope, other.slope)));
        const cosine = lab.divide(inner(slope, other.slope), lab.maximum(norms, lab.fill(norms.shape, 1e-20)));
        const half = (prediction: lab.Tensor) => lab.meanSquare(prediction, prompts.label, { half: true });
        return {
          loss: half(prediction),
          [versus("loss", GD)]: half(other.prediction),
          [versus("difference", GD)]: lab.mean(lab.abs(lab.subtract(prediction, other.prediction)), [1]),
          [versus("cosine", GD)]: lab.mean(cosine, [1]),
        } as Record<string, lab.Tensor>;
      },
      pattern: (weights, draw) => model.pattern(weights, separated(test(draw, "test"))),
      moved: (weights, draw) => {
        // ‖∂ token t of the first layer / ∂ token i‖², by random directions: Σ_c (Σ_k r_k ∂s_tk/∂e_ic)² has it as its mean.
        const tokens = separated(some(draw, "test"));
        const [R, B, T] = tokens.shape;
        const stream = model.first(weights, tokens);
        const directions = lab.normalFill({ ...draw, key: "directions" }, { I: B, C: D + 1 + positions });
        const rows = Array.from({ length: 2 * N }, (_, t) => {
          const projected = lab.sum(lab.multiply(lab.select(stream, 2, t), directions), [2]);
          const slopes = lab.gradients(projected, [tokens])[0];
          return lab.mean(lab.sum(lab.square(slopes), [3]), [1]).reshape([R, 1, T]);
        });
        return lab.concatenate(rows, 1);
      },
    },
    from: run.restored(SEPARATE),
  });
  const reports = lab.linearAndLogarithmicSteps(setting.reports, steps);
  const design = new lab.Conditions([{ name: SEPARATE, seeds }]);
  for await (const { step, evaluations } of lab.follow(training, { label: SEPARATE, reports }, run)) {
    const { compared, pattern, moved } = evaluations;
    const copied = seeds.map((_, r) => copying(pattern, moved, r, 2 * N + 1));
    run.measure({ series: design, step }, {
      ...compared,
      ...Object.fromEntries(
        Object.keys(copied[0]).map((name) => [name, copied.map((one) => one[name as keyof typeof one])]),
      ),
    });
  }
  const spectra = lab.uniformSpectra({ dimension: D, context: N, range: setting.range, samples: setting.spectra });
  const two = lab.bestDescent(spectra, { steps: 2 });
  const of = { series: SEPARATE, quantity: "loss" };
  run.theory(GD, of, reports, reports.map(() => lab.oneStepLoss(law, factor)));
  run.theory("GD, two steps", of, reports, reports.map(() => two.loss));
  descent.parameters[Symbol.dispose]();
}

/**
 * Says how far the first layer copies: attention of inputs to their own labels and back, and the share of a partner in what moves a token.
 *
 * @param pattern Attention (R, T, T), query by key.
 * @param moved Squared norms of derivatives (R, T − 1, T), token by what moves it.
 * @param r Replica.
 * @param T Tokens, the query last: inputs at even places, their labels behind them.
 * @returns Means over pairs.
 */
export function copying(pattern: Float32Array, moved: Float32Array, r: number, T: number) {
  const pairs = Array.from({ length: (T - 1) / 2 }, (_, n) => n);
  const attention = (query: number, key: number) => pattern[(r * T + query) * T + key];
  const share = (token: number, partner: number) => {
    const row = moved.subarray((r * (T - 1) + token) * T, (r * (T - 1) + token + 1) * T);
    const others = row.reduce((sum, value, at) => at === token ? sum : sum + value, 0);
    return row[partner] / Math.max(others, 1e-30);
  };
  return {
    "attention of inputs to their labels": mean(pairs.map((n) => attention(2 * n, 2 * n + 1))),
    "attention of labels to their inputs": mean(pairs.map((n) => attention(2 * n + 1, 2 * n))),
    "share of its label in what moves an input": mean(pairs.map((n) => share(2 * n, 2 * n + 1))),
    "share of its input in what moves a label": mean(pairs.map((n) => share(2 * n + 1, 2 * n))),
  };
}

/** Loss ½ E (y − E[y | x])² of the best predictor of sines that sees no context: a from U(.1, .5), φ from U(0, π), x far apart. */
export const WITHOUT_CONTEXT = (() => {
  const [low, high] = [0.1, 0.5];
  const [first, second] = [(low + high) / 2, (high ** 3 - low ** 3) / 3 / (high - low)];
  // E sin²(x + φ) over φ is ½; E[y | x] = E a · (2/π) cos x, and cos² has the mean ½ + sin 10/20 on (−5, 5).
  return 0.5 * (second / 2 - (first * 2 / Math.PI) ** 2 * (0.5 + Math.sin(10) / 20));
})();

/** Trains the layer behind a perceptron on sine functions; one step of gradient descent behind a perceptron; the layer alone. */
export async function trainSine(run: Run): Promise<void> {
  const setting = run.configuration;
  const { "sine-context": N, "sine-features": F, "sine-hidden": hidden, "sine-steps": steps, "sine-lr": lr } = setting;
  const seeds = lab.consecutiveSeeds(run.seed, setting["sine-replicas"]);
  const front = lab.mlp({ widths: [1, hidden, hidden, F], activation: "gelu" });
  const layerOf = (width: number) => {
    const deviation = Math.sqrt(setting["sine-scale"] / width);
    return lab.linearTransformer({
      ...shape({ ...setting, dimension: width - 1 }),
      matrices: "factorised",
      readout: "query",
      deviation,
    });
  };
  const sampler = (batch: number) => lab.sineFunctions({ context: N + 1, batch });
  const [train, test] = [sampler(setting["sine-batch"]), sampler(setting.test)];
  const inFront = (prefix: string, specs: lab.ParameterSpecs) =>
    Object.fromEntries(Object.entries(specs).map(([name, spec]) => [prefix + name, spec]));
  const behind = (prefix: string, weights: lab.Weights) =>
    Object.fromEntries(
      Object.entries(weights).flatMap(([name, one]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), one]] : []
      ),
    );
  /** Points in units of their range, as vectors of one number. */
  const points = ({ x }: lab.SineFunctionsBatch) => lab.scale(x, 1 / 5).reshape([...x.shape, 1]);
  const features = (weights: lab.Weights, batch: lab.SineFunctionsBatch) =>
    front.apply(behind("front.", weights), points(batch));
  const labels = ({ y }: lab.SineFunctionsBatch) => y.reshape([...y.shape, 1]);
  const read = (width: number, weights: lab.Weights, x: lab.Tensor, y: lab.Tensor) =>
    predictionOf(layerOf(width).apply(behind("layer.", weights), lab.regressionTokens(x, y)));
  const models: Record<string, {
    parameters: lab.ParameterSpecs;
    answer: (weights: lab.Weights, batch: lab.SineFunctionsBatch) => lab.Tensor;
  }> = {
    [FRONT.layer]: {
      parameters: { ...inFront("front.", front.parameters), ...inFront("layer.", layerOf(F + 1).parameters) },
      answer: (weights, batch) => read(F + 1, weights, features(weights, batch), labels(batch)),
    },
    [FRONT.descent]: {
      parameters: {
        ...inFront("front.", front.parameters),
        rate: { shape: [1], init: { law: "constant", value: 0.1 } },
      },
      answer: (weights, batch) => {
        const phi = features(weights, batch);
        const step = lab.sum(lab.multiply(lab.slice(phi, 2, 0, N), lab.slice(labels(batch), 2, 0, N)), [2]);
        return lab.multiply(lab.sum(lab.multiply(step, lab.select(phi, 2, -1)), [2]), weights.rate);
      },
    },
    [FRONT.alone]: {
      parameters: inFront("layer.", layerOf(2).parameters),
      answer: (weights, batch) => read(2, weights, points(batch), labels(batch)),
    },
  };
  const reports = lab.linearAndLogarithmicSteps(Math.ceil(setting.reports / 2), steps);
  for (const series of FRONTS) {
    const { parameters: specs, answer } = models[series];
    using parameters = lab.ParameterSet.create(specs, seeds);
    const lossOf = (weights: lab.Weights, batch: lab.SineFunctionsBatch) =>
      lab.meanSquare(answer(weights, batch), lab.select(batch.y, 2, -1), { half: true });
    using training = await lab.Training.create({
      parameters,
      optimizer: lab.adamw({ lr, betas: [0.9, 0.98], weightDecay: 0, clip: setting["sine-clip"] }),
      loss: (weights, draw) => lossOf(weights, train({ ...draw, key: "train" })),
      evaluations: { loss: (weights, draw) => lossOf(weights, test({ ...draw, key: "test" })) },
      from: run.restored(series),
    });
    const design = new lab.Conditions([{ name: series, seeds }]);
    for await (const { step, evaluations } of lab.follow(training, { label: series, reports }, run)) {
      run.measure({ series: design, step }, evaluations);
    }
    run.theory("best without context", { series, quantity: "loss" }, reports, reports.map(() => WITHOUT_CONTEXT));
  }
}
