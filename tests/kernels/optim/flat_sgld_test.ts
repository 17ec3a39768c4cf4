import { assertEquals, assertLess } from "@std/assert";
import { sgldReference } from "../../../kernels/optim/flat_sgld.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { ParameterSet } from "../../../lib/models/parameters.ts";
import { sgld } from "../../../lib/optim/sgld.ts";
import { normals } from "../../../lib/random/random.ts";
import { AWKWARD_SPECS, gradientOf, largestError, partsOf, sliceOf } from "../../oracles/flat_parameters.ts";

await openGpu();

Deno.test("flat_sgld: against float64 with the host's normal numbers, own hyper-parameters for each replica", async () => {
  const lr = [1e-2, 0.1, 1e-3];
  const weightDecay = [0, 0.5, 1];
  const nBeta = [10, 1, 3];
  const localisation = [5, 0, 1];
  const temperature = [1, 2, 0];
  for (const R of [1, 3]) {
    using parameters = ParameterSet.create(AWKWARD_SPECS, [8, 9, 10].slice(0, R));
    const own = (values: readonly number[]) => values.slice(0, R);
    const optimizer = sgld({
      lr: own(lr),
      weightDecay: own(weightDecay),
      nBeta: own(nBeta),
      localisation: own(localisation),
      temperature: own(temperature),
      key: "chain",
    });
    const state = optimizer.init(parameters);
    const exact = Float64Array.from(await parameters.flat.read());
    const centre = exact.slice();
    for (let step = 0; step < 4; step++) {
      const g = gradientOf(parameters, step);
      using gradient = Tensor.from(g);
      using clock = Tensor.from(Uint32Array.of(step, 100, 1));
      optimizer.update({ parameters, gradient, state, clock });
      for (const part of partsOf(parameters)) {
        const r = part.replica;
        const draw = { seed: parameters.seeds[r], key: "chain", step, item: part.number };
        const noise = normals(draw, part.length);
        const slope = sliceOf(Float64Array.from(g), part);
        sgldReference(sliceOf(exact, part), slope, sliceOf(centre, part), noise, {
          rate: lr[r],
          decay: part.decays ? weightDecay[r] : 0,
          inverseTemperature: nBeta[r],
          localisation: localisation[r],
          temperature: temperature[r],
        });
      }
    }
    // Normal numbers near 0 inherit the rounding of u near 1: up to 3e-4, times √(ηT) (see normalFill).
    assertLess(await largestError(parameters, parameters.flat, exact), 2e-5, `${R}`);
    assertEquals(await largestError(parameters, state.centre, centre), 0);
    state.centre.destroy();
  }
});

Deno.test("flat_sgld: a replica has the same bits alone and in an ensemble", async () => {
  const bits = async (seeds: number[]) => {
    using parameters = ParameterSet.create(AWKWARD_SPECS, seeds);
    const optimizer = sgld({ lr: 1e-2, localisation: 1 });
    const state = optimizer.init(parameters);
    for (let step = 0; step < 3; step++) {
      using gradient = Tensor.from(gradientOf(parameters, step));
      using clock = Tensor.from(Uint32Array.of(step, 100, 1));
      optimizer.update({ parameters, gradient, state, clock });
    }
    const flat = await parameters.flat.read();
    state.centre.destroy();
    const mine = partsOf(parameters).filter(({ replica }) => parameters.seeds[replica] === 6);
    return mine.map((part) => [...sliceOf(flat, part)]);
  };
  assertEquals(await bits([4, 6, 7]), await bits([6]));
});
