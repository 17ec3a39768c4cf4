import { assertLess } from "@std/assert";
import accurate from "../../../kernels/shared/accurate.part.wgsl" with { type: "text" };
import code from "../../../kernels/optim/schedule.part.wgsl" with { type: "text" };
import { openGpu } from "../../../lib/gpu/device.ts";
import { kernel } from "../../../lib/gpu/kernel.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import {
  constantSchedule,
  cosineSchedule,
  linearSchedule,
  SCHEDULE_CODES,
  scheduleFactor,
  triangleSchedule,
  warmUp,
} from "../../../lib/optim/schedule.ts";

await openGpu();

const factors = kernel({
  label: "factors",
  code: {
    "kernels/optim/schedule.part.wgsl": code,
    "factors.wgsl": `
struct Dims { N: u32, warmup: f32, end: f32, floor: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> steps: array<u32>;     // (N)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;   // (N)
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < dims.N) { y[id.x] = schedule_factor(vec4f(dims.warmup, dims.end, dims.floor, 0.0), steps[id.x]); }
}`,
  },
  inputs: { steps: ["N"] },
  outputs: { y: ["N"] },
  scalars: ["warmup", "end", "floor"],
  groups: ({ N }) => Math.ceil(N / 64),
});

Deno.test("schedule: every shape, with and without warm-up, from the first step to beyond the last", async () => {
  const shapes = [
    constantSchedule(),
    cosineSchedule({ steps: 1000 }),
    cosineSchedule({ steps: 1000, floor: 0.1 }),
    linearSchedule({ steps: 1000, floor: 0.25 }),
    triangleSchedule({ steps: 1001 }),
    cosineSchedule({ steps: 10_000_000, floor: 1e-3 }),
  ];
  const at = [0, 1, 2, 9, 10, 11, 100, 499, 500, 501, 990, 999, 1000, 1001, 5_000_000, 9_999_999, 4_000_000_000];
  using steps = Tensor.from(Uint32Array.from(at));
  for (const shape of shapes) {
    for (const warmup of [0, 1, 10, 300]) {
      const schedule = warmUp(warmup, shape);
      const { steps: end, floor } = schedule;
      const SCHEDULE = SCHEDULE_CODES[schedule.shape];
      using y = factors({ steps, warmup, end: Number(end), floor: Number(floor) }, { SCHEDULE }).y;
      (await y.read()).forEach((value, i) => {
        const exact = scheduleFactor(schedule, at[i]);
        // Relative: a rate that falls to 0 does so with all its digits.
        assertLess(Math.abs(value - exact), 1e-6 * exact + 1e-12, `${schedule.shape} ${warmup} at ${at[i]}`);
      });
    }
  }
});

const accurateFunctions = kernel({
  label: "accurate",
  code: {
    "kernels/shared/accurate.part.wgsl": accurate,
    "accurate_test.wgsl": `
struct Dims { N: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                // (N)
@group(0) @binding(2) var<storage, read_write> power: array<f32>;      // (N)
@group(0) @binding(3) var<storage, read_write> complement: array<f32>; // (N)
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < dims.N) {
    power[id.x] = exp_accurate(x[id.x]);
    complement[id.x] = one_minus_exp(min(x[id.x], 0.0));
  }
}`,
  },
  inputs: { x: ["N"] },
  outputs: { power: ["N"], complement: ["N"] },
  groups: ({ N }) => Math.ceil(N / 64),
});

Deno.test("accurate: eᵛ over the range of float32, and 1 − eᵛ down to nothing", async () => {
  const values = Array.from({ length: 4001 }, (_, i) => 87 * (i / 2000 - 1));
  values.push(...[1e-30, 1e-8, 1e-4, 0.01, 0.3465, 0.3466, 0.4999, 0.5001, 1, 20].flatMap((v) => [v, -v]));
  const x32 = Float32Array.from(values);
  using x = Tensor.from(x32);
  const { power, complement } = accurateFunctions({ x });
  const [p, c] = [await power.read(), await complement.read()];
  x32.forEach((v, i) => {
    assertLess(Math.abs(p[i] / Math.exp(v) - 1), 3e-7, `exp ${v}`);
    if (v < 0) assertLess(Math.abs(c[i] / -Math.expm1(v) - 1), 3e-7, `1 - exp ${v}`);
  });
  power.destroy();
  complement.destroy();
});

Deno.test("accurate: the bias corrections 1 − βᵗ at t = 1, 10, 10⁵, from ln β rounded once", async () => {
  const betas = [0.9, 0.95, 0.98, 0.99, 0.999, 0.9999, 0.999999];
  const cases = betas.flatMap((beta) => [1, 10, 1000, 1e5].map((t) => ({ beta, t })));
  using x = Tensor.from(cases.map(({ beta, t }) => Math.fround(t * Math.fround(Math.log(beta)))));
  const { power, complement } = accurateFunctions({ x });
  (await complement.read()).forEach((value, i) => {
    const { beta, t } = cases[i];
    assertLess(Math.abs(value / -Math.expm1(t * Math.log(beta)) - 1), 4e-7, `1 − ${beta}^${t}`);
  });
  power.destroy();
  complement.destroy();
});
