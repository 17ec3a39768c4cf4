import { assertEquals, assertLess } from "@std/assert";
import { gradients } from "../../lib/autodiff/gradients.ts";
import { add, divide, maximum, multiply, subtract } from "../../kernels/elementwise/binary.ts";
import { biasAct } from "../../kernels/elementwise/bias_act.ts";
import { gelu } from "../../kernels/elementwise/gelu.ts";
import { exp, relu, scale, sigmoid, sin, square, tanh } from "../../kernels/elementwise/unary.ts";
import { expand, permute } from "../../kernels/arrange/strided.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { layerNorm } from "../../kernels/norm/norm.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import { copy } from "../../kernels/shared/copy.ts";
import { combine } from "../../kernels/shared/combine.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { record, withoutFusion } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { crossEntropy, meanSquare } from "../../lib/losses.ts";
import { mlp } from "../../lib/models/mlp.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { transformer } from "../../lib/models/transformer.ts";
import { adamw } from "../../lib/optim/adamw.ts";
import { Training, type TrainingOptions } from "../../lib/train/training.ts";
import { waveTensor } from "../oracles/gradients.ts";
import { countCalls } from "./kernels.ts";

const gpu = await openGpu();

const bitsOf = (values: Float32Array) => [...new Uint32Array(values.buffer)];

/** Results and launches of a step, fused; they are checked against those of its kernels one by one. */
async function fused(step: () => readonly Tensor[]): Promise<{ values: number[][]; dispatches: readonly string[] }> {
  const run = async () => {
    using program = await record("step", step);
    program.replay(2);
    const values = [];
    for (const output of program.outputs) values.push(await output.read());
    return { values, dispatches: program.dispatches, work: program.work };
  };
  const apart = await withoutFusion(run);
  const together = await run();
  assertEquals(together.values.map(bitsOf), apart.values.map(bitsOf), together.dispatches.join("; "));
  assertEquals(together.work.unfused, { launches: apart.work.launches, bytes: apart.work.bytes });
  return { values: together.values.map((values) => [...values]), dispatches: together.dispatches };
}

Deno.test("fuse: a chain is one kernel with the same bits, and what is between is neither written nor planned", async () => {
  for (const size of [1, 5, 8]) {
    using x = waveTensor([size], 1);
    const chain = () => [tanh(scale(square(sin(x)), 1.1, -0.3))];
    assertEquals((await fused(chain)).dispatches, ["sin + square + scale + tanh"]);
    using program = await record("chain", chain);
    assertEquals(program.memory, { planned: 4 * size, unshared: 4 * size });
    assertEquals(program.work, {
      launches: 1,
      bytes: 2 * 4 * size,
      unfused: { launches: 4, bytes: 8 * 4 * size },
    });
  }
});

Deno.test("fuse: compilers must not simplify across functions", async () => {
  // (x + c) − c and (x · 3) · ⅓ lose digits, and a b + c is rounded twice.
  using x = waveTensor([64], 1);
  using c = Tensor.from([1e5]);
  const { values: [lost, thirds] } = await fused(() => [
    subtract(add(x, c), c),
    scale(scale(x, 3), 1 / 3),
    add(multiply(x, x), scale(x, -1)),
  ]);
  const host = Float32Array.from(await x.read(), (value) => Math.fround(Math.fround(value + 1e5) - 1e5));
  assertEquals(lost, [...host]);
  const third = Math.fround(1 / 3);
  assertEquals(thirds, [...(await x.read()).map((value) => Math.fround(Math.fround(3 * value) * third))]);
});

Deno.test("fuse: operands that repeat, numbers, permutations and copies", async () => {
  for (const C of [3, 4]) {
    using x = waveTensor([2, 5, C], 1);
    using row = waveTensor([C], 2);
    using column = waveTensor([2, 5, 1], 3);
    using replica = waveTensor([2, 1, C], 4);
    using bias = waveTensor([2, C], 5);
    using kept = new Tensor([2, 5, C]);
    const { dispatches } = await fused(() => {
      const y = divide(multiply(add(x, row), column), maximum(replica, expand(column, [2, 5, C])));
      const swapped = permute(permute(square(y), [0, 2, 1]), [0, 2, 1]);
      copy({ x: y.reshape([y.size]), y: kept.reshape([y.size]) });
      const mixed = combine({ a: y.reshape([y.size]), b: swapped.reshape([y.size]), alpha: 0.3, beta: 2 }).y;
      return [y, biasAct(mixed.reshape(y.shape), bias, "gelu")];
    });
    assertEquals(dispatches, [
      "strided + maximum + add + multiply + divide + square + copy",
      "strided",
      "strided + combine + bias_act",
    ]);
  }
});

Deno.test("fuse: a value with two readers is computed once; one that others read, or the host, is stored as well", async () => {
  using x = waveTensor([4, 8], 1);
  const { dispatches } = await fused(() => {
    const y = exp(x);
    const z = sigmoid(y);
    return [z, sum(y, [0]), multiply(y, z)];
  });
  assertEquals(dispatches, ["exp + sigmoid + multiply", "reduce"]);
});

