import { assertAlmostEquals, assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { scale, square } from "../../kernels/elementwise/unary.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { calibrateChains, type CalibrationOptions } from "../../lib/metrics/chain_calibration.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { normals } from "../../lib/random/random.ts";

await openGpu();

const [D, CHAINS] = [12, 32];

/** ½ |w|² in D dimensions. */
async function calibrated(grid: Omit<CalibrationOptions, "parameters" | "loss" | "chains">, replicas: number) {
  const specs = { w: { shape: [D], init: { law: "constant", value: 0 } } } as const;
  using parameters = ParameterSet.create(specs, Array.from({ length: replicas }, (_, seed) => seed));
  const loss = () => scale(sum(square(parameters.weights.w), [1]), 0.5);
  return await calibrateChains({ parameters, loss, chains: CHAINS, ...grid });
}

const DRAWS = 4000;
const z = normals({ seed: 3, key: "acceptance" }, 2 * D * DRAWS);

/**
 * How often a Metropolis rule accepts a step where U = H |w|²/2 and the steps have come to rest, in float64: then w and
 * `w' = c w + √η ξ`, c = 1 − ηH/2, have the variance s = η / (1 − c²), and `a = (ηH²/8) (|w|² − |w'|²)`.
 */
function acceptance(eta: number, H: number): number {
  const c = 1 - eta * H / 2;
  let total = 0;
  for (let draw = 0; draw < DRAWS; draw++) {
    let fall = 0;
    for (let i = 0; i < D; i++) {
      const w = Math.sqrt(eta / (1 - c * c)) * z[2 * (draw * D + i)];
      fall += w ** 2 - (c * w + Math.sqrt(eta) * z[2 * (draw * D + i) + 1]) ** 2;
    }
    total += Math.min(1, Math.exp(eta * H * H / 8 * fall));
  }
  return total / DRAWS;
}

Deno.test("calibrateChains: acceptance and bias of each step size are those of a quadratic; the largest that will do is chosen", async () => {
  const [nBeta, lr, localisation] = [200, [1e-6, 1e-3, 5e-3, 1.2e-2], [0, 100]];
  const { cells, chosen } = await calibrated(
    { nBeta, lr, localisation, burnIn: 60, draws: 160, looks: 64 },
    8 * CHAINS,
  );
  assertEquals(cells.map(({ lr }) => lr), [...lr, ...lr]);
  assertEquals(cells.map(({ localisation }) => localisation), [0, 0, 0, 0, 100, 100, 100, 100]);
  for (const { lr, localisation, acceptance: found, coefficient, low, high } of cells.filter(({ lr }) => lr > 1e-6)) {
    const H = nBeta + localisation;
    assertAlmostEquals(found, acceptance(lr, H), 0.04);
    const expected = D / 2 * (nBeta / H) / (1 - lr * H / 4);
    assertLess(Math.abs(coefficient - expected), (high - low) / 4 * 4 + 0.02 * expected);
  }
  assertAlmostEquals(cells[0].acceptance, 1, 1e-3);
  assertStringIncludes(cells[0].warnings.join(), "drift");
  assertEquals(chosen.map(({ lr, localisation }) => [lr, localisation]), [[1e-3, 0], [1e-3, 100]]);
});

Deno.test("calibrateChains: where no step size will do, none is chosen; grids that are none are refused", async () => {
  const { cells, chosen } = await calibrated({ nBeta: 200, lr: [1e-7, 3e-2], burnIn: 20, draws: 40 }, 2 * CHAINS);
  assertEquals([cells[1].acceptance, chosen], [0, []]);
  const message = "calibrateChains: expected 32 replicas, 32 for each of 1 pairs, found 64";
  await assertRejects(() => calibrated({ nBeta: 1, lr: [1], burnIn: 0, draws: 4 }, 64), RangeError, message);
  await assertRejects(
    () => calibrated({ nBeta: 1, lr: [2, 1], burnIn: 0, draws: 4 }, 64),
    RangeError,
    "calibrateChains: expected step sizes above 0 that rise, found 2, 1",
  );
});
