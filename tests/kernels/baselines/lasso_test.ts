import { assertAlmostEquals, assertLess } from "@std/assert";
import { lassoPrefixes, lassoReference } from "../../../kernels/baselines/lasso.ts";
import { dot64 } from "../../../kernels/baselines/prefixes.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { normals } from "../../../lib/random/random.ts";
import { both, bothNormal, relativeError } from "../../oracles/prompts.ts";

await openGpu();

Deno.test("lasso: as coordinate descent in float64", async () => {
  for (const [R, B, N, D] of [[1, 1, 2, 1], [2, 3, 5, 1], [2, 8, 12, 3], [1, 8, 24, 8]]) {
    const [x, y] = [bothNormal([R, B, N, D], 1), bothNormal([R, B, N], 2)];
    using input = x.tensor;
    using label = y.tensor;
    for (const penalty of [0.1, 0.5, 2]) {
      const lambda = both([1], [penalty]);
      using each = lambda.tensor;
      using prediction = lassoPrefixes({ x: input, y: label }, each, 500);
      const exact = lassoReference(x.exact, y.exact, lambda.exact);
      assertLess(relativeError(await prediction.read(), exact), 1e-5, `(${R}, ${B}, ${N}, ${D}), λ = ${penalty}`);
    }
  }
});

Deno.test("lasso: the duality gap, in units of the loss of w = 0", async () => {
  const D = 10;
  for (const n of [5, 10, 40]) {
    // Queries along the axes tell the weights.
    const context = normals({ seed: 7, key: "lasso context" }, n * D);
    const noise = normals({ seed: 7, key: "lasso noise" }, n);
    const sparse = [3, -2, 1, 0, 0, 0, 0, 0, 0, 0];
    const rows = Array.from({ length: n }, (_, m) => [...context.subarray(m * D, (m + 1) * D)].map(Math.fround));
    const labels = rows.map((row, m) => Math.fround(dot64(row, sparse) + 0.3 * noise[m]));
    const axes = sparse.map((_, i) => sparse.map((_, j) => i === j ? 1 : 0));
    using x = Tensor.from(axes.flatMap((axis) => [...rows.flat(), ...axis]), [1, D, n + 1, D]);
    using y = Tensor.from(axes.flatMap(() => [...labels, 0]), [1, D, n + 1]);
    for (const lambda of [0.003, 0.03, 0.3]) {
      using penalty = Tensor.from([lambda]);
      using prediction = lassoPrefixes({ x, y }, penalty, 500, "last");
      const w = await prediction.read();
      const residual = rows.map((row, m) => labels[m] - dot64(row, w));
      const primal = dot64(residual, residual) / (2 * n) + lambda * w.reduce((sum, value) => sum + Math.abs(value), 0);
      const slopes = sparse.map((_, i) => Math.abs(dot64(rows.map((row) => row[i]), residual)));
      const scale = Math.min(1, n * lambda / Math.max(...slopes));
      const rest = residual.map((value, m) => labels[m] - scale * value);
      const start = dot64(labels, labels) / (2 * n);
      const dual = start - dot64(rest, rest) / (2 * n);
      assertLess((primal - dual) / start, 2e-6, `n = ${n}, λ = ${lambda}`);
    }
  }
});

Deno.test("lasso: a penalty for each replica; more than 65 535 workgroups", async () => {
  const B = 16 * 65_536 + 1;
  using x = new Tensor([2, B, 2, 1]);
  using y = new Tensor([2, B, 2]);
  for (const last of [B - 1, 2 * B - 1]) {
    x.write([2, 3], 2 * last);
    y.write([4], 2 * last);
  }
  using lambda = Tensor.from([1, 9]);
  using prediction = lassoPrefixes({ x, y }, lambda, 10, "last");
  const found = await prediction.read();
  assertAlmostEquals(found[B - 1], 3 * (8 - 1) / 4, 1e-5);
  assertAlmostEquals(found[2 * B - 1], 0, 1e-6);
});
