import { assert, assertAlmostEquals, assertEquals, assertLess, assertNotEquals, assertThrows } from "@std/assert";
import { scale } from "../../kernels/elementwise/unary.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { evaluate, record } from "../../lib/gpu/program.ts";
import { type DType, Tensor } from "../../lib/gpu/tensor.ts";
import { crossEntropy } from "../../lib/losses.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { sinusoidalPositions } from "../../lib/models/positions.ts";
import { transformer, type TransformerOptions } from "../../lib/models/transformer.ts";
import { waveTensor } from "../oracles/gradients.ts";

await openGpu();

const SMALL = { input: { vocabulary: 7 }, outputs: 5, length: 6, layers: 2, heads: 2, width: 8, mlp: 12 } as const;

function tokensOf(R: number, B: number, T: number, vocabulary = 7): Tensor<"u32"> {
  return Tensor.from(Uint32Array.from({ length: R * B * T }, (_, i) => (5 * i + (i >> 2)) % vocabulary), [R, B, T]);
}

/** Output of the model of `options` with the weights of another set, which has the same names. */
async function run(options: TransformerOptions, input: Tensor<DType>, from: ParameterSet): Promise<Float32Array> {
  const model = transformer(options);
  using parameters = ParameterSet.create(model.parameters, from.seeds);
  const wanted = new Set(parameters.shapes.map(({ name }) => name));
  parameters.load((await from.read()).filter(({ name }) => wanted.has(name)));
  using output = await evaluate(() => model.apply(parameters.weights, input));
  return await output.read();
}

/** Parameters that are not at their start, where many a mistake is multiplied by 0. */
async function weightsOf(options: TransformerOptions, seeds: readonly number[] = [1, 2]): Promise<ParameterSet> {
  const set = ParameterSet.create(transformer(options).parameters, seeds);
  set.load((await set.read()).map((array, index) => ({
    ...array,
    data: array.data.map((value, i) => value + 0.3 * Math.sin(3 * i + index)),
  })));
  return set;
}

Deno.test("transformer: the last position alone is the last of every position, given the same weights", async () => {
  const cases: Partial<TransformerOptions>[] = [
    {},
    { attention: "linear", norm: "rms", activation: "gelu-tanh" },
    { attention: "relu", mlp: 0, norm: "none", positions: "sinusoidal" },
    { causal: false, headWidth: 3, biases: { attention: false } },
    { layers: 1, outputs: 7, tied: true },
    { layers: 0 },
  ];
  for (const change of cases) {
    const options: TransformerOptions = { ...SMALL, ...change };
    using weights = await weightsOf(options);
    for (const T of [1, 6]) {
      using tokens = tokensOf(2, 3, T);
      const every = await run({ ...options, predict: "every" }, tokens, weights);
      const last = await run({ ...options, predict: "last" }, tokens, weights);
      const N = options.outputs;
      assertEquals(last.length, 6 * N);
      // The same sums, in products of other sizes: some roundings.
      last.forEach((value, i) =>
        assertAlmostEquals(value, every[(Math.floor(i / N) * T + T - 1) * N + i % N], 1e-5, JSON.stringify(change))
      );
    }
  }
});

Deno.test("transformer: a decoder does not see what follows, an encoder does", async () => {
  using weights = await weightsOf(SMALL);
  using short = tokensOf(2, 3, 4);
  const values = await short.read();
  using long = Tensor.from(
    Uint32Array.from({ length: 36 }, (_, i) => i % 6 < 4 ? values[Math.floor(i / 6) * 4 + i % 6] : i % 7),
    [2, 3, 6],
  );
  for (const causal of [true, false]) {
    const [few, more] = [
      await run({ ...SMALL, causal }, short, weights),
      await run({ ...SMALL, causal }, long, weights),
    ];
    let worst = 0;
    few.forEach((value, i) => {
      const [sequence, position] = [Math.floor(i / 20), i % 20];
      worst = Math.max(worst, Math.abs(value - more[sequence * 30 + position]));
    });
    if (causal) assertLess(worst, 1e-5);
    else assert(worst > 1e-2);
  }
});

Deno.test("transformer: without layers it is embedding, position, norm and unembedding", async () => {
  const options = { ...SMALL, layers: 0, norm: "rms", positions: "sinusoidal" } as const;
  using weights = await weightsOf(options, [1]);
  using tokens = tokensOf(1, 2, 5);
  const found = await run(options, tokens, weights);
  const [embedding, gain, unembedding, bias] = (await weights.read()).map(({ data }) => data);
  const table = sinusoidalPositions(5, 8);
  (await tokens.read()).forEach((token, i) => {
    const x = Array.from({ length: 8 }, (_, c) => embedding[8 * token + c] + table[8 * (i % 5) + c]);
    const scale = 1 / Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / 8 + 1e-5);
    for (let n = 0; n < 5; n++) {
      const exact = x.reduce((sum, value, c) => sum + value * scale * gain[c] * unembedding[5 * c + n], bias[n]);
      assertAlmostEquals(found[5 * i + n], exact, 1e-5);
    }
  });
});

