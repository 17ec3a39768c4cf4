import { assert, assertEquals, assertLess, assertNotEquals, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { meanSquare } from "../../lib/losses.ts";
import { leastSquares, ridge } from "../../lib/models/baselines/mod.ts";
import { ParameterSet, type Weights } from "../../lib/models/parameters.ts";
import { transformer } from "../../lib/models/transformer.ts";
import { adamw } from "../../lib/optim/mod.ts";
import { interleavedPredictions, interleavedTokens, linearRegression } from "../../lib/tasks/mod.ts";
import { type Computation, Training } from "../../lib/train/training.ts";
import { assertGradients, waveTensor } from "../oracles/gradients.ts";
import { waves } from "../oracles/waves.ts";

await openGpu();

type Label = "own" | "first";

/** Tokens in plain loops, with the label in a column of its own or in the first one. */
function interleavedReference(x: Float32Array, y: Float32Array, D: number, label: Label): number[] {
  const width = label === "own" ? D + 1 : D;
  return [...y].flatMap((value, n) => {
    const input = new Array<number>(width).fill(0).map((_, c) => c < D ? x[n * D + c] : 0);
    const target = new Array<number>(width).fill(0);
    target[label === "own" ? D : 0] = value;
    return [...input, ...target];
  });
}

Deno.test("interleaved tokens: x and y in turn, as plain loops place them, of one pair, odd sizes and whole vectors", async () => {
  for (const [R, B, N, D] of [[1, 1, 1, 1], [2, 3, 5, 3], [3, 2, 4, 8], [1, 1, 67, 9]]) {
    const [inputs, labels] = [Float32Array.from(waves(R * B * N * D, 1)), Float32Array.from(waves(R * B * N, 2))];
    using x = Tensor.from(inputs, [R, B, N, D]);
    using y = Tensor.from(labels, [R, B, N]);
    for (const label of ["own", "first"] as const) {
      using tokens = await evaluate(() => interleavedTokens(x, y, { label }));
      assertEquals(tokens.shape, [R, B, 2 * N, label === "own" ? D + 1 : D]);
      assertEquals([...await tokens.read()], interleavedReference(inputs, labels, D, label));
    }
  }
});

Deno.test("interleaved tokens: as in the code of Garg et al., a label is the first coordinate of its token", async () => {
  using x = Tensor.from([1, 2, 3, 4], [1, 1, 2, 2]);
  using y = Tensor.from([7, 8], [1, 1, 2]);
  using own = await evaluate(() => interleavedTokens(x, y));
  assertEquals([...await own.read()], [1, 2, 0, 0, 0, 7, 3, 4, 0, 0, 0, 8]);
  using first = await evaluate(() => interleavedTokens(x, y, { label: "first" }));
  assertEquals([...await first.read()], [1, 2, 7, 0, 3, 4, 8, 0]);
});

Deno.test("interleaved tokens: a label's token shows its input where pairs are asked for, and gradients go to both places", async () => {
  using x = Tensor.from([1, 2, 3, 4], [1, 1, 2, 2]);
  using y = Tensor.from([7, 8], [1, 1, 2]);
  using pairs = await evaluate(() => interleavedTokens(x, y, { pairs: true }));
  assertEquals(pairs.shape, [1, 1, 4, 3]);
  assertEquals([...await pairs.read()], [1, 2, 0, 1, 2, 7, 3, 4, 0, 3, 4, 8]);
  using inputs = waveTensor([2, 3, 5, 3], 1);
  using labels = waveTensor([2, 3, 5], 2);
  await assertGradients(() => interleavedTokens(inputs, labels, { pairs: true }), [inputs, labels], 1e-6);
  assertThrows(
    () => interleavedTokens(x, y, { pairs: true, label: "first" }),
    ShapeError,
    "interleavedTokens: expected labels in a coordinate of their own beside inputs, found the first",
  );
});

Deno.test("interleaved predictions: every other output, whose gradient goes there alone", async () => {
  using outputs = Tensor.from([1, 2, 3, 4, 5, 6, 7, 8], [2, 1, 4, 1]);
  using read = await evaluate(() => interleavedPredictions(outputs));
  assertEquals([read.shape, [...await read.read()]], [[2, 1, 2], [1, 3, 5, 7]]);
  for (const [R, B, T] of [[1, 1, 2], [2, 3, 14]]) {
    using wave = waveTensor([R, B, T, 1], 1);
    await assertGradients(() => interleavedPredictions(wave), [wave], 1e-7);
  }
});

Deno.test("interleaved tokens: gradients reach inputs and labels", async () => {
  using x = waveTensor([2, 2, 3, 4], 1);
  using y = waveTensor([2, 2, 3], 2);
  for (const label of ["own", "first"] as const) {
    await assertGradients(() => interleavedTokens(x, y, { label }), [x, y], 1e-7);
  }
});

Deno.test("interleaved prompts: a prediction depends on the pairs before and on its input, and on nothing later", async () => {
  const [D, N] = [2, 4];
  const sizes = { outputs: 1, length: 2 * N, layers: 2, heads: 2, width: 8 };
  const model = transformer({ input: { dimension: D + 1 }, ...sizes });
  using parameters = ParameterSet.create(model.parameters, [3]);
  const [inputs, labels] = [Float32Array.from(waves(N * D, 1)), Float32Array.from(waves(N, 2))];
  const predict = async (changed: "x" | "y" | null, n: number) => {
    using x = Tensor.from(inputs.map((value, index) => changed === "x" && index === n * D ? -value : value), [
      1,
      1,
      N,
      D,
    ]);
    using y = Tensor.from(labels.map((value, index) => changed === "y" && index === n ? -value : value), [1, 1, N]);
    using found = await evaluate(() =>
      interleavedPredictions(model.apply(parameters.weights, interleavedTokens(x, y)))
    );
    return [...await found.read()];
  };
  const whole = await predict(null, 0);
  for (let n = 0; n < N; n++) {
    for (const changed of ["x", "y"] as const) {
      const from = changed === "x" ? n : n + 1;
      const other = await predict(changed, n);
      assertEquals(other.slice(0, from), whole.slice(0, from), `${changed}_${n}`);
      other.slice(from).forEach((value, index) => assertNotEquals(value, whole[from + index], `${changed}_${n}`));
    }
  }
});

Deno.test("interleaved prompts: a small decoder learns, and stands beside exact baselines position by position", async () => {
  const [R, D, N, noise] = [2, 2, 5, 0.5];
  const prompts = linearRegression({ dimension: D, context: N, batch: 64, noise });
  const sizes = { outputs: 1, length: 2 * N, layers: 2, heads: 2, width: 16 };
  const model = transformer({ input: { dimension: D + 1 }, ...sizes });
  const predict = (weights: Weights, x: Tensor, y: Tensor) =>
    interleavedPredictions(model.apply(weights, interleavedTokens(x, y)));
  const test = (predictor: (weights: Weights, x: Tensor, y: Tensor) => Tensor): Computation => (weights, draw) => {
    const { x, y } = prompts({ ...draw, key: "test" });
    const found = predictor(weights, x, y);
    assertEquals(found.shape, [R, 64, N]);
    return meanSquare(found, y, { reduction: "positions" });
  };
  using parameters = ParameterSet.create(model.parameters, [1, 2]);
  using training = await Training.create({
    parameters,
    optimizer: adamw({ lr: 1e-2 }),
    loss: (weights, draw) => {
      const { x, y } = prompts({ ...draw, key: "train" });
      return meanSquare(predict(weights, x, y), y);
    },
    evaluations: {
      model: test(predict),
      ridge: test((_, x, y) => ridge({ lambda: noise ** 2 }).apply({ x, y })),
      leastSquares: test((_, x, y) => leastSquares().apply({ x, y })),
    },
  });
  for await (const { step, evaluations } of training.run({ reports: [0, 400] })) {
    for (const values of Object.values(evaluations)) assertEquals(values.length, R * N);
    const late = (values: Float32Array) => values[N - 1] + values[2 * N - 1];
    // The posterior mean is best at every position; without a pair it is 0, as least squares is.
    assertEquals(evaluations.ridge[0], evaluations.leastSquares[0]);
    assertLess(late(evaluations.ridge), late(evaluations.leastSquares));
    if (step === 0) continue;
    assert(late(evaluations.model) > late(evaluations.ridge), "nothing beats the posterior mean on average");
    assertLess(late(evaluations.model), 0.5 * (evaluations.ridge[0] + evaluations.ridge[N]));
  }
});

Deno.test("interleaved prompts: what does not fit is refused", () => {
  using x = new Tensor([1, 2, 3, 4]);
  using y = new Tensor([1, 2, 4]);
  assertEquals(
    assertThrows(() => interleavedTokens(x, y), ShapeError).message,
    "interleavedTokens: expected inputs (R, B, N, D) and labels (R, B, N), found (1, 2, 3, 4) and (1, 2, 4)",
  );
  for (const shape of [[1, 2, 3, 1], [1, 2, 4, 2], [1, 2, 4]]) {
    using outputs = new Tensor(shape);
    assertEquals(
      assertThrows(() => interleavedPredictions(outputs), ShapeError).message,
      `interleavedPredictions: expected outputs (R, B, 2N, 1), found (${shape.join(", ")})`,
    );
  }
});
