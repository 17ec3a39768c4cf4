/** What users do by mistake, and the one line that each mistake gives them. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { add, multiply } from "../kernels/elementwise/binary.ts";
import { sum } from "../kernels/reduce/reduce.ts";
import { gradients } from "../lib/autodiff/gradients.ts";
import { openGpu } from "../lib/gpu/device.ts";
import { evaluate, makeTensor, record } from "../lib/gpu/program.ts";
import { Tensor } from "../lib/gpu/tensor.ts";
import { mlp } from "../lib/models/mlp.ts";
import { ParameterSet, type Weights } from "../lib/models/parameters.ts";
import { transformer } from "../lib/models/transformer.ts";
import { adamw, type OptimizerStep, sgd } from "../lib/optim/mod.ts";
import { type Computation, everySteps, logarithmicSteps, Training } from "../lib/train/training.ts";

await openGpu();

const SPECS = { w: { shape: [2, 2], init: { law: "normal", deviation: 1 } } } as const;
const squares = ({ w }: Weights) => sum(multiply(w, w), [1, 2]);

async function refuses(compute: () => unknown, text: string): Promise<void> {
  const { message } = await assertRejects(async () => void await compute(), Error);
  assertEquals(message, text);
  assert(!message.includes("\n"));
}

Deno.test("misuse: a tensor that the step did not return is neither read nor written, nor used elsewhere", async () => {
  using a = Tensor.from([1, 2, 3, 4]);
  let inner = a;
  using program = await record("squares", () => {
    inner = add(a, a);
    return multiply(inner, inner);
  });
  program.replay();
  const text = "add.y: expected a tensor with a buffer of its own, found one whose buffer a program uses for others " +
    "too: return it from the recorded step";
  await refuses(() => inner.read(), text);
  await refuses(() => inner.write([1, 2, 3, 4]), text);
  await refuses(() => add(inner, a), text);
  await refuses(() => record("other", () => add(inner, a)), text);
  using other = await record("other", () => add(program.outputs, a));
  other.replay();
  assertEquals([...await other.outputs.read()], [5, 18, 39, 68]);
});

Deno.test("misuse: what a recording has not finished, or keeps from nobody, has no buffer", async () => {
  using a = Tensor.from([1, 2]);
  const without = (label: string) =>
    `${label}: expected a tensor with a buffer, found one of a recording that is not finished, or one that it does not ` +
    "return, in arrays or plain objects";
  await refuses(() => record("write", () => add(a, a).write([1, 2])), without("add.y"));
  await refuses(
    () => record("never written", () => add(makeTensor([2]), a)),
    [
      'add: expected "tensor" to be written before it is read, found no kernel',
    ].join(),
  );
  using boxed = await record("boxed", () => new Map([["x", add(a, a)]]));
  boxed.replay();
  await refuses(() => boxed.outputs.get("x")!.read(), without("add.y"));
});

Deno.test("misuse: programs do not nest, and steps do not await", async () => {
  using a = Tensor.from([1, 2]);
  const inside: Promise<unknown>[] = [];
  const nest = (start: () => Promise<unknown>) => {
    const caught = start().catch((error: Error) => error.message);
    inside.push(caught);
    return add(a, a);
  };
  using outer = await record("outer", () => nest(() => record("inner", () => add(a, a))));
  using again = await record("outer", () => nest(() => evaluate(() => add(a, a))));
  assertEquals(await Promise.all(inside), [
    "inner: expected no recording in progress, found one: programs do not nest",
    "evaluate: expected no recording in progress, found one: programs do not nest",
  ]);
  again.replay();
  outer.replay();
  assertEquals([...await outer.outputs.read()], [2, 4]);
  await refuses(
    () => record("step", () => Promise.resolve(add(a, a))),
    "step: expected a step that does not await, found an async function",
  );
});

Deno.test("misuse: gradients of integers, in integers, and in a part of what was used", async () => {
  using a = Tensor.from([1, 2, 3, 4]);
  using integers = Tensor.from(Uint32Array.of(1, 2, 3, 4), [4], "tokens");
  const integer = integers as unknown as Tensor;
  await refuses(
    () => record("g", () => gradients(integer, [a])),
    'gradients: expected "loss" of type f32, found "tokens" of type u32',
  );
  await refuses(
    () => record("g", () => gradients(multiply(a, a), [integer])),
    'gradients: expected "tensors" of type f32, found "tokens" of type u32',
  );
  await refuses(() => gradients(a, [a]), "gradients: expected a recording in progress, found none");
  using set = ParameterSet.create({ ...SPECS, b: SPECS.w }, [1]);
  await refuses(
    () => record("g", () => set.gradient(sum(multiply(set.flat, set.flat), [0]))),
    'gradients: expected operations on the tensors themselves, found multiply on 128 elements from 0, where "w" is one ' +
      "of 4 from 0",
  );
  // Beside the loss, and as a constant, the whole buffer may be used.
  using gradient = await evaluate(() => {
    sum(multiply(set.flat, set.flat), [0]);
    const norm = sum(multiply(set.flat.detached, set.flat.detached), [0]);
    return set.gradient(add(squares(set.weights), norm));
  });
  const [{ data: w }] = await set.read();
  assertEquals((await set.read(gradient))[0].data, w.map((value) => 2 * value));
});

Deno.test("misuse: shapes that hold nothing", async () => {
  await refuses(() => new Tensor([0, 2]), "tensor: expected a shape of positive integers, found (0, 2)");
  await refuses(() => Tensor.from([], [0]), "tensor: expected a shape of positive integers, found (0)");
  const empty = { w: { shape: [0, 2], init: { law: "constant", value: 0 } } } as const;
  await refuses(() => ParameterSet.create(empty, [1]), "w: expected a shape of positive integers, found (0, 2)");
  const lost = { w: { shape: [2], init: { law: "normal", deviation: NaN } } } as const;
  await refuses(() => ParameterSet.create(lost, [1]), "init w: expected a finite deviation ≥ 0, found NaN");
  const negative = { w: { shape: [2], init: { law: "uniform", bound: -1 } } } as const;
  await refuses(() => ParameterSet.create(negative, [1]), "init w: expected a finite bound ≥ 0, found -1");
  const endless = { w: { shape: [2], init: { law: "constant", value: Infinity } } } as const;
  await refuses(() => ParameterSet.create(endless, [1]), "init w: expected a finite value, found Infinity");
});

Deno.test("misuse: a loss that is none, or that no parameter changes", async () => {
  using parameters = ParameterSet.create(SPECS, [1, 2]);
  using other = ParameterSet.create(SPECS, [1, 2]);
  using constant = Tensor.from([1, 2]);
  using integers = Tensor.from(Uint32Array.of(1, 2));
  const create = (loss: unknown, evaluations = {}) =>
    Training.create({ parameters, optimizer: sgd({ lr: 1 }), loss: loss as Computation, evaluations });
  const independent = "training: expected a loss that depends on the parameters, found one whose gradient is zero";
  await refuses(() => create(() => add(constant, constant)), independent);
  await refuses(() => create(() => squares(other.weights)), independent);
  await refuses(() => create(({ w }: Weights) => squares({ w: w.detached })), independent);
  await refuses(() => create((weights: Weights) => squares(weights).detached), independent);
  const none = "training: expected a tensor of f32 from the";
  await refuses(() => create(() => undefined), `${none} loss, found undefined`);
  await refuses(() => create((weights: Weights) => Promise.resolve(squares(weights))), `${none} loss, found a promise`);
  await refuses(() => create(() => integers), `${none} loss, found one of u32`);
  await refuses(() => create(squares, { score: () => [constant] }), `${none} evaluation "score", found object`);
  const parts = { score: () => ({ loss: constant, own: undefined }) };
  await refuses(() => create(squares, parts), `${none} evaluation "score.own", found undefined`);
});

Deno.test("misuse: weights of another model", async () => {
  using parameters = ParameterSet.create(SPECS, [1]);
  using input = new Tensor([1, 2, 2]);
  const perceptron = mlp({ widths: [2, 2] });
  await refuses(
    () => perceptron.apply(parameters.weights, input),
    'mlp: expected a weight "layers.0.weight" of shape (R, 2, 2), found none',
  );
  const sizes = { input: { dimension: 2 }, outputs: 1, length: 2, layers: 1, heads: 1 } as const;
  using narrow = ParameterSet.create(transformer({ ...sizes, width: 4 }).parameters, [1]);
  await refuses(
    () => transformer({ ...sizes, width: 8 }).apply(narrow.weights, input),
    'transformer: expected a weight "embedding.input" of shape (R, 2, 8), found (1, 2, 4)',
  );
});

Deno.test("misuse: an optimiser with tensors of another layout", async () => {
  using parameters = ParameterSet.create(SPECS, [1, 2]);
  using other = ParameterSet.create({ v: { shape: [300], init: { law: "constant", value: 1 } } }, [1]);
  using clock = Tensor.from(Uint32Array.of(0, 1, 1));
  using gradient = new Tensor(parameters.flat.shape);
  using integers = new Tensor(parameters.flat.shape, "u32");
  const step = { parameters, gradient, state: {}, clock };
  const update = (change: Partial<OptimizerStep>) => sgd({ lr: 1 }).update({ ...step, ...change });
  await refuses(
    () => update({ gradient: other.flat }),
    "sgd: expected a flat gradient of shape (64), found (320)",
  );
  await refuses(
    () => update({ gradient: integers as unknown as Tensor }),
    'flat_sgd: expected "gradients" of type f32, found u32',
  );
  await refuses(
    () => update({ gradient: parameters.flat }),
    'flat_sgd: expected a tensor of its own for "parameters", which is written, found that of "gradients"',
  );
  const state = adamw({ lr: 1 }).init(other);
  await refuses(
    () => adamw({ lr: 1 }).update({ ...step, state }),
    'flat_adam: expected axis P of "mean" to be 64 as in "gradients", found 320',
  );
  for (const tensor of Object.values(state)) tensor.destroy();
  await refuses(
    () => parameters.viewsOf(other.flat),
    "parameters: expected a flat tensor of 64 elements, found shape (320)",
  );
  await refuses(
    () => parameters.read(other.flat),
    "parameters: expected a flat tensor of 64 elements, found shape (320)",
  );
});

Deno.test("misuse: reports out of order, two runs at a time, and parameters freed under a training", async () => {
  using parameters = ParameterSet.create(SPECS, [1]);
  const options = { parameters, optimizer: sgd({ lr: 0.1 }), loss: squares };
  const steps = async (training: Training, reports: number[]) => {
    const found: number[] = [];
    for await (const { step } of training.run({ reports })) found.push(step);
    return found;
  };
  using first = await Training.create(options);
  await refuses(() => steps(first, [5, 3]), "training: expected reports at whole steps from 5 on, found 3");
  using second = await Training.create(options);
  await refuses(() => steps(second, [2.5]), "training: expected reports at whole steps from 0 on, found 2.5");
  assertEquals(await steps(second, [0, 2, 4]), [0, 2, 4]);
  assertEquals(await steps(second, [0, 3, 6]), [6], "what was reported before is left out");
  using third = await Training.create(options);
  const runs = await Promise.allSettled([steps(third, [0, 5]), steps(third, [0, 5])]);
  assertEquals(runs.map((run) => run.status === "fulfilled" ? run.value : run.reason.message), [
    [0, 5],
    "training: expected one run at a time, found another under way",
  ]);
  assertEquals(await steps(third, [7]), [7]);
  const freed = ParameterSet.create(SPECS, [1]);
  using fourth = await Training.create({ ...options, parameters: freed });
  freed.destroy();
  await refuses(() => steps(fourth, [1]), 'train: expected live tensors, found "w" destroyed');
});

Deno.test("misuse: lists of steps", () => {
  const refused = (compute: () => unknown) => assertThrows(compute, RangeError).message;
  assertEquals(refused(() => everySteps(-1, 5)), "everySteps: expected a whole number ≥ 0 for every, found -1");
  assertEquals(refused(() => everySteps(2, NaN)), "everySteps: expected a whole number ≥ 0 for total, found NaN");
  assertEquals(refused(() => everySteps(0.5, 5)), "everySteps: expected a whole number ≥ 0 for every, found 0.5");
  const logarithmic = "logarithmicSteps: expected a whole number";
  assertEquals(refused(() => logarithmicSteps(1, 5)), `${logarithmic} ≥ 2 for count, found 1`);
  assertEquals(refused(() => logarithmicSteps(3, 0)), `${logarithmic} ≥ 1 for total, found 0`);
});

Deno.test("misuse: seeds and hyper-parameters out of their domain", () => {
  for (const seed of [-1, 1.5, NaN, 2 ** 32]) {
    const text = `draw "init w": expected seed to be an unsigned 32-bit integer, found ${seed}`;
    assertThrows(() => ParameterSet.create(SPECS, [seed]), RangeError, text);
  }
  using parameters = ParameterSet.create(SPECS, [1, 2]);
  const init = (lr: number | number[]) => assertThrows(() => sgd({ lr }).init(parameters), RangeError).message;
  assertEquals(init(NaN), 'sgd: expected "lr" ≥ 0, found NaN');
  assertEquals(init([1, 2, 3]), 'sgd: expected one "lr" or 2, one per replica, found 3');
});
