import { assertLess } from "@std/assert";
import { advance } from "../../kernels/shared/advance.ts";
import { mean } from "../../kernels/reduce/reduce.ts";
import { scale, square } from "../../kernels/elementwise/unary.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { sgld } from "../../lib/optim/sgld.ts";

await openGpu();

Deno.test("sgld: in a quadratic well the samples have their exact mean and variance, one setting per replica", async () => {
  // L = a w²/2 for each of D elements: the chain is an autoregression, w ← (1 − ηk/2) w + (η/2) γ w* + √(ηT) ξ with
  // k = nβa + γ + λ, whose mean is γ w*/k and whose variance T/(k (1 − ηk/4)).
  const D = 20_000;
  const a = 2;
  const lr = [0.05, 0.02, 0.1];
  const nBeta = [3, 10, 1];
  const localisation = [2, 0, 1];
  const temperature = [1, 1, 4];
  const weightDecay = [0, 1, 0.5];
  const centre = 0.5;
  const specs = { w: { shape: [D], init: { law: "constant", value: centre }, decay: true } } as const;
  using parameters = ParameterSet.create(specs, [1, 2, 3]);
  const optimizer = sgld({ lr, nBeta, localisation, temperature, weightDecay });
  const state = optimizer.init(parameters);
  using clock = Tensor.from(Uint32Array.of(0, 400, 1));
  using program = await record("sample", () => {
    const loss = scale(mean(square(parameters.weights.w), [1]), D * a / 2);
    optimizer.update({ parameters, gradient: parameters.gradient(loss), state, clock });
    advance({ clock });
  });
  // The slowest chain forgets by a factor 1 − 0.1 per step.
  program.replay(400);
  const flat = await parameters.flat.read();
  for (let r = 0; r < 3; r++) {
    const values = flat.subarray(r * D, (r + 1) * D);
    const k = nBeta[r] * a + localisation[r] + weightDecay[r];
    const variance = temperature[r] / (k * (1 - lr[r] * k / 4));
    const average = values.reduce((sum, value) => sum + value, 0) / D;
    const spread = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / D;
    // Five standard errors of D independent samples.
    assertLess(Math.abs(average - localisation[r] * centre / k), 5 * Math.sqrt(variance / D), `mean ${r}`);
    assertLess(Math.abs(spread / variance - 1), 5 * Math.sqrt(2 / D), `variance ${r}`);
    // Local learning coefficient of a quadratic well: nβ (E L − L(0)) → D/2, up to localisation, decay and step size.
    const loss = values.reduce((sum, value) => sum + a * value * value / 2, 0);
    const exact = D / 2 * nBeta[r] * a * (variance + (localisation[r] * centre / k) ** 2);
    assertLess(Math.abs(nBeta[r] * loss / exact - 1), 0.05, `coefficient ${r}`);
  }
  state.centre.destroy();
});
