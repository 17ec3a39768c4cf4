import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { layerProbes } from "../../lib/metrics/layer_probes.ts";
import { linearProbe } from "../../lib/metrics/linear_probe.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { transformer } from "../../lib/models/transformer.ts";
import { gaussian } from "../linalg/matrices.ts";

await openGpu();

Deno.test("layerProbes: R² and accuracy are those that the law of the layers says, replica by replica and position by position", async () => {
  // A stream of width 2 holds a sign c = ±1 as c + s ε beside noise: R² = 1/(1 + s²), accuracy Φ(1/s); s = 1/2, 1, 2.
  const [R, B, T, C, train] = [2, 6000, 2, 2, 3000];
  const signs = Float32Array.from({ length: R * B }, (_, i) => (i * 7919) % 13 % 2 === 0 ? 1 : -1);
  const layer = (deviation: (r: number, t: number) => number, seed: number) => {
    const noise = gaussian(R * B * T * C, seed);
    return Float32Array.from(
      { length: noise.length },
      (_, i) => {
        const [r, b, t] = [Math.floor(i / (B * T * C)), Math.floor(i / (T * C)) % B, Math.floor(i / C) % T];
        return i % C === 0 ? noise[i] : signs[r * B + b] + deviation(r, t) * noise[i];
      },
    );
  };
  const spreads = [
    (r: number, t: number) => [[0.5, 1], [1, 2]][r][t],
    (r: number, t: number) => [[2, 1], [0.5, 1]][r][t],
  ];
  const layers = spreads.map((spread, l) => Tensor.from(layer(spread, l + 1), [R, B, T, C]));
  using targets = Tensor.from(signs, [R, B, 1]);
  const probes = await layerProbes(layers, targets, { train });
  assertEquals(probes.map(({ layer, position }) => [layer, position]), [[0, 0], [0, 1], [1, 0], [1, 1]]);
  const accurate: Record<number, number> = { 0.5: 0.97725, 1: 0.84134, 2: 0.69146 };
  for (const { layer, position, r2, accuracy } of probes) {
    for (let r = 0; r < R; r++) {
      const s = spreads[layer](r, position);
      assertAlmostEquals(r2[r], 1 / (1 + s ** 2), 0.04);
      assertAlmostEquals(accuracy[r], accurate[s], 0.03);
    }
  }
  // One position alone, and targets of each position, give the same numbers.
  using own = Tensor.from(
    Float32Array.from({ length: R * B * T }, (_, i) => signs[Math.floor(i / T)] * (i % T === 1 ? 1 : -1)),
    [R, B, T, 1],
  );
  const [, second] = await layerProbes(layers, own, { train, positions: [1] });
  assertEquals([second.layer, second.position], [1, 1]);
  second.r2.forEach((value, r) => assertAlmostEquals(value, probes[3].r2[r], 1e-6));
  layers.forEach((tensor) => tensor.destroy());
});

Deno.test("layerProbes: of a traced transformer, layer by layer what linearProbe says in float64", async () => {
  const model = transformer({ input: { dimension: 3 }, outputs: 1, length: 4, layers: 2, heads: 1, width: 8 });
  using parameters = ParameterSet.create(model.parameters, [3, 4]);
  const [R, B, T, C, train] = [2, 60, 4, 8, 40];
  const x = gaussian(R * B * T * 3, 5);
  using input = Tensor.from(x, [R, B, T, 3]);
  const y = Float32Array.from({ length: R * B * 2 }, (_, i) => x[Math.floor(i / 2) * T * 3 + i % 2] ** 2);
  using targets = Tensor.from(y, [R, B, 2]);
  const residual = await evaluate(() => model.trace(parameters.weights, input).residual);
  const probes = await layerProbes(residual, targets, { train, ridge: 0.1, positions: [3] });
  assertEquals(probes.map(({ layer }) => layer), [0, 1, 2]);
  for (const { layer, position, r2 } of probes) {
    const stream = await residual[layer].read();
    for (let r = 0; r < R; r++) {
      const features = Float64Array.from(
        { length: B * C },
        (_, i) => stream[((r * B + Math.floor(i / C)) * T + position) * C + i % C],
      );
      const expected = linearProbe(features, y.subarray(r * B * 2, (r + 1) * B * 2), { S: B, F: C, K: 2 }, {
        train,
        ridge: 0.1,
      });
      assertAlmostEquals(r2[r], expected, 1e-3);
    }
  }
  await assertRejects(
    () => layerProbes(residual, targets, { train, positions: [4] }),
    ShapeError,
    "layerProbes: expected positions from 0 to 3, found 4",
  );
  await assertRejects(
    () => layerProbes(residual, input, { train: 60 }),
    RangeError,
    "layerProbes: expected 2 to 59 samples to fit to, found 60",
  );
  using wrong = Tensor.from(y, [R, B * 2, 1]);
  await assertRejects(() => layerProbes(residual, wrong, { train }), ShapeError, "targets (R, B, K) or (R, B, T, K)");
  residual.forEach((tensor) => tensor.destroy());
});

Deno.test("layerProbes: streams and targets are the caller's, also where they are read whole", async () => {
  const x = gaussian(40, 6);
  using stream = Tensor.from(x, [1, 20, 1, 2]);
  using targets = Tensor.from(x.filter((_, i) => i % 2 === 0), [1, 20, 1, 1]);
  const [probe] = await layerProbes([stream], targets, { train: 10 });
  assertAlmostEquals(probe.r2[0], 1, 1e-5);
  assertEquals([stream.destroyed, targets.destroyed], [false, false]);
});

Deno.test("layerProbes: streams that are no numbers have neither R² nor accuracy", async () => {
  using stream = Tensor.from([1, 2, 3, NaN, NaN], [1, 5, 1, 1]);
  using target = Tensor.from([-1, 1, 1, -1, 1], [1, 5, 1]);
  const [{ r2, accuracy }] = await layerProbes([stream], target, { train: 3 });
  assertEquals([r2[0], accuracy[0]], [NaN, NaN]);
});
