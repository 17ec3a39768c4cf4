import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { openGpu } from "../lib/gpu/device.ts";
import { ShapeError } from "../lib/gpu/errors.ts";
import { evaluate, record } from "../lib/gpu/program.ts";
import { gradients } from "../lib/autodiff/gradients.ts";
import { Tensor } from "../lib/gpu/tensor.ts";
import { accuracy, crossEntropy, hinge, logistic, meanSquare } from "../lib/losses.ts";
import { assertGradients, waveTensor } from "./oracles/gradients.ts";

await openGpu();

const [R, B, T, V] = [3, 5, 4, 7];

function classes(shape: number[]): Tensor<"u32"> {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return Tensor.from(Uint32Array.from({ length: size }, (_, n) => (n * 5 + 2) % V), shape);
}

async function values(compute: () => Tensor): Promise<number[]> {
  using y = await evaluate(compute);
  return [...await y.read()];
}

Deno.test("losses: values and gradients of every loss and reduction", async () => {
  using logits = waveTensor([R, B, T, V], 1);
  using prediction = waveTensor([R, B, T], 2);
  using target = waveTensor([B, T], 3);
  using weights = Tensor.from(Array.from({ length: R * B * T }, (_, i) => i % 3), [R, B, T]);
  using shared = Tensor.from(Array.from({ length: B * T }, (_, i) => 1 + i % 2), [B, T]);
  using own = classes([R, B, T]);
  using common = classes([B, T]);
  const options = [
    {},
    { weights },
    { weights: shared },
    { reduction: "positions" },
    { reduction: "positions", weights },
    { reduction: "none" },
  ] as const;
  for (const [index, option] of options.entries()) {
    const name = `options ${index}`;
    await assertGradients(() => crossEntropy(logits, own, option), [logits], 3e-6, name);
    await assertGradients(() => crossEntropy(logits, common, option), [logits], 3e-6, name);
    await assertGradients(() => meanSquare(prediction, target, option), [prediction, target], 3e-6, name);
    await assertGradients(() => meanSquare(prediction, target, { ...option, half: true }), [prediction], 3e-6, name);
    await assertGradients(() => hinge(prediction, shared, option), [prediction], 3e-6, name);
    await assertGradients(() => logistic(prediction, shared, option), [prediction], 3e-6, name);
  }
});

Deno.test("losses: shapes of the reductions", async () => {
  using logits = waveTensor([R, B, T, V], 1);
  using targets = classes([R, B, T]);
  using program = await record("shapes", () => [
    crossEntropy(logits, targets),
    crossEntropy(logits, targets, { reduction: "positions" }),
    crossEntropy(logits, targets, { reduction: "none" }),
    accuracy(logits, targets),
    accuracy(logits, targets, { reduction: "positions" }),
  ]);
  assertEquals(program.outputs.map(({ shape }) => shape), [[R], [R, T], [R, B, T], [R], [R, T]]);
});

Deno.test("losses: accuracy is averaged by weight, and a constant to gradients", async () => {
  using logits = Tensor.from([1, 0, 1, 0, 0, 1], [1, 3, 2]);
  using targets = Tensor.from(Uint32Array.of(0, 1, 1), [1, 3]);
  using weights = Tensor.from([1, 2, 5], [1, 3]);
  assertAlmostEquals((await values(() => accuracy(logits, targets)))[0], 2 / 3, 1e-7);
  assertAlmostEquals((await values(() => accuracy(logits, targets, { weights })))[0], 6 / 8, 1e-7);
  assertEquals(await values(() => gradients(accuracy(logits, targets), [logits])[0]), [0, 0, 0, 0, 0, 0]);
});

Deno.test("losses: a replica has the same bits alone and in an ensemble", async () => {
  using many = waveTensor([R, B, T, V], 1);
  using one = Tensor.from((await many.read()).slice(B * T * V, 2 * B * T * V), [1, B, T, V]);
  using targets = classes([B, T]);
  const both = (logits: Tensor) => () => {
    const loss = crossEntropy(logits, targets);
    return [loss, ...gradients(loss, [logits])];
  };
  const [ensemble, alone] = [await evaluate(both(many)), await evaluate(both(one))];
  assertEquals((await ensemble[0].read())[1], (await alone[0].read())[0]);
  assertEquals((await ensemble[1].read()).slice(B * T * V, 2 * B * T * V), await alone[1].read());
  [...ensemble, ...alone].forEach((tensor) => tensor.destroy());
});

Deno.test("losses: what does not fit is refused by name", () => {
  using logits = new Tensor([2, 3, 4]);
  using targets = new Tensor([2], "u32");
  using weights = new Tensor([3, 1]);
  using row = new Tensor([5]);
  const refuse = (compute: () => unknown, message: string) => assertThrows(compute, ShapeError, message);
  refuse(
    () => crossEntropy(logits, targets),
    'crossEntropy: expected "targets" of shape (2, 3) or (3), found (2)',
  );
  refuse(() => accuracy(row, targets), "accuracy: expected logits (R, …, V), found shape (5)");
  refuse(
    () => meanSquare(logits, logits.detached, { weights }),
    'meanSquare: expected "weights" of shape (2, 3, 4) or (3, 4), found (3, 1)',
  );
  refuse(
    () => hinge(row, row.detached, { reduction: "none", weights: row }),
    "hinge: expected no weights without a mean, found some: multiply by them",
  );
  refuse(
    () => logistic(row, row.detached, { reduction: "positions" }),
    "logistic: expected replicas and positions, found shape (5)",
  );
});
