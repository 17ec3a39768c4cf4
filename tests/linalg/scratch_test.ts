import { assertEquals } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import * as linalg from "../../lib/linalg/mod.ts";
import { gaussian } from "./matrices.ts";

const { device } = await openGpu();

/** Buffers that `run` makes and does not free, besides those of the tensors it returns. */
function leaked(run: () => Tensor[]): number {
  const live = new Set<GPUBuffer>();
  const create = device.createBuffer;
  const { destroy } = GPUBuffer.prototype;
  device.createBuffer = function (descriptor) {
    const buffer = create.call(device, descriptor);
    live.add(buffer);
    return buffer;
  };
  GPUBuffer.prototype.destroy = function () {
    live.delete(this);
    return destroy.call(this);
  };
  try {
    for (const tensor of run()) tensor.destroy();
  } finally {
    device.createBuffer = create;
    GPUBuffer.prototype.destroy = destroy;
  }
  return live.size;
}

Deno.test("no operation leaves buffers behind, of any size", async () => {
  for (const [M, N] of [[5, 5], [130, 130], [1100, 4], [1280, 4]]) {
    using a = Tensor.from(gaussian(M * N, 1), [M, N]);
    using wide = Tensor.from(gaussian(M * N, 1), [N, M]);
    using b = Tensor.from(gaussian(M * 2, 2), [M, 2]);
    using square = Tensor.from(gaussian(N * N, 3), [N, N]);
    using right = Tensor.from(gaussian(N * 2, 4), [N, 2]);
    const operations: Record<string, () => Tensor[]> = {
      svd: () => Object.values(linalg.svd(a)),
      "svd of a wide matrix": () => Object.values(linalg.svd(wide)),
      singularValues: () => [linalg.singularValues(a), linalg.singularValues(wide)],
      eigh: () => Object.values(linalg.eigh(square)),
      qr: () => Object.values(linalg.qr(a)),
      cholesky: () => [linalg.cholesky(square)],
      solve: () => [linalg.solve(square, right), linalg.solvePositive(square, right)],
      solveTriangular: () => [linalg.solveTriangular(square, right, { upper: true })],
      regression: () => [linalg.solveLeastSquares(a, b), linalg.solveRidge(a, b, 1), linalg.pinv(a)],
      pca: () => [...Object.values(linalg.pca(a, 2)), ...Object.values(linalg.randomizedPca(a, 2))],
      principalAngles: () => [linalg.principalAngles(a, b), linalg.principalAngles(b, a)],
      expm: () => [linalg.expm(square)],
    };
    for (const [name, run] of Object.entries(operations)) assertEquals(leaked(run), 0, `${name}, ${M} × ${N}`);
  }
  await device.queue.onSubmittedWorkDone();
});

Deno.test("the count of buffers left behind can fail", () => {
  const forgotten: Tensor[] = [];
  const count = leaked(() => {
    forgotten.push(new Tensor([3]));
    return [];
  });
  forgotten[0].destroy();
  assertEquals(count, 1);
});
