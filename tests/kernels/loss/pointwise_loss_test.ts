import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type PointwiseLoss, pointwiseLoss } from "../../../kernels/loss/pointwise_loss.ts";
import { twiceDifferentiable } from "../../../lib/autodiff/differentiable.ts";
import { gradients, hessianVectorProduct } from "../../../lib/autodiff/gradients.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { evaluate } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

await openGpu();

function labels(shape: number[]): Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return Tensor.from(Array.from({ length: size }, (_, i) => i % 3 === 0 ? -1 : 1), shape);
}

Deno.test("pointwise_loss: values and gradients, fused and composed, targets of each replica and of all", async () => {
  for (const [shape, own] of [[[1], [1]], [[3, 5], [3, 5]], [[2, 67], [67]], [[2, 3, 5], [3, 5]]]) {
    using f = waveTensor(shape, 1);
    using y = waveTensor(own, 2);
    using sign = labels(own);
    for (const loss of ["square", "halfSquare"] as const) {
      await assertGradients(() => pointwiseLoss(loss, f, y), [f, y], 2e-6, loss);
      const composed = () => twiceDifferentiable(() => pointwiseLoss(loss, f, y));
      await assertGradients(composed, [f, y], 2e-6, `${loss} composed`);
    }
    for (const loss of ["hinge", "logistic"] as const) {
      await assertGradients(() => pointwiseLoss(loss, f, sign), [f, sign], 2e-6, loss);
      await assertGradients(
        () => twiceDifferentiable(() => pointwiseLoss(loss, f, sign)),
        [f, sign],
        2e-6,
        `${loss} composed`,
      );
    }
  }
});

Deno.test("pointwise_loss: a small logistic loss and its slope keep their digits", async () => {
  using f = Tensor.from([-46, 16, 0, -20, 80]);
  using y = Tensor.from([-1, 1, 1, 1, 1]);
  const [loss, slope] = await evaluate(() => {
    const loss = pointwiseLoss("logistic", f, y);
    return [loss, ...gradients(loss, [f])];
  });
  const [found, slopes] = [await loss.read(), await slope.read()];
  [[46, -1], [16, 1], [0, 1], [-20, 1], [80, 1]].forEach(([margin, label], i) => {
    const exact = margin > 0 ? Math.log1p(Math.exp(-margin)) : -margin + Math.log1p(Math.exp(margin));
    assertAlmostEquals(found[i] / exact, 1, 1e-5, `loss at ${margin}`);
    assertAlmostEquals(slopes[i] * -label * (1 + Math.exp(margin)), 1, 1e-5, `slope at ${margin}`);
  });
  loss.destroy();
  slope.destroy();
});

Deno.test("pointwise_loss: what is not a number loses NaN under every loss, and its slope is NaN, not that of a right answer", async () => {
  using f = Tensor.from([NaN, 2]);
  using y = Tensor.from([1, 1]);
  for (const loss of ["square", "halfSquare", "hinge", "logistic"] as const) {
    const [value, slope] = await evaluate(() => {
      const value = pointwiseLoss(loss, f, y);
      return [value, ...gradients(value, [f])];
    });
    for (const tensor of [value, slope]) {
      const [lost, kept] = await tensor.read();
      assertEquals([Number.isNaN(lost), Number.isFinite(kept)], [true, true], loss);
      tensor.destroy();
    }
  }
});

Deno.test("pointwise_loss: the hinge has slope 0 at its corner", async () => {
  using f = Tensor.from([1, -1, 0.5, 2]);
  using y = Tensor.from([1, -1, 1, 1]);
  using slope = await evaluate(() => gradients(pointwiseLoss("hinge", f, y), [f])[0]);
  assertEquals([...await slope.read()], [0, 0, -1, 0]);
});

Deno.test("pointwise_loss: the composed logistic loss has the Hessian p (1 − p)", async () => {
  using f = waveTensor([7], 1);
  using y = labels([7]);
  using v = waveTensor([7], 2);
  using product = await evaluate(() => {
    const loss = twiceDifferentiable(() => pointwiseLoss("logistic", f, y));
    return hessianVectorProduct(loss, [f], [v])[0];
  });
  const [found, margins, along] = [await product.read(), await f.read(), await v.read()];
  margins.forEach((margin, i) => {
    const p = 1 / (1 + Math.exp(-margin));
    assertAlmostEquals(found[i], p * (1 - p) * along[i], 1e-6);
  });
});

Deno.test("pointwise_loss: more than 65 535 workgroups", async () => {
  const size = 64 * 65_536 + 1;
  using f = new Tensor([1, size]);
  f.write([3], size - 1);
  using y = new Tensor([size]);
  using loss = pointwiseLoss("square", f, y);
  assertEquals((await loss.read()).at(-1), 9);
});

Deno.test("pointwise_loss: a target of another shape is refused", () => {
  using f = new Tensor([2, 3]);
  using y = new Tensor([2]);
  const refused = (loss: PointwiseLoss) => () => pointwiseLoss(loss, f, y);
  assertThrows(
    refused("hinge"),
    ShapeError,
    "pointwiseLoss: expected a target of shape (2, 3) or (3), found (2)",
  );
});
