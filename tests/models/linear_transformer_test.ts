import { assertAlmostEquals, assertEquals, assertLess, assertNotEquals, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { evaluate, record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import {
  linearTransformer,
  type LinearTransformerOptions,
  queryPrediction,
  regressionTokens,
  type VectorModel,
} from "../../lib/models/linear_transformer.ts";
import { ParameterSet, type ParameterSpec } from "../../lib/models/parameters.ts";
import { waveTensor } from "../oracles/gradients.ts";

await openGpu();

const names = (options: Omit<LinearTransformerOptions, "width" | "deviation">) =>
  Object.keys(linearTransformer({ width: 3, deviation: 1, ...options }).parameters);

Deno.test("linear transformer: names and shapes, merged or factorised, of each layer or shared", () => {
  assertEquals(names({}), ["blocks.0.attention.query", "blocks.0.attention.output"]);
  assertEquals(
    names({ layers: 2, matrices: "factorised" }),
    [0, 1].flatMap((l) => ["query", "key", "value", "output"].map((name) => `blocks.${l}.attention.${name}`)),
  );
  assertEquals(names({ layers: 5, shared: true }), names({}));
  const { parameters } = linearTransformer({ width: 3, deviation: 0.5 });
  const spec: ParameterSpec = { shape: [3, 3], init: { law: "normal", deviation: 0.5 } };
  assertEquals(Object.values(parameters), [spec, spec]);
  // One head, which checkpoints say.
  const factorised = linearTransformer({ width: 3, deviation: 0.5, matrices: "factorised" }).parameters;
  assertEquals(Object.values(factorised).map(({ heads }) => heads), [1, 1, 1, undefined]);
});

async function output(model: VectorModel, weights: Record<string, number[]>, tokens: Tensor): Promise<Float32Array> {
  using parameters = ParameterSet.create(model.parameters, [1]);
  const C = tokens.shape[3];
  parameters.load(
    Object.entries(weights).map(([name, data]) => ({
      name: `blocks.0.attention.${name}`,
      shape: [1, C, C],
      data: Float32Array.from(data),
    })),
  );
  using result = await evaluate(() => model.apply(parameters.weights, tokens));
  return await result.read();
}

Deno.test("linear transformer: one layer is a step of gradient descent on the context", async () => {
  // Tokens (x; y) of one dimension each: with W_Q = diag(1, 0) and W_P = diag(0, η), the query's y becomes η x_q Σ x y / N.
  using tokens = Tensor.from([1, 2, 2, 1, 3, 0], [1, 1, 3, 2]);
  const weights = { query: [1, 0, 0, 0], output: [0, 0, 0, 0.5] };
  for (const [queryIsKey, moment] of [[true, 4], [false, 4]] as const) {
    const model = linearTransformer({ width: 2, deviation: 1, queryIsKey });
    const found = await output(model, weights, tokens);
    assertAlmostEquals(found[5], 0.5 * 3 * moment / 2, 1e-6);
    assertEquals([...found.slice(0, 5)], [1, 2 + 0.5 * moment / 2, 2, 1 + moment / 2, 3]);
  }
});

Deno.test("linear transformer: whether the query is a key shows in the moment of its own input", async () => {
  using tokens = Tensor.from([1, 2, 2, 1, 3, 0], [1, 1, 3, 2]);
  // The query's x becomes x + x · Σ x² / N: 1 + 4 without, 1 + 4 + 9 with the query.
  const weights = { query: [1, 0, 0, 0], output: [1, 0, 0, 0] };
  const at = async (queryIsKey: boolean) =>
    (await output(linearTransformer({ width: 2, deviation: 1, queryIsKey }), weights, tokens))[4];
  assertAlmostEquals(await at(true), 3 + 3 * 14 / 2, 1e-5);
  assertAlmostEquals(await at(false), 3 + 3 * 5 / 2, 1e-5);
});

Deno.test("linear transformer: factorised with key and value of one is merged; shared layers are equal layers", async () => {
  using tokens = waveTensor([1, 4, 6, 3], 1);
  const [query, out] = [[0.1, 0.2, -0.1, 0.3, 0, 0.1, -0.2, 0.1, 0.2], [0.2, -0.1, 0, 0.1, 0.3, 0.1, 0, 0.1, -0.2]];
  const one = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const merged = await output(linearTransformer({ width: 3, deviation: 1 }), { query, output: out }, tokens);
  const factorised = linearTransformer({ width: 3, deviation: 1, matrices: "factorised" });
  const same = await output(factorised, { query, key: one, value: one, output: out }, tokens);
  same.forEach((value, i) => assertAlmostEquals(value, merged[i], 1e-6));
  const shared = linearTransformer({ width: 3, deviation: 1, layers: 2, shared: true });
  const twice = await output(shared, { query, output: out }, tokens);
  using middle = Tensor.from(merged, tokens.shape);
  assertEquals(await output(linearTransformer({ width: 3, deviation: 1 }), { query, output: out }, middle), twice);
  const damped = linearTransformer({ width: 3, deviation: 1, damping: 0.5 });
  const start = await tokens.read();
  const half = await output(damped, { query, output: out }, tokens);
  half.forEach((value, i) => assertAlmostEquals(value, (start[i] + merged[i]) / 2, 1e-6));
});

Deno.test("linear transformer: sums are N times the means; read out at the query alone, the query's token is the same", async () => {
  using tokens = waveTensor([1, 4, 6, 3], 1);
  const weights = {
    query: [0.1, 0.2, -0.1, 0.3, 0, 0.1, -0.2, 0.1, 0.2],
    output: [0.2, -0.1, 0, 0.1, 0.3, 0.1, 0, 0.1, -0.2],
  };
  const base = { width: 3, layers: 2, shared: true, queryIsKey: false, deviation: 1 } as const;
  const fifth = { ...weights, output: weights.output.map((value) => value / 5) };
  const sums = await output(linearTransformer({ ...base, average: false }), fifth, tokens);
  const means = await output(linearTransformer(base), weights, tokens);
  means.forEach((value, i) => assertAlmostEquals(sums[i], value, 1e-6));
  for (const queryIsKey of [false, true]) {
    const all = await output(linearTransformer({ ...base, queryIsKey }), weights, tokens);
    const query = await output(linearTransformer({ ...base, queryIsKey, readout: "query" }), weights, tokens);
    assertEquals(query.length, 4 * 3);
    query.forEach((value, i) => assertAlmostEquals(value, all[Math.floor(i / 3) * 18 + 15 + i % 3], 1e-6));
  }
});

Deno.test("linear transformer: replica r has the same bits alone and in an ensemble, and its program shares buffers", async () => {
  const model = linearTransformer({ width: 5, layers: 3, deviation: 0.3 });
  using tokens = waveTensor([3, 4, 7, 5], 1);
  using one = Tensor.from((await tokens.read()).slice(2 * 140), [1, 4, 7, 5]);
  const run = async (seeds: number[], tokens: Tensor) => {
    using parameters = ParameterSet.create(model.parameters, seeds);
    using program = await record("linear", () => model.apply(parameters.weights, tokens));
    assertLess(program.memory.planned, 0.7 * program.memory.unshared);
    program.replay();
    return await program.outputs.read();
  };
  const all = await run([1, 2, 3], tokens);
  assertEquals(all.slice(280), await run([3], one));
  assertNotEquals(all.slice(0, 140), all.slice(140, 280));
});

Deno.test("regression tokens: inputs and labels side by side, the query's label 0", async () => {
  using x = Tensor.from([1, 2, 3, 4, 5, 6], [1, 1, 3, 2]);
  using y = Tensor.from([7, 8], [1, 1, 2, 1]);
  using tokens = await evaluate(() => regressionTokens(x, y));
  assertEquals([...await tokens.read()], [1, 2, 7, 3, 4, 8, 5, 6, 0]);
  using labels = Tensor.from([7, 8, 9], [1, 1, 3, 1]);
  using same = await evaluate(() => regressionTokens(x, labels));
  assertEquals(await same.read(), await tokens.read());
});

Deno.test("query prediction: the last number of the last token, or minus it", async () => {
  using outputs = Tensor.from([1, 2, 3, 4, 5, 6, 7, 8], [2, 1, 2, 2]);
  using prediction = await evaluate(() => queryPrediction(outputs));
  assertEquals([prediction.shape, ...await prediction.read()], [[2, 1], 4, 8]);
  using negated = await evaluate(() => queryPrediction(outputs, { negated: true }));
  assertEquals([...await negated.read()], [-4, -8]);
  const message = "queryPrediction: expected outputs (R, B, T, C), found (8)";
  assertThrows(() => queryPrediction(outputs.reshape([8])), ShapeError, message);
});

Deno.test("linear transformer: what does not fit is refused", () => {
  const refuses = (options: LinearTransformerOptions, text: string) =>
    assertEquals(assertThrows(() => linearTransformer(options), ShapeError).message, `linearTransformer: ${text}`);
  refuses({ width: 0, deviation: 1 }, "expected a positive integer for width, found 0");
  refuses({ width: 2, layers: 0, deviation: 1 }, "expected a positive integer for layers, found 0");
  const model = linearTransformer({ width: 2, deviation: 1 });
  using parameters = ParameterSet.create(model.parameters, [1]);
  const apply = (shape: number[]) => {
    using tokens = new Tensor(shape);
    return assertThrows(() => model.apply(parameters.weights, tokens), ShapeError).message;
  };
  assertEquals(apply([1, 3, 1, 2]), "linearTransformer: expected tokens and a query, found 1 in all");
  const expected = "linearTransformer: expected tokens (R, B, T, 2)";
  assertEquals(apply([1, 3, 4]), `${expected}, found shape (1, 3, 4)`);
  assertEquals(apply([1, 3, 4, 3]), `${expected}, found shape (1, 3, 4, 3)`);
  using x = new Tensor([1, 1, 4, 2]);
  using y = new Tensor([1, 1, 2, 1]);
  assertEquals(
    assertThrows(() => regressionTokens(x, y), ShapeError).message,
    "regressionTokens: expected one input more than labels, found 4 and 2",
  );
});