Deno.test("transformer: sinusoidal positions are learned ones with that table", async () => {
  const learned = { ...SMALL, positions: "learned" } as const;
  using weights = await weightsOf(learned);
  weights.load(
    (await weights.read()).map((array) =>
      array.name === "embedding.position"
        ? { ...array, data: Float32Array.of(...sinusoidalPositions(6, 8), ...sinusoidalPositions(6, 8)) }
        : array
    ),
  );
  using tokens = tokensOf(2, 3, 5);
  assertEquals(await run({ ...SMALL, positions: "sinusoidal" }, tokens, weights), await run(learned, tokens, weights));
});

Deno.test("transformer: tied logits are products with the embeddings, whose gradient has both parts", async () => {
  const options = { ...SMALL, outputs: 7, layers: 1, tied: true } as const;
  const apart = transformer({ ...options, tied: false, biases: { unembedding: false } });
  const tied = transformer(options);
  using weights = await weightsOf(options, [1]);
  using separate = ParameterSet.create(apart.parameters, [1]);
  const arrays = await weights.read();
  const table = arrays.find(({ name }) => name === "embedding.token")!.data;
  const data = Float32Array.from({ length: 56 }, (_, i) => table[8 * (i % 7) + Math.floor(i / 7)]);
  separate.load([...arrays, { name: "unembedding", shape: [1, 8, 7], data }]);
  using tokens = tokensOf(1, 3, 6);
  const compute = async (model: typeof tied, set: ParameterSet) => {
    using gradient = await evaluate(() => set.gradient(crossEntropy(model.apply(set.weights, tokens), tokens)));
    return new Map((await set.read(gradient)).map(({ name, data }) => [name, data]));
  };
  const [one, two] = [await compute(tied, weights), await compute(apart, separate)];
  one.get("embedding.token")!.forEach((value, i) => {
    const [token, c] = [Math.floor(i / 8), i % 8];
    const sum = two.get("embedding.token")![i] + two.get("unembedding")![7 * c + token];
    assertAlmostEquals(value, sum, 1e-5);
  });
});

Deno.test("transformer: the residual stream before the last norm", async () => {
  const model = transformer({ ...SMALL, norm: "none", biases: { unembedding: false } });
  using weights = ParameterSet.create(model.parameters, [1]);
  using tokens = tokensOf(1, 2, 6);
  using stream = await evaluate(() => model.stream(weights.weights, tokens));
  using output = await evaluate(() => model.apply(weights.weights, tokens));
  assertEquals(stream.shape, [1, 2, 6, 8]);
  const [x, y, unembedding] = [await stream.read(), await output.read(), await weights.weights.unembedding.read()];
  y.forEach((value, i) => {
    const row = Math.floor(i / 5);
    const exact = unembedding.reduce(
      (sum, w, k) => k % 5 === i % 5 ? sum + w * x[8 * row + Math.floor(k / 5)] : sum,
      0,
    );
    assertAlmostEquals(value, exact, 1e-5);
  });
  const last = transformer({ ...SMALL, predict: "last" });
  using others = ParameterSet.create(last.parameters, [1]);
  using end = await evaluate(() => last.stream(others.weights, tokens));
  assertEquals(end.shape, [1, 2, 1, 8]);
});

Deno.test("transformer: replica r has the same bits alone and in an ensemble, output and gradient", async () => {
  const model = transformer({ ...SMALL, outputs: 7 });
  using tokens = tokensOf(3, 4, 6);
  using one = Tensor.from((await tokens.read()).slice(48), [1, 4, 6]);
  const compute = async (seeds: number[], tokens: Tensor<"u32">) => {
    using parameters = ParameterSet.create(model.parameters, seeds);
    const { output, gradient } = await evaluate(() => {
      const output = model.apply(parameters.weights, tokens);
      return { output, gradient: parameters.gradient(crossEntropy(output, tokens)) };
    });
    const found = [await output.read(), ...(await parameters.read(gradient)).map(({ data }) => data)];
    output.destroy();
    gradient.destroy();
    return found.map((data) => data.slice(-data.length / seeds.length));
  };
  assertEquals(await compute([1, 2, 3], tokens), await compute([3], one));
  assertNotEquals(await compute([1, 2, 3], tokens), await compute([1, 2, 4], tokens));
});

