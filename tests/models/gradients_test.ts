import { assertLess } from "@std/assert";
import { twiceDifferentiable } from "../../lib/autodiff/differentiable.ts";
import { hessianVectorProduct } from "../../lib/autodiff/gradients.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { crossEntropy, meanSquare } from "../../lib/losses.ts";
import { linearTransformer } from "../../lib/models/linear_transformer.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { transformer, type TransformerOptions } from "../../lib/models/transformer.ts";
import { assertGradients, waveTensor } from "../oracles/gradients.ts";

await openGpu();

const SMALL = { layers: 2, heads: 2, width: 8, mlp: 12, length: 5, outputs: 6 } as const;

/** Some forty single-precision operations one after the other, relative to the largest element of each gradient. */
const TOLERANCE = 2e-5;

async function assertModelGradients(options: TransformerOptions): Promise<void> {
  const [R, B, T] = [2, 3, 5];
  const model = transformer(options);
  using parameters = ParameterSet.create(model.parameters, [1, 2]);
  const last = options.predict === "last";
  const lead = last ? [R, B] : [R, B, T];
  const tokens = "vocabulary" in options.input;
  const [input, target] = tokens
    ? [
      Tensor.from(Uint32Array.from({ length: R * B * T }, (_, i) => (7 * i) % 6), [R, B, T]),
      Tensor.from(Uint32Array.from({ length: lead.reduce((a, b) => a * b) }, (_, i) => (5 * i) % 6), lead),
    ]
    : [waveTensor([R, B, T, 4], 1), waveTensor([...lead, 6], 2)];
  const compute = () => {
    const output = model.apply(parameters.weights, input);
    return tokens ? crossEntropy(output, target as Tensor<"u32">) : meanSquare(output, target as Tensor);
  };
  await assertGradients(compute, Object.values(parameters.weights), TOLERANCE);
  input.destroy();
  target.destroy();
}

Deno.test("gradients of whole models agree with central differences in float64", async () => {
  const tokens = { ...SMALL, input: { vocabulary: 6 } };
  const vectors = { ...SMALL, input: { dimension: 4 } };
  await assertModelGradients({ ...tokens, activation: "gelu-tanh" });
  await assertModelGradients({ ...tokens, norm: "rms", predict: "last", positions: "sinusoidal" });
  await assertModelGradients({ ...tokens, mlp: 0, norm: "none", tied: true });
  await assertModelGradients({ ...vectors, attention: "linear", causal: false });
  await assertModelGradients({ ...vectors, attention: "relu", norm: "none", activation: "gelu" });
});

Deno.test("gradients of linear transformers agree with central differences in float64", async () => {
  using x = waveTensor([2, 3, 5, 4], 1);
  for (const matrices of ["merged", "factorised"] as const) {
    for (const shared of [true, false]) {
      const model = linearTransformer({ width: 4, layers: 2, deviation: 0.4, matrices, shared, queryIsKey: shared });
      using parameters = ParameterSet.create(model.parameters, [1, 2]);
      await assertGradients(() => model.apply(parameters.weights, x), Object.values(parameters.weights), TOLERANCE);
    }
  }
});

Deno.test("gradients of a linear transformer's prediction with respect to its tokens agree with central differences in float64", async () => {
  using x = waveTensor([2, 3, 5, 4], 1);
  const options = { width: 4, layers: 2, deviation: 0.4, shared: true, queryIsKey: false, average: false } as const;
  const model = linearTransformer({ ...options, matrices: "factorised", readout: "query" });
  using parameters = ParameterSet.create(model.parameters, [1, 2]);
  await assertGradients(() => model.apply(parameters.weights, x), [x, ...Object.values(parameters.weights)], TOLERANCE);
});

Deno.test("a Hessian-vector product of a transformer is the difference of its gradients", async () => {
  const [R, B, T] = [2, 3, 5];
  const model = transformer({ ...SMALL, input: { vocabulary: 6 } });
  using parameters = ParameterSet.create(model.parameters, [3, 4]);
  using tokens = Tensor.from(Uint32Array.from({ length: R * B * T }, (_, i) => (7 * i) % 6), [R, B, T]);
  const weights = Object.values(parameters.weights);
  const vectors = weights.map(({ shape }, index) => waveTensor(shape, index + 1));
  const loss = () => crossEntropy(model.apply(parameters.weights, tokens), tokens);
  const products = await evaluate(() => hessianVectorProduct(twiceDifferentiable(loss), weights, vectors));
  const start = await parameters.flat.read();
  const direction = new Float32Array(start.length);
  for (const [index, vector] of vectors.entries()) {
    direction.set(await vector.read(), weights[index].start);
  }
  const slopes: Float32Array[] = [];
  // The error falls as its square from 4e-3 on (9e-3, 2.6e-3 at 2e-3), down to roundings of 6e-8 / step.
  const step = 5e-4;
  for (const sign of [1, -1]) {
    parameters.flat.write(start.map((value, i) => value + sign * step * direction[i]));
    using gradient = await evaluate(() => parameters.gradient(loss()));
    slopes.push(await gradient.read());
  }
  let [worst, largest] = [0, 0];
  for (const [index, product] of products.entries()) {
    const found = await product.read();
    const first = weights[index].start;
    found.forEach((value, i) => {
      const difference = (slopes[0][first + i] - slopes[1][first + i]) / (2 * step);
      worst = Math.max(worst, Math.abs(value - difference));
      largest = Math.max(largest, Math.abs(value));
    });
    product.destroy();
    vectors[index].destroy();
  }
  assertLess(worst / largest, 2e-3);
});