Deno.test("fuse: behind a product, a norm and a sum; a function of many operations not behind a tiled product", async () => {
  using a = waveTensor([2, 33, 16], 1);
  using b = waveTensor([2, 16, 24], 2);
  using odd = waveTensor([2, 16, 7], 3);
  using residual = waveTensor([2, 33, 24], 4);
  using gain = waveTensor([2, 24], 5);
  const { dispatches } = await fused(() => [
    relu(add(residual, matmul(a, b))),
    scale(matmul(a, odd), 2),
    gelu(matmul(a, b)),
    gelu(add(layerNorm(residual, gain), residual)),
    scale(sum(residual, [1]), 0.5),
    sigmoid(add(scale(residual, 3), matmul(a, b))),
  ]);
  assertEquals(dispatches, [
    "matmul + add + leaky_relu",
    "matmul + scale",
    "matmul",
    "gelu",
    "norm_rows + add + gelu",
    "reduce + scale",
    "matmul + scale + add",
    "sigmoid",
  ]);
});

const grow = kernel({
  label: "grow",
  code: {
    "grow.wgsl": `
@group(0) @binding(0) var<storage, read_write> x: array<f32>;  // (C)
@compute @workgroup_size(1) fn main() { x[0] += 1.0; }`,
  },
  inputs: { x: ["C"] },
  outputs: {},
  groups: () => 1,
});

Deno.test("fuse: nothing passes a change of what it reads", async () => {
  using x = Tensor.from([1, 2, 3, 4]);
  using program = await record("growing", () => {
    const before = square(x);
    grow({ x });
    // Reads x as it is now, and the square as it was.
    return [add(before, x), scale(before, 10)];
  });
  program.replay(2);
  assertEquals(program.dispatches, ["square + scale", "grow", "add"]);
  const [sums, tens] = program.outputs;
  assertEquals([[...await sums.read()], [...await tens.read()]], [[4 + 3, 6, 12, 20], [40, 40, 90, 160]]);
});

/** Doubles in place. */
const double = kernel({
  label: "double",
  code: {
    "double.wgsl": `
      struct Dims { C: u32 }
      @group(0) @binding(0) var<uniform> dims: Dims;
      @group(0) @binding(1) var<storage, read_write> x: array<f32>;  // (C)
      @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
        if (id.x < dims.C) { x[id.x] = 2.0 * x[id.x]; }
      }`,
  },
  inputs: { x: ["C"] },
  outputs: {},
  groups: ({ C }) => Math.ceil(C / 64),
});

Deno.test("fuse: nothing takes a value that was changed in place, or written over, since it was made", async () => {
  using x = Tensor.from([1, 2, 3, 4]);
  const changed = await fused(() => {
    const a = square(x);
    const before = multiply(a, x);
    double({ x: a });
    return [add(a, x), add(before, a)];
  });
  assertEquals(changed.values, [[3, 10, 21, 36], [3, 16, 45, 96]]);
  const overwritten = await fused(() => {
    const a = square(x);
    const before = multiply(a, x);
    copy({ x: add(x, x), y: a });
    return [add(a, x), add(before, a)];
  });
  assertEquals(overwritten.values, [[3, 6, 9, 12], [3, 12, 33, 72]]);
});

Deno.test("fuse: programs of random functions, products, norms and changes in place have the bits of their kernels", async () => {
  using x = waveTensor([4, 8], 1);
  using w = waveTensor([8, 8], 2);
  using gain = waveTensor([4, 8], 3);
  using shift = waveTensor([8], 4);
  for (let seed = 1; seed <= 12; seed++) {
    let state = seed;
    const draw = (n: number) => (state = Math.imul(state, 1664525) + 1013904223 >>> 0, Math.floor(state / 2 ** 32 * n));
    const choices = Array.from({ length: 14 }, () => [draw(9), draw(100), draw(100)]);
    await fused(() => {
      const made = [scale(x, 0.5)];
      const of = (k: number) => made[made.length - 1 - k % Math.min(4, made.length)];
      for (const [kind, first, second] of choices) {
        const [a, b] = [of(first), of(second)];
        if (kind === 0) double({ x: a.reshape([32]) });
        else if (kind === 1 && a !== b) copy({ x: scale(b, 0.75).reshape([32]), y: a.reshape([32]) });
        else {
          made.push([
            () => scale(a, 0.9, 0.1),
            () => subtract(a, b),
            () => scale(multiply(a, b), 0.1),
            () => sin(a),
            () => add(a, shift),
            () => matmul(a, w),
            () => layerNorm(a, gain, gain),
            () => relu(a),
            () => tanh(a),
          ][kind]());
        }
      }
      return made.slice(-3);
    });
  }
});

Deno.test("fuse: at most as many tensors as WebGPU guarantees, however many functions there are", async () => {
  using x = waveTensor([12], 1);
  const others = Array.from({ length: 20 }, (_, k) => waveTensor([12], k + 2));
  const { dispatches } = await fused(() => [others.reduce((total, other) => add(total, other), x)]);
  assertEquals(dispatches.map((label) => label.split(" + ").length), [6, 6, 6, 2]);
  for (const other of others) other.destroy();
  const { dispatches: long } = await fused(() => {
    let y = x;
    for (let k = 0; k < 30; k++) y = scale(y, 1.01);
    return [y];
  });
  assertEquals(long.map((label) => label.split(" + ").length), [12, 12, 6]);
});

