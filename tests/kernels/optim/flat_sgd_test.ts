import { assertEquals, assertLess } from "@std/assert";
import { flatSgd, momentumReference } from "../../../kernels/optim/flat_sgd.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { ParameterSet } from "../../../lib/models/parameters.ts";
import { sgd } from "../../../lib/optim/sgd.ts";
import { linearSchedule, scheduleFactor } from "../../../lib/optim/schedule.ts";
import { AWKWARD_SPECS, gradientOf, largestError, partsOf, sliceOf } from "../../oracles/flat_parameters.ts";
import { waves } from "../../oracles/waves.ts";

await openGpu();

Deno.test("flat_sgd: plain, with momentum and Nesterov's, against float64, clipped and not", async () => {
  const lr = [0.1, 0.02];
  const weightDecay = [0, 0.3];
  const schedule = linearSchedule({ steps: 8, floor: 0.5 });
  const variants = [
    { momentum: [0, 0], nesterov: false },
    { momentum: [0.9, 0.5], nesterov: false },
    { momentum: [0.9, 0.5], nesterov: true },
  ];
  for (const { momentum, nesterov } of variants) {
    for (const clip of [undefined, [3, 1e6]]) {
      using parameters = ParameterSet.create(AWKWARD_SPECS, [1, 2]);
      const plain = momentum[0] === 0;
      const optimizer = sgd({ lr, weightDecay, momentum: plain ? 0 : momentum, nesterov, schedule, clip });
      const state = optimizer.init(parameters);
      assertEquals(Object.keys(state), plain ? [] : ["momentum"]);
      const exact = Float64Array.from(await parameters.flat.read());
      const sum = new Float64Array(exact.length);
      for (let step = 0; step < 5; step++) {
        const g = Float64Array.from(gradientOf(parameters, step));
        using gradient = Tensor.from(g);
        using clock = Tensor.from(Uint32Array.of(step, 100, 1));
        optimizer.update({ parameters, gradient, state, clock })?.destroy();
        const squares = [0, 0];
        for (const part of partsOf(parameters)) {
          sliceOf(g, part).forEach((value) => squares[part.replica] += value * value);
        }
        for (const part of partsOf(parameters)) {
          const r = part.replica;
          const factor = clip ? Math.min(1, clip[r] / Math.sqrt(squares[r])) : 1;
          const slope = sliceOf(g, part).map((value) => factor * value);
          momentumReference(sliceOf(exact, part), slope, sliceOf(sum, part), {
            rate: lr[r] * scheduleFactor(schedule, step),
            decay: part.decays ? weightDecay[r] : 0,
            momentum: momentum[r],
            nesterov,
          });
        }
      }
      const name = `${momentum} ${nesterov} ${clip}`;
      assertLess(await largestError(parameters, parameters.flat, exact), 2e-6, name);
      // Steps of both signs may leave a sum of one tenth of its terms.
      if (!plain) assertLess(await largestError(parameters, state.momentum, sum), 2e-5, name);
      Object.values(state).forEach((tensor) => tensor.destroy());
    }
  }
});

Deno.test("flat_sgd: more than 65 535 workgroups, and the same bits however the work is split", async () => {
  const R = 3;
  const perReplica = 5_600_001;
  const size = R * perReplica;
  const P = Math.ceil(size / 64) * 64;
  const g = waves(P, 1);
  using gradients = Tensor.from(g);
  using clock = Tensor.from(Uint32Array.of(0, 1, 1));
  using norm = new Tensor([R]);
  const row = (r: number) => [0.1 * (r + 1), 0, 3e38, ...new Array<number>(13).fill(0)];
  using hyper = Tensor.from([0, 1, 2].flatMap(row), [R, 16]);
  const chunk = [0, perReplica, size, 0];
  using chunks = Tensor.from(Uint32Array.from({ length: P / 16 }, (_, i) => chunk[i % 4]), [P / 64, 4]);
  const found: Float32Array[] = [];
  for (const QUADS of [1, 16]) {
    using parameters = new Tensor([P]);
    flatSgd({ chunks, hyper, norm, clock, gradients, parameters }, { QUADS, SCHEDULE: 0 });
    found.push(await parameters.read());
  }
  assertEquals(found[0].every((value, i) => value === found[1][i]), true);
  for (const at of [0, perReplica - 1, perReplica, 2 * perReplica + 17, size - 1]) {
    assertLess(Math.abs(found[0][at] + 0.1 * (Math.floor(at / perReplica) + 1) * g[at]), 1e-7);
  }
  assertEquals(found[0].slice(size).every((value) => value === 0), true);
});
