import { assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { multiply } from "../../../kernels/elementwise/binary.ts";
import { elementwise } from "../../../kernels/elementwise/elementwise.ts";
import { pairwise } from "../../../kernels/elementwise/pairwise.ts";
import { twiceDifferentiable } from "../../../lib/autodiff/differentiable.ts";
import { gradients } from "../../../lib/autodiff/gradients.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { GpuError, KernelError } from "../../../lib/gpu/errors.ts";
import { evaluate, record } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

const gpu = await openGpu();

/** x eˢˣ, whose derivative is written in different ways. */
const growing = (derivative?: string) =>
  elementwise({
    label: "growing",
    parameters: ["rate", "unused"],
    wgsl: "let power = exp(rate * x);\nreturn x * power;",
    derivative,
    gradient: ({ dy, x, y, rate }) => {
      const power = exponential(x, { rate });
      return multiply(dy, combined(power, y, rate));
    },
    reference: (x, { rate }) => x * Math.exp(rate * x),
  });
const exponential = elementwise({
  label: "exponential",
  parameters: ["rate"],
  wgsl: "exp(rate * x)",
  gradient: ({ dy, y, rate }) => multiply(multiply(dy, y), rated(y, rate)),
  reference: (x, { rate }) => Math.exp(rate * x),
});
const constant = elementwise({
  label: "constant",
  parameters: ["value"],
  wgsl: "value",
  gradient: null,
  reference: (_, { value }) => value,
});
const rated = (like: Tensor, rate: number) => constant(like, { value: rate });
const sum = pairwise({ label: "sum", wgsl: "a + b", gradient: ({ dy }) => [dy, dy], reference: (a, b) => a + b });
const combined = (power: Tensor, y: Tensor, rate: number) => sum(power, multiply(y, rated(y, rate)));

Deno.test("elementwise: a derivative of x, of x and y, of y, or none, with statements and parameters", async () => {
  using x = waveTensor([3, 5], 1);
  using four = waveTensor([8], 2);
  for (const derivative of ["(1.0 + rate * x) * exp(rate * x)", "exp(rate * x) + rate * y", undefined]) {
    const f = growing(derivative);
    for (const input of [x, four]) {
      const of = () => f(input, { rate: 0.7, unused: 0 });
      await assertGradients(of, [input], 1e-6, derivative);
      await assertGradients(() => twiceDifferentiable(of), [input], 1e-6, `${derivative}, composed`);
    }
  }
  using program = await record("dx", () => gradients(growing("x")(x, { rate: 1, unused: 0 }), [x])[0]);
  assertEquals(program.dispatches, ["fill + growing_backward"]);
});

Deno.test("elementwise: no gradient means zero", async () => {
  using x = Tensor.from([1, 2]);
  using dx = await evaluate(() => gradients(rated(x, 3), [x])[0]);
  assertEquals([...await dx.read()], [0, 0]);
});

Deno.test("elementwise: a parameter changes without another pipeline, and keeps its float32 digits", async () => {
  using x = Tensor.from([0.5]);
  for (const rate of [-1.25, 0, 3]) {
    using y = exponential(x, { rate });
    assertAlmostEquals((await y.read())[0] / Math.exp(rate * 0.5), 1, 1e-6);
  }
});

Deno.test("elementwise: more than four parameters are refused, and WGSL that does not compile is named by its line", async () => {
  const declare = () =>
    elementwise({
      label: "many",
      parameters: ["a", "b", "c", "d", "e"],
      wgsl: "x",
      gradient: null,
      reference: (x) => x,
    });
  assertThrows(declare, KernelError, "many: expected at most 4 parameters, found a, b, c, d, e");
  const wrong = elementwise({ label: "wrong", wgsl: "maxx(x, 0.0)", gradient: null, reference: (x) => x });
  using x = Tensor.from([1]);
  await assertRejects(
    async () => {
      using _ = wrong(x);
      await gpu.settle();
    },
    GpuError,
    'elementwise wrong:2:8: no definition in scope for identifier: `maxx`, in "return maxx(x, 0.0);"',
  );
});
