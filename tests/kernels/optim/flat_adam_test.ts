import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { adamReference } from "../../../kernels/optim/flat_adam.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { ParameterSet } from "../../../lib/models/parameters.ts";
import { adam, adamw } from "../../../lib/optim/adamw.ts";
import { cosineSchedule, scheduleFactor, warmUp } from "../../../lib/optim/schedule.ts";
import { AWKWARD_SPECS, gradientOf, largestError, partsOf, sliceOf } from "../../oracles/flat_parameters.ts";

await openGpu();

Deno.test("flat_adam: Adam and AdamW against float64, own hyper-parameters for each replica, zeros in the padding", async () => {
  const lr = [1e-2, 3e-3, 0.1];
  const betas = [[0.9, 0.8, 0], [0.999, 0.98, 0.9]] as const;
  const weightDecay = [0.1, 0, 1];
  const eps = [1e-8, 1e-3, 1e-6];
  const schedule = warmUp(2, cosineSchedule({ steps: [10, 20, 40], floor: 0.1 }));
  for (const [make, decoupled] of [[adam, false], [adamw, true]] as const) {
    for (const R of [1, 3]) {
      using parameters = ParameterSet.create(AWKWARD_SPECS, [5, 6, 7].slice(0, R));
      const own = (values: readonly number[]) => values.slice(0, R);
      const optimizer = make({
        lr: own(lr),
        betas: [own(betas[0]), own(betas[1])],
        weightDecay: own(weightDecay),
        eps: own(eps),
        schedule: { ...schedule, steps: own(schedule.steps as number[]) },
      });
      const state = optimizer.init(parameters);
      const exact = Float64Array.from(await parameters.flat.read());
      const [mean, square] = [new Float64Array(exact.length), new Float64Array(exact.length)];
      for (let step = 0; step < 6; step++) {
        const g = gradientOf(parameters, step);
        using gradient = Tensor.from(g);
        using clock = Tensor.from(Uint32Array.of(step, 100, 1));
        optimizer.update({ parameters, gradient, state, clock });
        for (const part of partsOf(parameters)) {
          const r = part.replica;
          const [p, slope, m, v] = [exact, Float64Array.from(g), mean, square].map((all) => sliceOf(all, part));
          adamReference(p, slope, m, v, {
            step,
            rate: lr[r] * scheduleFactor(schedule, step, r),
            decay: part.decays ? weightDecay[r] : 0,
            betas: [betas[0][r], betas[1][r]],
            eps: eps[r],
            decoupled,
          });
        }
      }
      // Some roundings per step.
      assertLess(await largestError(parameters, parameters.flat, exact), 2e-6, `${make.name} ${R}`);
      assertLess(await largestError(parameters, state.mean, mean), 2e-6, `${make.name} ${R} mean`);
      assertLess(await largestError(parameters, state.square, square), 2e-6, `${make.name} ${R} square`);
      state.mean.destroy();
      state.square.destroy();
    }
  }
});

Deno.test("flat_adam: a step at t = 1, 10, 10⁵ has its bias correction", async () => {
  using parameters = ParameterSet.create({ w: { shape: [1], init: { law: "constant", value: 0 } } }, [1, 2]);
  using gradient = new Tensor(parameters.flat.shape);
  gradient.write([1, 1], 0);
  const betas = [[0.9, 0.99999], [0.999, 0.999999]] as const;
  for (const t of [1, 10, 100_000]) {
    const optimizer = adamw({ lr: 1, betas, weightDecay: 0 });
    const state = optimizer.init(parameters);
    parameters.flat.write([0, 0], 0);
    using clock = Tensor.from(Uint32Array.of(t - 1, t, 1));
    optimizer.update({ parameters, gradient, state, clock });
    const found = await parameters.flat.read();
    for (const r of [0, 1]) {
      const [first, second] = betas.map((values) => (1 - values[r]) / -Math.expm1(t * Math.log(values[r])));
      assertAlmostEquals(found[r] / (-first / (Math.sqrt(second) + 1e-8)), 1, 1e-6, `replica ${r} at ${t}`);
    }
    state.mean.destroy();
    state.square.destroy();
  }
});

Deno.test("flat_adam: a replica has the same bits alone and in an ensemble", async () => {
  const bits = async (seeds: number[]) => {
    using parameters = ParameterSet.create(AWKWARD_SPECS, seeds);
    const optimizer = adamw({ lr: 1e-2, weightDecay: 0.1, clip: 0.5, schedule: warmUp(3) });
    const state = optimizer.init(parameters);
    for (let step = 0; step < 4; step++) {
      using gradient = Tensor.from(gradientOf(parameters, step));
      using clock = Tensor.from(Uint32Array.of(step, 100, 1));
      optimizer.update({ parameters, gradient, state, clock })!.destroy();
    }
    const flat = await parameters.flat.read();
    state.mean.destroy();
    state.square.destroy();
    return partsOf(parameters).filter(({ replica }) => parameters.seeds[replica] === 6).map((part) => [
      ...sliceOf(flat, part),
    ]);
  };
  assertEquals(await bits([5, 6, 7]), await bits([6]));
});
