import { assert, assertAlmostEquals, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { subtract } from "../../kernels/elementwise/binary.ts";
import { mean } from "../../kernels/reduce/reduce.ts";
import { square } from "../../kernels/elementwise/unary.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { evaluate, record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { mlp, type MlpOptions } from "../../lib/models/mlp.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { adamw } from "../../lib/optim/adamw.ts";
import { everySteps, Training, type TrainingState } from "../../lib/train/training.ts";
import { assertGradients, waveTensor } from "../oracles/gradients.ts";

await openGpu();

Deno.test("mlp: names and shapes of parameters and buffers, in the order of their use", () => {
  const shapes = (options: MlpOptions) => {
    const { parameters, buffers } = mlp(options);
    return [parameters, buffers].map((specs) => Object.entries(specs).map(([name, { shape }]) => [name, ...shape]));
  };
  assertEquals(shapes({ widths: [3, 5, 2] }), [
    [["layers.0.weight", 3, 5], ["layers.0.bias", 5], ["layers.1.weight", 5, 2], ["layers.1.bias", 2]],
    [],
  ]);
  assertEquals(shapes({ widths: [3, 2], biases: false, norm: "batch" }), [[["layers.0.weight", 3, 2]], []]);
  const norm = [["layers.0.weight", 3, 5], ["layers.0.norm.gain", 5], ["layers.0.norm.bias", 5], [
    "layers.1.weight",
    5,
    2,
  ]];
  assertEquals(shapes({ widths: [3, 5, 2], biases: false, norm: "layer" }), [norm, []]);
  assertEquals(shapes({ widths: [3, 5, 2], biases: false, norm: "batch" }), [
    norm,
    [["layers.0.norm.mean", 5], ["layers.0.norm.variance", 5]],
  ]);
});

Deno.test("mlp: what it computes is two products, two sums and a rectifier", async () => {
  const model = mlp({ widths: [2, 3, 1], activation: "leaky_relu", slope: 0.25 });
  using parameters = ParameterSet.create(model.parameters, [1]);
  parameters.load([
    { name: "layers.0.weight", shape: [1, 2, 3], data: Float32Array.of(1, -1, 2, 0, 1, -2) },
    { name: "layers.0.bias", shape: [1, 3], data: Float32Array.of(0, 1, -1) },
    { name: "layers.1.weight", shape: [1, 3, 1], data: Float32Array.of(1, 10, 100) },
    { name: "layers.1.bias", shape: [1, 1], data: Float32Array.of(0.5) },
  ]);
  using input = Tensor.from([1, 2, -1, 0], [1, 2, 2]);
  using output = await evaluate(() => model.apply(parameters.weights, input));
  // (1, 2) → (1, 2, −3) → (1, 2, −0.75); (−1, 0) → (−1, 2, −3) → (−0.25, 2, −0.75).
  assertEquals([...await output.read()], [1 + 20 - 75 + 0.5, -0.25 + 20 - 75 + 0.5]);
});

Deno.test("mlp: gradients of every activation and norm agree with central differences in float64", async () => {
  using input = waveTensor([2, 7, 3], 1);
  const cases: Partial<MlpOptions>[] = [
    { activation: "tanh" },
    { activation: "gelu", norm: "layer" },
    { activation: "gelu", approximate: "tanh", biases: false },
    { activation: "relu", norm: "batch" },
    { activation: "leaky_relu", slope: 0.2, init: "he" },
    { activation: "sigmoid", norm: "layer", init: "pytorch" },
    { activation: "softplus" },
    { activation: "linear", widths: [3, 4, 4, 2], init: { deviation: 0.5 } },
  ];
  for (const options of cases) {
    const model = mlp({ widths: [3, 5, 4, 2], ...options });
    using parameters = ParameterSet.create(model.parameters, [1, 2]);
    // Some ten operations one after the other. A bias before batch normalisation has no effect, and no gradient to compare.
    const names = Object.keys(parameters.weights).filter((name) => options.norm !== "batch" || !/[01].bias/.test(name));
    const tensors = names.map((name) => parameters.weights[name]);
    const compute = () => model.apply(parameters.weights, input);
    await assertGradients(compute, tensors, 1e-5, JSON.stringify(options));
  }
});

Deno.test("mlp: batch norm moves its running averages in training and uses them outside of it", async () => {
  const model = mlp({ widths: [1, 1, 1], activation: "linear", norm: "batch", biases: false });
  using parameters = ParameterSet.create(model.parameters, [1]);
  using averages = ParameterSet.create(model.buffers, [1]);
  const one = (name: string, value: number) => ({ name, shape: [1, 1], data: Float32Array.of(value) });
  parameters.load([
    { ...one("layers.0.weight", 2), shape: [1, 1, 1] },
    one("layers.0.norm.gain", 3),
    one("layers.0.norm.bias", 4),
    { ...one("layers.1.weight", 1), shape: [1, 1, 1] },
  ]);
  using input = Tensor.from([1, 3], [1, 2, 1]);
  const buffers = averages.weights;
  using trained = await evaluate(() => model.apply(parameters.weights, input, { buffers }));
  // 2 x = (2, 6) has mean 4 and variance 4; unbiased 8. The averages move by a tenth from 0 and 1.
  (await trained.read()).forEach((value, i) => assertAlmostEquals(value, [1, 7][i], 1e-4));
  const moved = await averages.read();
  assertEquals(moved.map(({ name }) => name), ["layers.0.norm.mean", "layers.0.norm.variance"]);
  moved.forEach(({ data }, i) => assertAlmostEquals(data[0], [0.4, 1.7][i], 1e-6));
  using output = await evaluate(() => model.apply(parameters.weights, input, { buffers, training: false }));
  (await output.read()).forEach((value, i) =>
    assertAlmostEquals(value, 3 * ([2, 6][i] - 0.4) / Math.sqrt(1.7 + 1e-5) + 4, 1e-5)
  );
  assertEquals(await averages.read(), moved);
});

const NORMED = mlp({ widths: [4, 16, 16, 1], norm: "batch", activation: "gelu", init: "pytorch" });

/** Trains on fixed points, the same for all replicas. */
async function train(seeds: number[], steps: number, from?: TrainingState) {
  using parameters = ParameterSet.create(NORMED.parameters, seeds);
  using buffers = ParameterSet.create(NORMED.buffers, seeds);
  using one = waveTensor([1, 32, 4], 1);
  const points = await one.read();
  using input = Tensor.from(seeds.flatMap(() => [...points]), [seeds.length, 32, 4]);
  using target = Tensor.from(
    seeds.flatMap(() => Array.from({ length: 32 }, (_, i) => Math.sin(3 * points[4 * i]))),
    [seeds.length, 32, 1],
  );
  using training = await Training.create({
    parameters,
    buffers,
    optimizer: adamw({ lr: 1e-2 }),
    loss: (weights) =>
      mean(square(subtract(NORMED.apply(weights, input, { buffers: buffers.weights }), target)), [1, 2]),
    evaluations: { output: (weights) => NORMED.apply(weights, input, { buffers: buffers.weights, training: false }) },
    from,
  });
  const [states, losses, outputs]: [TrainingState[], Float32Array[], Float32Array[]] = [[], [], []];
  for await (const report of training.run({ reports: everySteps(20, steps), pause: () => true })) {
    states.push(await training.state());
    losses.push(...report.losses);
    outputs.push(report.evaluations.output);
  }
  return { states, losses, outputs };
}

Deno.test("mlp: trained with batch norm, a replica and a continued run have the same bits, running averages included", async () => {
  const whole = await train([1, 2, 3], 60);
  assertLess(whole.losses.at(-1)![2], 0.5 * whole.losses[0][2]);
  const rest = await train([1, 2, 3], 60, whole.states[2]);
  assertEquals(rest.states.at(-1), whole.states.at(-1));
  assertEquals(rest.outputs, whole.outputs.slice(3));
  const alone = await train([3], 60);
  const [ensemble, single] = [whole.states.at(-1)!.tensors, alone.states.at(-1)!.tensors];
  assert(single.some(({ name }) => name === "layers.1.norm.variance"));
  single.forEach(({ name, data }, index) => {
    assertEquals(ensemble[index].name, name);
    assertEquals(ensemble[index].data.slice(2 * data.length), data, name);
  });
});

Deno.test("mlp: buffers that a state could not hold are refused", async () => {
  using parameters = ParameterSet.create(NORMED.parameters, [1]);
  const create = async (buffers: ParameterSet) => {
    const loss = () => parameters.weights["layers.2.bias"];
    const options = { parameters, buffers, optimizer: adamw({ lr: 1 }), loss };
    return (await assertRejects(() => Training.create(options), ShapeError)).message;
  };
  using two = ParameterSet.create(NORMED.buffers, [1, 2]);
  assertEquals(await create(two), "training: expected buffers of 1 replicas, as the parameters, found 2");
  using same = ParameterSet.create(NORMED.parameters, [1]);
  assertEquals(
    await create(same),
    'training: expected buffers with names of their own, found "layers.0.weight" twice',
  );
});

Deno.test("mlp: laws of the initial weights", async () => {
  const law = async (options: Partial<MlpOptions>) => {
    using set = ParameterSet.create(mlp({ widths: [400, 300], ...options }).parameters, [1]);
    const [weight, bias] = await set.read();
    const square = weight.data.reduce((sum, value) => sum + value ** 2, 0) / weight.data.length;
    return { variance: 400 * square, largest: 20 * Math.max(...weight.data.map(Math.abs)), bias: bias.data };
  };
  // 120 000 squares: the mean is within 1.3 % at three deviations.
  for (const [init, variance] of [["fan-in", 1], ["he", 2], [{ deviation: 0.1 }, 4]] as const) {
    const found = await law({ init });
    assertLess(Math.abs(found.variance / variance - 1), 0.013, JSON.stringify(init));
    assertEquals(found.bias, new Float32Array(300));
  }
  const { variance, largest, bias } = await law({ init: "pytorch" });
  assertLess(Math.abs(3 * variance - 1), 0.013);
  assert(largest <= 1 && largest > 0.999);
  const extremes = [Math.min(...bias), Math.max(...bias)].map((value) => 20 * value);
  assert(extremes[0] >= -1 && extremes[0] < -0.95 && extremes[1] <= 1 && extremes[1] > 0.95);
});

Deno.test("mlp: a program of it shares buffers", async () => {
  const model = mlp({ widths: [8, 64, 64, 64, 64, 64, 1] });
  using parameters = ParameterSet.create(model.parameters, [1]);
  using input = new Tensor([1, 256, 8]);
  using program = await record("mlp", () => model.apply(parameters.weights, input));
  const { planned, unshared } = program.memory;
  assertLess(planned, 0.5 * unshared);
});

Deno.test("mlp: what does not fit is refused", () => {
  const refuses = (options: MlpOptions, text: string) =>
    assertEquals(assertThrows(() => mlp(options), ShapeError).message, `mlp: expected ${text}`);
  refuses({ widths: [3] }, "widths of input and output at least, found [3]");
  refuses({ widths: [3, 0, 2] }, "positive integers for widths, found 0");
  refuses({ widths: [3, 1.5] }, "positive integers for widths, found 1.5");
  const model = mlp({ widths: [3, 4, 2], norm: "batch" });
  using parameters = ParameterSet.create(model.parameters, [1]);
  using wide = new Tensor([1, 5, 4]);
  using input = new Tensor([1, 5, 3]);
  const apply = (input: Tensor, mode = {}) =>
    assertThrows(() => model.apply(parameters.weights, input, mode), Error).message;
  assertEquals(apply(wide), "mlp: expected vectors (R, …, 3), found shape (1, 5, 4)");
  assertEquals(
    apply(input, { training: false }),
    "batch_norm: expected running averages outside of training, found none",
  );
  assertEquals(apply(input, { buffers: {} }), 'mlp: expected a buffer "layers.0.norm.mean", found none');
});
