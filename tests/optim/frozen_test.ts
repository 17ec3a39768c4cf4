import { assert, assertEquals, assertThrows } from "@std/assert";
import { tanh } from "../../kernels/elementwise/unary.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { meanSquare } from "../../lib/losses.ts";
import { type NamedArray, ParameterSet, type Weights } from "../../lib/models/parameters.ts";
import { adamw, frozen, type Optimizer, sgd, sgld } from "../../lib/optim/mod.ts";
import { Training } from "../../lib/train/training.ts";

await openGpu();

const normal = { law: "normal", deviation: 0.5 } as const;
/** Odd sizes, so that parameters end within a vector of four; one fills more than a chunk of 64 elements. */
const SPECS = {
  lower: { shape: [3, 23], init: normal },
  middle: { shape: [23, 5], init: normal },
  upper: { shape: [5, 1], init: normal },
} as const;
const SEEDS = [1, 2, 3];
const R = SEEDS.length;
const STEPS = 12;

const input = Tensor.from(Float32Array.from({ length: R * 7 * 3 }, (_, k) => Math.sin(k)), [R, 7, 3], "input");
const target = Tensor.from(Float32Array.from({ length: R * 7 }, (_, k) => Math.cos(3 * k)), [R, 7, 1], "target");
const output = ({ lower, middle, upper }: Weights) => matmul(tanh(matmul(tanh(matmul(input, lower)), middle)), upper);

/** Trains the perceptron, or with `constants` only what they lack. */
async function train(optimizer: Optimizer, constants: Weights = {}) {
  const free = Object.fromEntries(Object.entries(SPECS).filter(([name]) => !(name in constants)));
  using parameters = ParameterSet.create(free, SEEDS);
  const start = await parameters.read();
  const loss = (weights: Weights) => meanSquare(output({ ...weights, ...constants }), target);
  using training = await Training.create({ parameters, optimizer, loss });
  for await (const { step } of training.run({ reports: [STEPS] })) assertEquals(step, STEPS);
  const { tensors } = await training.state();
  return { start: byName(start), end: byName(tensors) };
}

const byName = (arrays: readonly NamedArray[]) => Object.fromEntries(arrays.map(({ name, data }) => [name, data]));

const OPTIMIZERS: Readonly<Record<string, () => Optimizer>> = {
  "SGD with momentum": () => sgd({ lr: 0.1, momentum: 0.9, weightDecay: 0.1 }),
  "AdamW": () => adamw({ lr: 1e-2, weightDecay: 0.1 }),
  "AdamW, clipped": () => adamw({ lr: 1e-2, weightDecay: 0.1, clip: 1e-2 }),
  SGLD: () => sgld({ lr: 1e-3, nBeta: 50, localisation: 1 }),
};

for (const [name, optimizer] of Object.entries(OPTIMIZERS)) {
  for (const held of [["lower"], ["lower", "upper"], ["middle"]]) {
    Deno.test(`frozen, ${name}: ${held.join(" and ")} keep their bits, the others move as beside constants`, async () => {
      const { start, end } = await train(frozen(optimizer(), held));
      for (const parameter of Object.keys(SPECS)) {
        assert(start[parameter].every(Number.isFinite));
        assertEquals(
          start[parameter].every((value, k) => value === end[parameter][k]),
          held.includes(parameter),
          parameter,
        );
        for (const [moment, values] of Object.entries(end)) {
          if (moment === `optimizer.centre.${parameter}`) assertEquals(values, start[parameter]);
          else if (moment.startsWith("optimizer.") && moment.endsWith(`.${parameter}`)) {
            assertEquals(values.every((value) => value === 0), held.includes(parameter), moment);
          }
        }
      }
      // SGLD draws its noise by the number of a parameter, which a model without the others counts anew.
      if (name === "SGLD") return;
      const constants = Object.fromEntries(
        held.map((parameter) => [parameter, Tensor.from(start[parameter], [R, ...SPECS[parameter as "lower"].shape])]),
      );
      const apart = await train(optimizer(), constants);
      for (const [parameter, values] of Object.entries(apart.end)) assertEquals(end[parameter], values, parameter);
      for (const constant of Object.values(constants)) constant.destroy();
    });
  }
}

Deno.test("frozen: one within another holds what both name, with the bits of one that names all", async () => {
  for (const optimizer of Object.values(OPTIMIZERS)) {
    const twice = await train(frozen(frozen(optimizer(), ["upper"]), ["lower"]));
    const once = await train(frozen(optimizer(), ["lower", "upper"]));
    assertEquals(twice.end, once.end);
    assertEquals((await train(frozen(optimizer(), []))).end, (await train(optimizer())).end);
  }
});

Deno.test("frozen: a name that no parameter has, and nothing left to train, are refused", () => {
  using parameters = ParameterSet.create(SPECS, SEEDS);
  const init = (names: string[]) => () => frozen(sgd({ lr: 1 }), names).init(parameters);
  assertThrows(
    init(["lowre"]),
    RangeError,
    'frozen: expected names of parameters (lower, middle, upper), found "lowre"',
  );
  assertThrows(
    init(Object.keys(SPECS)),
    RangeError,
    "frozen: expected a parameter that is trained, found all of them held fixed",
  );
});