Deno.test("transformer: planning shrinks the memory of a training step; without gradients, more layers need no more", async () => {
  const plan = async (layers: number, train: boolean) => {
    const model = transformer({ ...SMALL, layers, outputs: 7, width: 32, mlp: 128, length: 32 });
    using parameters = ParameterSet.create(model.parameters, [1, 2]);
    using tokens = tokensOf(2, 4, 32);
    using program = await record("step", () => {
      const logits = model.apply(parameters.weights, tokens);
      return train ? parameters.gradient(crossEntropy(logits, tokens)) : crossEntropy(logits, tokens);
    });
    return program.memory;
  };
  const training = await plan(4, true);
  assertLess(training.planned, 0.7 * training.unshared);
  const [shallow, deep] = [await plan(2, false), await plan(8, false)];
  assertEquals(deep.planned, shallow.planned);
  assertLess(shallow.unshared, deep.unshared);
});

Deno.test("transformer: inputs that do not fit are refused", () => {
  const refuses = (input: TransformerOptions["input"], tensor: Tensor<DType>, found: string) => {
    const model = transformer({ ...SMALL, input });
    using parameters = ParameterSet.create(model.parameters, [1]);
    const { message } = assertThrows(() => model.apply(parameters.weights, tensor), ShapeError);
    const expected = "vocabulary" in input ? "tokens (R, B, T) of u32" : "vectors (R, B, T, D)";
    assertEquals(message, `transformer: expected ${expected} with T ≤ 6, found ${found}`);
    tensor.destroy();
  };
  const { vocabulary } = SMALL.input;
  refuses({ vocabulary }, tokensOf(1, 2, 7), "u32 (1, 2, 7)");
  refuses({ vocabulary }, new Tensor([1, 2, 6]), "f32 (1, 2, 6)");
  refuses({ vocabulary }, new Tensor([2, 6], "u32"), "u32 (2, 6)");
  refuses({ dimension: 3 }, waveTensor([1, 2, 7, 3], 1), "f32 (1, 2, 7, 3)");
  refuses({ dimension: 3 }, tokensOf(1, 2, 6), "u32 (1, 2, 6)");
  const model = transformer({ ...SMALL, input: { dimension: 3 } });
  using parameters = ParameterSet.create(model.parameters, [1]);
  using wide = waveTensor([1, 2, 6, 4], 1);
  assertThrows(
    () => model.apply(parameters.weights, wide),
    ShapeError,
    "linear: expected activations (R, …, C) and weights (R, C, N), found (1, 2, 6, 4) and (1, 3, 8)",
  );
  using two = tokensOf(2, 2, 6);
  const decoder = transformer(SMALL);
  using single = ParameterSet.create(decoder.parameters, [1]);
  assertThrows(() => decoder.apply(single.weights, two), ShapeError, "embedding");
});

Deno.test("transformer: a trace ends in the output of apply, bit for bit, and its stream in that of stream", async () => {
  const cases: Partial<TransformerOptions>[] = [
    {},
    { mlp: 0, norm: "rms", positions: "sinusoidal" },
    { norm: "none", attention: "relu", causal: false, headWidth: 3, biases: { attention: false } },
    { attention: "linear", activation: "gelu-tanh", predict: "last" },
    { norm: "none", predict: "last" },
    { layers: 0, predict: "last" },
  ];
  for (const change of cases) {
    const options: TransformerOptions = { ...SMALL, ...change };
    const model = transformer(options);
    using weights = await weightsOf(options);
    using tokens = tokensOf(2, 3, 5);
    const [B, T, C, H] = [3, 5, options.width, options.heads];
    const found = await evaluate(() => ({
      ...model.trace(weights.weights, tokens),
      applied: model.apply(weights.weights, tokens),
      stream: model.stream(weights.weights, tokens),
    }));
    const values = async (tensor: Tensor) => [...await tensor.read()];
    assertEquals(await values(found.output), await values(found.applied), JSON.stringify(change));
    const last = options.predict === "last";
    if (options.layers > 0) assertEquals(await values(found.residual.at(-1)!), await values(found.stream));
    assertEquals(found.residual.length, options.layers + 1);
    found.residual.forEach(({ shape }, layer) =>
      assertEquals(shape, [2, B, last && layer > 0 && layer === options.layers ? 1 : T, C])
    );
    found.patterns.forEach(({ shape }, layer) =>
      assertEquals(shape, [2, B, H, last && layer === options.layers - 1 ? 1 : T, T])
    );
    for (const { shape } of found.normed) assertEquals(shape, [2, B, T, C]);
    const { residual, normed, patterns, ...others } = found;
    for (const tensor of [...residual, ...normed, ...patterns, ...Object.values(others)]) tensor.destroy();
  }
});

