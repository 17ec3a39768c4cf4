import { assert, assertLess } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { openSafetensors } from "../../lib/checkpoint/open_safetensors.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { record } from "../../lib/gpu/program.ts";
import { type DType, Tensor } from "../../lib/gpu/tensor.ts";
import { crossEntropy, meanSquare } from "../../lib/losses.ts";
import { linearTransformer, type LinearTransformerOptions } from "../../lib/models/linear_transformer.ts";
import { type NamedArray, ParameterSet, type ParameterSpecs, type Weights } from "../../lib/models/parameters.ts";
import { transformer, type TransformerOptions } from "../../lib/models/transformer.ts";
import { adamw } from "../../lib/optim/adamw.ts";
import { everySteps, Training } from "../../lib/train/training.ts";

await openGpu();

/** Single against double precision over a whole model: the bound that the project promises. */
const TOLERANCE = 1e-4;
const CASES = [
  "decoder",
  "attention_only",
  "grokking",
  "last",
  "tied",
  "encoder",
  "linear_attention",
  "linear_transformer",
  "linear_transformer_factorised",
];

interface Model {
  readonly parameters: ParameterSpecs;
  apply(weights: Weights, input: Tensor<DType>): Tensor;
}

/** What PyTorch computed; every array without a replica axis. */
function fixture(name: string) {
  using file = openSafetensors(fromFileUrl(new URL(`fixtures/${name}.safetensors`, import.meta.url)));
  const options = JSON.parse(file.metadata.get("options")!);
  const model: Model = file.metadata.get("kind") === "linear"
    ? linearTransformer({ ...options as LinearTransformerOptions, deviation: 1 }) as Model
    : transformer(options as TransformerOptions);
  const group = (prefix: string): NamedArray[] =>
    [...file.tensors].filter(([name]) => name.startsWith(prefix)).map(([name, { shape }]) => ({
      name: name.slice(prefix.length),
      shape,
      data: file.read(name),
    }));
  const [input, target, output, losses] = ["input", "target", "output", "losses"].map((name) => ({
    shape: file.tensors.get(name)!.shape,
    integer: file.tensors.get(name)!.dtype === "I32",
    data: file.readNumbers(name),
  }));
  return { model, weights: group("weights/"), gradients: group("gradients/"), input, target, output, losses };
}

/** R equal replicas of an array of one. */
function repeated({ name, shape, data }: NamedArray, R: number): NamedArray {
  const all = new Float32Array(R * data.length);
  for (let r = 0; r < R; r++) all.set(data, r * data.length);
  return { name, shape: [R, ...shape], data: all };
}

function tensorOf({ shape, integer, data }: ReturnType<typeof fixture>["input"], R: number): Tensor<DType> {
  const copies = Array.from({ length: R }, () => [...data]).flat();
  return integer ? Tensor.from(Uint32Array.from(copies), [R, ...shape]) : Tensor.from(copies, [R, ...shape]);
}

/** Softmax does not feel what all keys share: the gradient of their bias is 0, and PyTorch's below this. */
const VANISHED = 1e-12;

function assertClose(found: ArrayLike<number>, exact: ArrayLike<number>, name: string): void {
  const most = Array.from(exact).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const largest = most < VANISHED ? 1e-3 : most;
  const worst = Array.from(exact).reduce((most, value, i) => Math.max(most, Math.abs(found[i] - value)), 0);
  assertLess(worst, TOLERANCE * largest, name);
}

for (const name of CASES) {
  Deno.test(`as PyTorch has it: ${name}, output, loss, every gradient, 20 steps of AdamW`, async () => {
    const R = 2;
    const { model, weights, gradients, input, target, output, losses } = fixture(name);
    using parameters = ParameterSet.create(model.parameters, [1, 2]);
    parameters.flat.write(parameters.pack(weights.map((array) => repeated(array, R))));
    using x = tensorOf(input, R);
    using y = tensorOf(target, R);
    const loss = (output: Tensor) =>
      target.integer ? crossEntropy(output, y as Tensor<"u32">) : meanSquare(output, y as Tensor);
    using program = await record("compare", () => {
      const found = model.apply(parameters.weights, x);
      return { found, gradient: parameters.gradient(loss(found)) };
    });
    program.replay();
    const found = await program.outputs.found.read();
    assertClose(found.slice(found.length / R), output.data, "output");
    const arrays = await parameters.read(program.outputs.gradient);
    assert(arrays.length === gradients.length);
    for (const { name, data } of gradients) {
      const mine = arrays.find((array) => array.name === name)!;
      assertClose(mine.data.slice(data.length), data, `gradient of ${name}`);
    }

    const optimizer = adamw({ lr: 3e-3, betas: [0.9, 0.98], eps: 1e-8, weightDecay: 0.1 });
    using training = await Training.create({
      parameters,
      optimizer,
      loss: (weights) => loss(model.apply(weights, x)),
    });
    const measured: number[] = [];
    for await (const report of training.run({ reports: everySteps(20, 20) })) {
      measured.push(...report.losses.map((loss) => loss[1]));
    }
    losses.data.forEach((exact, step) =>
      assertLess(Math.abs(measured[step] - exact), TOLERANCE * exact, `loss of step ${step}`)
    );
  });
}
