import { assertAlmostEquals, assertLess } from "@std/assert";
import { leastSquaresPrefixes, leastSquaresReference } from "../../../kernels/baselines/least_squares.ts";
import { ridgeReference } from "../../../kernels/baselines/ridge.ts";
import type { Array64 } from "../../../lib/autodiff/array64.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { both, bothNormal, relativeError } from "../../oracles/prompts.ts";

await openGpu();

/** Predictions (R, B, N) at some positions. */
function at({ shape, data }: Array64, wanted: (n: number) => boolean): Array64 {
  const kept = data.filter((_, index) => wanted(index % shape[2]));
  return { shape: [kept.length], data: kept };
}

Deno.test("least_squares: the shortest solution below D pairs, the only one above", async () => {
  for (const [R, B, N, D] of [[2, 3, 5, 1], [3, 33, 13, 3], [1, 64, 40, 8], [1, 4, 90, 20]]) {
    const [x, y] = [bothNormal([R, B, N, D], 1), bothNormal([R, B, N], 2)];
    using input = x.tensor;
    using label = y.tensor;
    using prediction = leastSquaresPrefixes({ x: input, y: label });
    const exact = leastSquaresReference(x.exact, y.exact);
    const found = { shape: exact.shape, data: Float64Array.from(await prediction.read()) };
    const name = `(${R}, ${B}, ${N}, ${D})`;
    // Around D pairs condition numbers of 10⁴ occur; away from there they are of order one.
    const calm = (n: number) => n <= D / 2 || n >= 2 * D;
    assertLess(relativeError(at(found, calm).data, at(exact, calm)), 5e-6, `${name}, well-conditioned`);
    assertLess(relativeError(found.data, exact), 5e-4, `${name}, all`);
  }
});

Deno.test("least_squares: dependent and zero inputs", async () => {
  const [N, D] = [9, 4];
  const [a, b] = [[1, 2, -1, 0.5], [0.5, -1, 1, 2]];
  const rows = [a, a, [0, 0, 0, 0], a.map((v) => -2 * v), b, b.map((v, i) => v - a[i]), a, [1, 1, 1, 1], [1, 0, 0, 0]];
  const x = both([1, 1, N, D], rows.flat());
  const y = both([1, 1, N], [1, 2, 5, 3, -1, 0.5, 2, 1, 0]);
  using input = x.tensor;
  using label = y.tensor;
  using prediction = leastSquaresPrefixes({ x: input, y: label });
  // The limit λ → 0, in float64.
  const exact = ridgeReference(x.exact, y.exact, { shape: [1, 1], data: Float64Array.of(1e-9) });
  assertLess(relativeError(await prediction.read(), exact), 2e-6);
});

Deno.test("least_squares: more than 65 535 workgroups", async () => {
  const B = 32 * 65_536 + 1;
  using x = new Tensor([1, B, 2, 1]);
  using y = new Tensor([1, B, 2]);
  x.write([2, 3], 2 * (B - 1));
  y.write([4], 2 * (B - 1));
  using prediction = leastSquaresPrefixes({ x, y }, "last");
  assertAlmostEquals((await prediction.read())[B - 1], 6, 1e-6);
});