Deno.test("fuse: more than 65 535 workgroups", async () => {
  using x = new Tensor([65_536 * 64 + 1]);
  x.write([1, 2, 3], x.size - 3);
  using program = await record("far", () => scale(scale(x, 2), 1, 1));
  program.replay();
  assertEquals(program.dispatches, ["scale + scale"]);
  const values = await program.outputs.read();
  assertEquals([...values.slice(-4)], [1, 3, 5, 7]);
  assertEquals(values.findIndex((value, index) => index < x.size - 3 && value !== 1), -1);
});

Deno.test("fuse: a kernel of the same text is compiled once, and kernels that are fused are not", async () => {
  using x = waveTensor([20], 1);
  using y = waveTensor([36], 1);
  const step = (x: Tensor, slope: number) => () => sigmoid(scale(square(square(x)), slope));
  const compiled = async (work: () => Promise<Disposable>) =>
    await countCalls(gpu.device, "createComputePipeline", async () => {
      using _ = await work();
    });
  assertEquals(await compiled(() => record("first", step(x, 2))), 1);
  // Sizes and numbers are no part of it.
  assertEquals(await compiled(() => record("second", step(y, 3))), 0);
});

Deno.test("fuse: a gradient that is placed in the flat one, and sums of gradients", async () => {
  using parameters = ParameterSet.create({
    w: { shape: [8, 8], init: { law: "normal", deviation: 1 } },
    b: { shape: [8], init: { law: "normal", deviation: 1 } },
  }, [1, 2]);
  using x = waveTensor([2, 5, 8], 1);
  const { dispatches } = await fused(() => {
    const { w, b } = parameters.weights;
    const y = tanh(matmul(tanh(matmul(x, w, { bias: b })), w, { bias: b }));
    return [parameters.gradient(sum(square(y), [1, 2]))];
  });
  assertEquals(dispatches.filter((label) => label === "matmul + add" || label === "reduce + add"), [
    "matmul + add",
    "reduce + add",
  ]);
  using program = await record("apart", () => gradients(sum(square(x), [0, 1, 2]), [x]));
  assertEquals(program.work.launches < program.work.unfused.launches, true);
});

/** Parameters after some steps, fused and not. */
async function assertSameTraining(options: () => TrainingOptions): Promise<void> {
  const run = async () => {
    const chosen = options();
    using parameters = chosen.parameters;
    using training = await Training.create(chosen);
    for await (const _ of training.run({ reports: [3] })) continue;
    return { bits: bitsOf(await parameters.flat.read()), work: training.program.work };
  };
  const apart = await withoutFusion(run);
  const together = await run();
  assertEquals(together.bits, apart.bits);
  const { launches, bytes, unfused } = together.work;
  assertEquals([unfused.launches, unfused.bytes], [apart.work.launches, apart.work.bytes]);
  assertLess(launches, 0.92 * unfused.launches);
  assertLess(bytes, 0.99 * unfused.bytes);
}

Deno.test("fuse: decoders, encoders and perceptrons train with the same bits as their kernels one by one", async () => {
  const tokens = Uint32Array.from({ length: 2 * 3 * 6 }, (_, i) => (7 * i * i + 3 * i) % 5);
  using input = Tensor.from(tokens, [2, 3, 6]);
  using targets = Tensor.from(tokens.map((token) => (token + 1) % 5), [2, 3, 6]);
  using vectors = waveTensor([2, 3, 6, 4], 1);
  using answers = waveTensor([2, 3, 1], 2);
  using points = waveTensor([2, 10, 4], 3);
  const optimizer = adamw({ lr: 0.01, clip: 1, weightDecay: 0.1 });
  const decoder = transformer({
    input: { vocabulary: 5 },
    outputs: 5,
    length: 6,
    layers: 2,
    heads: 2,
    width: 8,
    activation: "gelu-tanh",
  });
  await assertSameTraining(() => ({
    parameters: ParameterSet.create(decoder.parameters, [1, 2]),
    optimizer,
    loss: (weights) => crossEntropy(decoder.apply(weights, input), targets),
  }));
  const encoder = transformer({
    input: { dimension: 4 },
    outputs: 1,
    length: 6,
    layers: 1,
    heads: 1,
    width: 8,
    activation: "relu",
    norm: "rms",
    causal: false,
    predict: "last",
  });
  await assertSameTraining(() => ({
    parameters: ParameterSet.create(encoder.parameters, [1, 2]),
    optimizer,
    loss: (weights) => meanSquare(encoder.apply(weights, vectors), answers),
  }));
  const network = mlp({ widths: [4, 7, 3], activation: "leaky_relu", slope: 0.2, norm: "batch" });
  await assertSameTraining(() => ({
    parameters: ParameterSet.create(network.parameters, [1, 2]),
    optimizer,
    loss: (weights) => sum(square(network.apply(weights, points)), [1, 2]),
  }));
});
