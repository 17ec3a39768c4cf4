import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { angles } from "../../../kernels/linalg/angles.ts";
import { combine } from "../../../kernels/shared/combine.ts";
import { columnMeans, scaledSquares, subtractRows } from "../../../kernels/linalg/centre.ts";
import { choleskyFactor } from "../../../kernels/linalg/cholesky.ts";
import { addIdentity, expmScale, takeSquare } from "../../../kernels/linalg/expm.ts";
import { filterValues } from "../../../kernels/linalg/filter_values.ts";
import { substitute } from "../../../kernels/linalg/triangular_solve.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { largestDifference } from "../../linalg/matrices.ts";
import { waves } from "../../oracles/waves.ts";

const { adapter } = await openGpu();

Deno.test("angles: all of a quarter turn, small ones relative to themselves", async () => {
  const theta = [1e-20, 1e-6, 0.01, 0.3, Math.PI / 8, 0.5, Math.PI / 4, 1, 3 * Math.PI / 8, 1.5, Math.PI / 2];
  using cosine = Tensor.from(theta.map(Math.cos), [1, theta.length]);
  using sine = Tensor.from(theta.map(Math.sin).reverse(), [1, theta.length]);
  using angle = angles({ cosine, sine }).angle;
  const found = await angle.read();
  theta.forEach((expected, k) => assertLess(Math.abs(found[k] / expected - 1), 3e-7, `${expected}`));
});

Deno.test("combine and scaledSquares, over more workgroups than a row has", async () => {
  const E = 64 * 65_536 + 3;
  using a = Tensor.from(new Float32Array(E).fill(2));
  using b = Tensor.from(new Float32Array(E).fill(3));
  using y = combine({ a, b, alpha: 0.5, beta: -2 }).y;
  assertEquals((await y.read()).some((value) => value !== -5), false);
  using squares = scaledSquares({ x: a, factor: 0.25 }).y;
  assertEquals((await squares.read()).some((value) => value !== 1), false);
});

Deno.test("columnMeans and subtractRows: one row, odd sizes, more rows than a software driver's loops may count", async () => {
  for (const [B, S, F] of [[1, 1, 1], [2, 17, 5], [1, 70_001, 3]]) {
    const values = waves(B * S * F, 1).map((value) => value + 100);
    using x = Tensor.from(values, [B, S, F]);
    using mean = columnMeans({ x }).mean;
    const expected = new Float64Array(B * F);
    values.forEach((value, index) => expected[Math.floor(index / (S * F)) * F + index % F] += value / S);
    assertLess(largestDifference(await mean.read(), expected), 2e-5, `${S}`);
    using y = subtractRows({ x, mean }).y;
    const found = await mean.read();
    const centred = values.map((value, index) => value - found[Math.floor(index / (S * F)) * F + index % F]);
    assertEquals(await y.read(), centred);
  }
  if (adapter.software) {
    using x = new Tensor([1, 16 * 65_536, 1]);
    assertThrows(() => columnMeans({ x }), ShapeError, "columnMeans: expected at most 65535 loop iterations");
  }
});

Deno.test("filterValues: inverses above the cutoff, ridge filters, along columns and rows", async () => {
  const s = [4, 1, 1e-6];
  using values = Tensor.from(s, [1, 3]);
  using x = Tensor.from([1, 1, 1, 1, 1, 1, 1, 1, 1], [1, 3, 3]);
  using inverse = filterValues({ x, s: values, cutoff: 1e-5, ridge: 0 }).y;
  assertEquals([...await inverse.read()], [0.25, 1, 0, 0.25, 1, 0, 0.25, 1, 0]);
  using rows = filterValues({ x, s: values, cutoff: 0, ridge: 2 }, { ROWS: 1 }).y;
  const expected = s.flatMap((value) => Array(3).fill(value / (value * value + 2)));
  (await rows.read()).forEach((value, k) => assertLess(Math.abs(value / expected[k] - 1), 1e-6));
});

Deno.test("choleskyFactor: padding stays zero, NaN only from the failing column on", async () => {
  using a = Tensor.from([4, 2, 0, 0, 2, 1, 0, 0], [1, 2, 4]);
  using l = choleskyFactor(a);
  const found = [...await l.read()];
  assertEquals([...found.slice(0, 5), ...found.slice(6)], [2, 0, 0, 0, 1, 0, 0]);
  assertEquals(Number.isNaN(found[5]), true);
});

Deno.test("substitute: many and few right-hand sides have the same bits", async () => {
  const [N, C] = [12, 33];
  const t = waves(N * N, 1).map((value, index) => Math.floor(index / N) === index % N ? 2 : value);
  const b = waves(C * N, 2);
  using triangle = Tensor.from(t, [1, N, N]);
  using all = Tensor.from(b, [1, C, N]);
  substitute(triangle, all);
  using last = Tensor.from(b.slice((C - 1) * N), [1, 1, N]);
  substitute(triangle, last);
  assertEquals(await last.read(), (await all.read()).slice((C - 1) * N));
});

Deno.test("expmScale: halvings until the norm is at most a half, and no more than the limit", async () => {
  const norms = [0, 0.5, 0.51, 1, 1.01, 40, 1e6];
  const matrices = norms.flatMap((norm) => [norm / 2, 0.1 * norm, -norm / 2, 0.1 * norm]);
  using a = Tensor.from(matrices, [norms.length, 2, 2]);
  const { squarings, scale } = expmScale({ a, limit: 16 });
  const counts = [0, 0, 1, 1, 2, 7, 16];
  assertEquals([...await squarings.read()], counts);
  assertEquals([...await scale.read()], counts.map((count) => 2 ** -count));
  for (const tensor of [squarings, scale]) tensor.destroy();
});

Deno.test("addIdentity and takeSquare, a matrix each", async () => {
  using x = Tensor.from([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]);
  using y = addIdentity({ x, factor: 2 }).y;
  assertEquals([...await y.read()], [3, 4, 6, 9, 11, 12, 14, 17]);
  using squarings = Tensor.from(Uint32Array.of(1, 2));
  using square = Tensor.from([1, 1, 1, 1, 1, 1, 1, 1], [2, 4]);
  using taken = Tensor.from([0, 0, 0, 0, 0, 0, 0, 0], [2, 4]);
  takeSquare({ square, squarings, y: taken, step: 1 });
  assertEquals([...await taken.read()], [0, 0, 0, 0, 1, 1, 1, 1]);
});
