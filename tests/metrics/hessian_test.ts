import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { multiply } from "../../kernels/elementwise/binary.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import { square } from "../../kernels/elementwise/unary.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { Hessian } from "../../lib/metrics/hessian.ts";
import { hessianTrace, lanczos } from "../../lib/metrics/lanczos.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { withSingularValues } from "../linalg/matrices.ts";

await openGpu();

Deno.test("Hessian: of ½‖A w‖² the eigenvalues are squares of singular values, each replica its own", async () => {
  const n = 24;
  const values = Array.from({ length: n }, (_, k) => 4 * 0.8 ** k);
  const matrices = [1, 0.5].map((scale, seed) => withSingularValues(values.map((value) => scale * value), n, n, seed));
  using a = Tensor.from(matrices.flatMap((matrix) => [...matrix]), [2, n, n]);
  using parameters = ParameterSet.create({ w: { shape: [n, 1], init: { law: "normal", deviation: 1 } } }, [1, 2]);
  using half = Tensor.from([0.5, 0.5]);
  const loss = () => multiply(sum(square(matmul(a, parameters.weights.w)), [1, 2]).reshape([2]), half);
  using hessian = await Hessian.of(parameters, loss);
  assertEquals([hessian.replicas, hessian.size], [2, n]);
  const found = await lanczos(hessian.products, hessian);
  const traces = await hessianTrace(hessian.products, hessian, { samples: 200 });
  for (const [r, scale] of [1, 0.25].entries()) {
    const exact = values.map((value) => scale * value * value);
    for (let k = 0; k < 6; k++) assertLess(Math.abs(found[r].values[k] / exact[k] - 1), 1e-4, `${r} ${k}`);
    // Residuals bound the distance to an eigenvalue, up to the rounding of products in single precision.
    const largest = exact[0];
    found[r].values.forEach((value, k) => {
      const nearest = Math.min(...exact.map((eigenvalue) => Math.abs(eigenvalue - value)));
      assertLess(nearest, found[r].residuals[k] + 1e-5 * largest, `${r} ${k}`);
    });
    const trace = exact.reduce((total, value) => total + value, 0);
    assertLess(Math.abs(traces[r].trace - trace), 5 * traces[r].standardError);
    assertLess(traces[r].standardError, 0.1 * trace);
  }
});

Deno.test("Hessian: several parameters in one vector, a saddle with eigenvalues of both signs, elsewhere after a move", async () => {
  // L = a b + c² has the Hessian ((0, 1), (1, 0)) ⊕ 2 everywhere; a³ adds 6 a.
  const specs = {
    a: { shape: [1], init: { law: "constant", value: 2 } },
    b: { shape: [1], init: { law: "constant", value: 1 } },
    c: { shape: [1], init: { law: "constant", value: 1 } },
  } as const;
  using parameters = ParameterSet.create(specs, [1]);
  const { a, b, c } = parameters.weights;
  const loss = () => sum(multiply(a, b), [1]);
  using saddle = await Hessian.of(parameters, loss);
  const [{ values }] = await lanczos(saddle.products, saddle);
  assertAlmostEquals(values[0], 1, 1e-6);
  assertAlmostEquals(values.at(-1)!, -1, 1e-6);
  using cubic = await Hessian.of(parameters, () => sum(multiply(a, multiply(a, multiply(a, c))), [1]));
  const apply = async () => (await cubic.products([Float64Array.of(1, 0, 0)]))[0];
  assertEquals([...await apply()], [12, 0, 12]);
  a.write([3]);
  assertEquals([...await apply()], [18, 0, 27]);
});

Deno.test("lanczos: a space that is exhausted early ends the process; both ends of a diagonal matrix", async () => {
  const diagonal = Float64Array.from({ length: 50 }, (_, i) => i < 45 ? 1 : 10 * (i - 47));
  const products = (vectors: readonly Float64Array[]) =>
    Promise.resolve(vectors.map((v) => v.map((x, i) => x * diagonal[i])));
  const [{ values, residuals }] = await lanczos(products, { replicas: 1, size: 50 });
  const distinct = [20, 10, 1, 0, -10, -20];
  assertEquals(values.length >= 6 && values.length <= 8, true);
  for (const eigenvalue of distinct) {
    assertLess(Math.min(...values.map((value) => Math.abs(value - eigenvalue))), 1e-9);
  }
  assertLess(residuals[0], 1e-6);
});
