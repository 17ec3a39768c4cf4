import { assertAlmostEquals, assertEquals } from "@std/assert";
import { globalNorm } from "../../../kernels/optim/global_norm.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { ParameterSet } from "../../../lib/models/parameters.ts";
import { AWKWARD_SPECS, gradientOf, partsOf, sliceOf } from "../../oracles/flat_parameters.ts";

await openGpu();

Deno.test("global_norm: all parameters of a replica and nothing else, the same bits alone and in an ensemble", async () => {
  const norms: Record<number, number>[] = [];
  for (const seeds of [[4, 5, 6], [5]]) {
    using parameters = ParameterSet.create(AWKWARD_SPECS, seeds);
    const g = gradientOf(parameters, 0);
    using flat = Tensor.from(g);
    using norm = globalNorm(flat, parameters);
    const found = await norm.read();
    const squares = seeds.map(() => 0);
    for (const part of partsOf(parameters)) {
      sliceOf(g, part).forEach((value) => squares[part.replica] += value * value);
    }
    found.forEach((value, r) => assertAlmostEquals(value / Math.sqrt(squares[r]), 1, 1e-6));
    norms.push(Object.fromEntries(seeds.map((seed, r) => [seed, found[r]])));
  }
  assertEquals(norms[0][5], norms[1][5]);
});

Deno.test("global_norm: of zeros is 0; more than 65 535 workgroups", async () => {
  const R = 65_537;
  using flat = new Tensor([Math.ceil(2 * R / 64) * 64]);
  flat.write([3, 4], 2 * R - 2);
  using norm = globalNorm(flat, { replicas: R, blocks: [{ start: 0, perReplica: 2 }] });
  const found = await norm.read();
  assertEquals([found[0], found[R - 1]], [0, 5]);
});

Deno.test("global_norm: a parameter of more elements than a loop may take", async () => {
  const size = 5_000_000;
  using flat = Tensor.from(new Float32Array(size).fill(0.5));
  using norm = globalNorm(flat, { replicas: 1, blocks: [{ start: 0, perReplica: size }] });
  assertAlmostEquals((await norm.read())[0] / (0.5 * Math.sqrt(size)), 1, 1e-6);
});
