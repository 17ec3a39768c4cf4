import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { principalAngles } from "../../lib/linalg/principal_angles.ts";
import { matmulReference } from "../../lib/linalg/reference_solve.ts";
import { gaussian, largestDifference, readAll } from "./matrices.ts";

await openGpu();

/** Two K-dimensional spaces in 2K + extra dimensions at the given angles, in random bases and turned at random. */
function spacesAt(angles: readonly number[], extra: number) {
  const K = angles.length;
  const M = 2 * K + extra;
  const a = new Float64Array(M * K), b = new Float64Array(M * K);
  angles.forEach((angle, k) => {
    a[2 * k * K + k] = 1;
    b[2 * k * K + k] = Math.cos(angle);
    b[(2 * k + 1) * K + k] = Math.sin(angle);
  });
  // A reflection turns both spaces alike.
  const w = gaussian(M, 3);
  const square = w.reduce((sum, value) => sum + value * value, 0);
  const reflect = (x: Float64Array) => {
    const overlap = matmulReference(w, x, 1, M, K);
    return x.map((value, index) => value - 2 * w[Math.floor(index / K)] * overlap[index % K] / square);
  };
  const mixed = (x: Float64Array, seed: number) => {
    const mix = gaussian(K * K, seed).map((value, index) => value / K + Number(index % (K + 1) === 0));
    return matmulReference(x, mix, M, K, K);
  };
  return { M, K, a: mixed(reflect(a), 1), b: mixed(reflect(b), 2) };
}

Deno.test("principalAngles: known angles, from tiny to right, within 1e-6", async () => {
  const angles = [0, 1e-4, 0.01, Math.PI / 8, 0.7, Math.PI / 4, 1.2, 1.5, Math.PI / 2];
  const { M, K, a, b } = spacesAt(angles, 3);
  using left = Tensor.from(a, [M, K]);
  using right = Tensor.from(b, [M, K]);
  const [found] = await readAll(principalAngles(left, right));
  assertLess(largestDifference(found, angles), 2e-6);
});

Deno.test("principalAngles: spaces of different dimension, in either order; equal and orthogonal ones", async () => {
  using plane = Tensor.from([1, 0, 0, 1, 0, 0, 0, 0], [4, 2]);
  using line = Tensor.from([1, 0, 1, 0], [4, 1]);
  for (const [a, b] of [[plane, line], [line, plane]]) {
    const [found] = await readAll(principalAngles(a, b));
    assertLess(largestDifference(found, [Math.PI / 4]), 1e-6);
  }
  assertLess(largestDifference((await readAll(principalAngles(plane, plane)))[0], [0, 0]), 1e-6);
  using other = Tensor.from([0, 0, 0, 0, 1, 0, 0, 1], [4, 2]);
  const right = [Math.PI / 2, Math.PI / 2];
  assertLess(largestDifference((await readAll(principalAngles(plane, other)))[0], right), 1e-6);
});

Deno.test("principalAngles: leading axes", async () => {
  const { M, K, a, b } = spacesAt([0.2, 1], 1);
  using left = Tensor.from([...a, ...a], [2, M, K]);
  using right = Tensor.from([...a, ...b], [2, M, K]);
  using found = principalAngles(left, right);
  assertEquals(found.shape, [2, K]);
  assertLess(largestDifference(await found.read(), [0, 0, 0.2, 1]), 2e-6);
});

Deno.test("principalAngles: errors name the arguments", () => {
  using a = new Tensor([3, 2]);
  using b = new Tensor([4, 2]);
  using wide = new Tensor([3, 4]);
  assertThrows(() => principalAngles(a, b), ShapeError, 'principalAngles: expected "b" of shape (3, K), found (4, 2)');
  const message = 'principalAngles: expected at most 3 columns in "b", found 4';
  assertThrows(() => principalAngles(a, wide), ShapeError, message);
});
