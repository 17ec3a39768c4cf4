import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { linearIclBackward } from "../../../kernels/linear_icl/linear_icl_backward.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { normals } from "../../../lib/random/random.ts";
import { lossAndGradient } from "../../oracles/linear_icl.ts";

const gpu = await openGpu();

const numbers = (count: number, seed: number) =>
  Float32Array.from(normals({ seed, key: "linear_icl_backward" }, count));

/** Runs the kernel on tokens (R, B, N, D) with Σ̂ summed in float64; one definition per prompt. */
async function compare(R: number, B: number, D: number, N: number, items: number[]) {
  const W = 2 * D;
  const scale = 1 / Math.sqrt(D);
  const [tokens, tasks, queries] = [numbers(R * B * N * D, 1), numbers(R * B * D * D, 2), numbers(R * B * D, 3)];
  const weights = numbers(R * 2 * W * W, 4).map((value) => value * scale / 4);
  const sd = numbers(R * D, 5).map((value) => 1 + value * value / 4);
  const sigma = new Float32Array(R * B * D * D);
  for (let item = 0; item < R * B; item++) {
    const row = Math.floor(item / B) * D;
    for (let n = 0; n < N; n++) {
      const x = tokens.subarray((item * N + n) * D, (item * N + n + 1) * D);
      for (let i = 0; i < D; i++) {
        for (let j = 0; j < D; j++) sigma[(item * D + i) * D + j] += sd[row + i] * sd[row + j] * x[i] * x[j] / N;
      }
    }
  }
  using covariance = Tensor.from(sigma, [R, B, D, D]);
  using task = Tensor.from(tasks, [R, B, D, D]);
  using query = Tensor.from(queries, [R, B, D]);
  using context = Tensor.from(new Float32Array(R).fill(N));
  using deviation = Tensor.from(sd, [R, D]);
  using parameters = Tensor.from(weights, [R, 2 * W * W]);
  const out = linearIclBackward({ covariance, task, query, context, deviation, parameters }, { D, WIDTH: W });
  const [delta, hidden, back, token, loss] = await Promise.all(
    [out.delta, out.hidden, out.back, out.token, out.loss].map((tensor) => tensor.read()),
  );
  for (const tensor of Object.values(out)) tensor.destroy();
  for (const item of items) {
    const r = Math.floor(item / B);
    const scaled = (x: Float32Array) => Float64Array.from(x, (value, k) => value * sd[r * D + k % D]);
    const model = {
      wP: Float64Array.from(weights.subarray(r * 2 * W * W, (r * 2 + 1) * W * W)),
      wQ: Float64Array.from(weights.subarray((r * 2 + 1) * W * W, (r + 1) * 2 * W * W)),
    };
    const exact = lossAndGradient(model, [{
      tokens: scaled(tokens.subarray(item * N * D, (item + 1) * N * D)),
      query: scaled(queries.subarray(item * D, (item + 1) * D)),
      task: Float64Array.from(tasks.subarray(item * D * D, (item + 1) * D * D)),
    }]);
    const label = `(${R}, ${B}, ${D}), prompt ${item}`;
    assertLess(Math.abs(loss[item] / exact.loss - 1), 1e-5, label);
    for (const [left, right, gradient] of [[delta, hidden, exact.dWP], [back, token, exact.dWQ]] as const) {
      const error = gradient.map((value, k) => {
        const [i, j] = [Math.floor(k / W), k % W];
        return value - left[item * W + i] * right[item * W + j];
      });
      assertLess(Math.hypot(...error), 1e-5 * Math.hypot(...gradient), label);
    }
  }
}

Deno.test("linear_icl_backward: the definition's loss and gradient; odd sizes, vectors longer than the lanes", async () => {
  await compare(1, 1, 1, 1, [0]);
  await compare(2, 3, 5, 4, [0, 1, 2, 3, 4, 5]);
  await compare(1, 2, 33, 3, [0, 1]);
  await compare(2, 1, 70, 2, [0, 1]);
});

Deno.test("linear_icl_backward: more than 65 535 prompts", () => compare(2, 32_769, 1, 1, [0, 32_768, 65_536, 65_537]));

Deno.test({
  name: "linear_icl_backward: a dimension whose loops a software driver would cut short is refused",
  ignore: !gpu.adapter.software,
  fn: async () => {
    const run = (D: number) => {
      using covariance = new Tensor([1, 1, D, D]);
      using query = new Tensor([1, 1, D]);
      using one = Tensor.from([1]);
      using deviation = new Tensor([1, D]);
      using parameters = new Tensor([1, 8 * D * D]);
      const out = linearIclBackward(
        { covariance, task: covariance, query, context: one, deviation, parameters },
        { D, WIDTH: 2 * D },
      );
      return Object.values(out).map((tensor) => tensor.destroy()).length;
    };
    assertThrows(() => run(449), ShapeError, "linear_icl_backward: expected at most");
    assertEquals(run(448), 5);
    await gpu.finish();
  },
});
