/** Two layers on separate tokens against the formula in float64, and a construction that copies and descends. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { sinusoidalPositions } from "../../lib/models/positions.ts";
import { softmaxThenLinear } from "../../lib/models/softmax_then_linear.ts";
import { normals } from "../../lib/random/random.ts";

const [W, P, T, B] = [3, 4, 5, 2], C = W + P;

type Matrix = number[][];
const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0].map((_, j) => row.reduce((s, v, k) => s + v * b[k][j], 0)));
const transposed = (a: Matrix): Matrix => a[0].map((_, j) => a.map((row) => row[j]));
const plus = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => row.map((value, j) => value + b[i][j]));
const rows = (data: ArrayLike<number>, width: number): Matrix =>
  Array.from({ length: data.length / width }, (_, i) => Array.from({ length: width }, (_, j) => data[i * width + j]));

Deno.test("both layers and the pattern are those of the formula", async () => {
  await openGpu();
  const model = softmaxThenLinear({ width: W, positions: P, deviation: 0.6 });
  using parameters = ParameterSet.create(model.parameters, [7]);
  const data = normals({ seed: 1, key: "test tokens" }, B * T * W);
  using tokens = Tensor.from(Float32Array.from(data), [1, B, T, W]);
  const { weights } = parameters;
  const found = await evaluate(() => ({
    output: model.apply(weights, tokens),
    first: model.first(weights, tokens),
    pattern: model.pattern(weights, tokens),
  }));
  const read = async (tensor: Tensor) => {
    const values = await tensor.read();
    tensor.destroy();
    return values;
  };
  const [output, first, pattern] = [await read(found.output), await read(found.first), await read(found.pattern)];
  const of = async (name: string, width: number) => rows(await parameters.weights[name].read(), width);
  const [qkv, out] = [await of("first.qkv", 3 * C), await of("first.output", C)];
  const second = "second.blocks.0.attention.";
  const [q2, k2, v2, o2] = await Promise.all(["query", "key", "value", "output"].map((name) => of(second + name, C)));
  const part = (k: number) => qkv.map((row) => row.slice(k * C, (k + 1) * C));
  const places = rows(sinusoidalPositions(T, P), P);
  const mean: Matrix = Array.from({ length: T }, () => Array(T).fill(0));
  for (let b = 0; b < B; b++) {
    const e = rows(data.slice(b * T * W, (b + 1) * T * W), W).map((row, t) => [...row, ...places[t]]);
    const scores = times(times(e, part(0)), transposed(times(e, part(1)))).map((row) =>
      row.map((score) => Math.exp(score / Math.sqrt(C)))
    );
    const weights = scores.map((row) => row.map((value) => value / row.reduce((sum, one) => sum + one, 0)));
    weights.forEach((row, i) => row.forEach((value, j) => mean[i][j] += value / B));
    const s = plus(e, times(times(weights, times(e, part(2))), out));
    s.forEach((row, t) => row.forEach((value, c) => assertAlmostEquals(first[(b * T + t) * C + c], value, 1e-4)));
    const [context, query] = [s.slice(0, -1), s.slice(-1)];
    const read = times(times(query, q2), transposed(times(context, k2)));
    const y = plus(query, times(times(read, times(context, v2)), o2))[0];
    const size = Math.max(1, ...y.map(Math.abs));
    y.forEach((value, c) => assertAlmostEquals(output[b * C + c] / size, value / size, 1e-4));
  }
  mean.flat().forEach((value, at) => assertAlmostEquals(pattern[at], value, 1e-5));
});

Deno.test("what cannot be is refused", () => {
  assertThrows(
    () => softmaxThenLinear({ width: 3, positions: 3, deviation: 1 }),
    ShapeError,
    "softmaxThenLinear: expected an even number of positions ≥ 2, found 3",
  );
  const model = softmaxThenLinear({ width: 3, positions: 2, deviation: 1 });
  assertEquals(Object.keys(model.parameters).length, 6);
  assert("second.blocks.0.attention.key" in model.parameters);
});