Deno.test("transformer: going on from any layer of a trace gives the output of apply, bit for bit; the stream alone matters", async () => {
  for (const predict of ["every", "last"] as const) {
    const options = { ...SMALL, predict };
    const model = transformer(options);
    using weights = await weightsOf(options);
    using tokens = tokensOf(2, 3, 5);
    using output = await evaluate(() => model.apply(weights.weights, tokens));
    const expected = await output.read();
    for (const layer of [0, 1, 2]) {
      const from = (change: (x: Tensor) => Tensor) =>
        evaluate(() =>
          model.applyFrom(weights.weights, change(model.trace(weights.weights, tokens).residual[layer]), layer)
        );
      using same = await from((x) => x);
      assertEquals([same.shape, await same.read()], [output.shape, expected], `layer ${layer}`);
      using other = await from((x) => scale(x, 1, 0.5));
      assertNotEquals(await other.read(), expected);
    }
    using stream = new Tensor([2, 3, 5, 8]);
    using narrow = new Tensor([2, 3, 5, 7]);
    const refused = (x: Tensor, layer: number) =>
      assertThrows(() => model.applyFrom(weights.weights, x, layer), ShapeError).message;
    assertEquals(refused(stream, 3), "transformer: expected a layer from 0 to 2 to go on from, found 3");
    assertEquals(
      refused(narrow, 1),
      "transformer: expected a residual stream (R, B, T, 8) with T ≤ 6, found (2, 3, 5, 7)",
    );
  }
});

Deno.test("transformer: traced patterns are the softmax of the scores of the traced stream, in float64", async () => {
  for (const predict of ["every", "last"] as const) {
    const options = { ...SMALL, norm: "rms", predict } as const;
    const [R, B, T, C, H] = [2, 3, 5, 8, 2];
    const E = C / H;
    const model = transformer(options);
    using weights = await weightsOf(options);
    using tokens = tokensOf(R, B, T);
    const found = await evaluate(() => {
      const { residual, normed, patterns } = model.trace(weights.weights, tokens);
      return { residual, normed, patterns };
    });
    const named = Object.fromEntries((await weights.read()).map(({ name, data }) => [name, data]));
    for (let layer = 0; layer < 2; layer++) {
      const of = (name: string) => named[`blocks.${layer}.${name}`];
      const [x, y, pattern] = [
        await found.residual[layer].read(),
        await found.normed[layer].read(),
        await found.patterns[layer].read(),
      ];
      const S = pattern.length / (R * B * H * T);
      const normed = (r: number, b: number, t: number) => {
        const row = x.slice(((r * B + b) * T + t) * C).slice(0, C);
        const scale = 1 / Math.sqrt(row.reduce((sum, value) => sum + value * value, 0) / C + 1e-5);
        return Array.from(row, (value, c) => value * scale * of("norm1.gain")[r * C + c]);
      };
      const projected = (name: string, r: number, h: number, input: readonly number[]) =>
        Array.from({ length: E }, (_, e) =>
          input.reduce(
            (sum, value, c) => sum + value * of(`attention.${name}`)[(r * C + c) * C + h * E + e],
            of(`attention.${name}_bias`)[r * C + h * E + e],
          ));
      for (let r = 0; r < R; r++) {
        for (let b = 0; b < B; b++) {
          const inputs = Array.from({ length: T }, (_, t) => normed(r, b, t));
          inputs.flat().forEach((value, i) => assertAlmostEquals(y[(r * B + b) * T * C + i], value, 1e-5));
          for (let h = 0; h < H; h++) {
            const keys = inputs.map((input) => projected("key", r, h, input));
            for (let s = 0; s < S; s++) {
              const t = T - S + s;
              const query = projected("query", r, h, inputs[t]);
              const scores = keys.slice(0, t + 1).map((key) =>
                Math.exp(key.reduce((sum, value, e) => sum + value * query[e], 0) / Math.sqrt(E))
              );
              const total = scores.reduce((sum, value) => sum + value);
              for (let j = 0; j < T; j++) {
                const weight = pattern[(((r * B + b) * H + h) * S + s) * T + j];
                assertAlmostEquals(weight, j <= t ? scores[j] / total : 0, 1e-5);
              }
            }
          }
        }
      }
    }
    for (const tensor of [...found.residual, ...found.normed, ...found.patterns]) tensor.destroy();
  }
});
