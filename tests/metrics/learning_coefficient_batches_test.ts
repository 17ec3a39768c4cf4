/** Losses that draw their batch: where ℓ(w*) is taken, what the interval holds, and what is warned of. */
import { assert, assertAlmostEquals, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { slice } from "../../kernels/arrange/blocks.ts";
import { subtract } from "../../kernels/elementwise/binary.ts";
import { scale, square } from "../../kernels/elementwise/unary.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { normalFill } from "../../kernels/random/random_fill.ts";
import { mean } from "../../kernels/reduce/reduce.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { own } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import type { ParameterSet } from "../../lib/models/parameters.ts";
import { assertCovered, repeated } from "./coverage.ts";

await openGpu();

/** Labels y = ε, ε ~ N(0, 1), predicted as x·w, x ~ N(0, I): λ = D/2 at w* = 0. */
const D = 5;

/** ½ (x·w − ε)², mean over B pairs that are new at each step. */
const regression = (B: number, key: string) => (parameters: ParameterSet, clock: Tensor<"u32">) => {
  const seeds = own(Tensor.from(Uint32Array.from(parameters.seeds)));
  const drawn = normalFill({ seeds, clock, key }, { I: B, C: D + 1 });
  const [x, noise] = [slice(drawn, 2, 0, D), slice(drawn, 2, D, D + 1)];
  return scale(mean(square(subtract(matmul(x, parameters.weights.w), noise)), [1, 2]), 0.5);
};

/**
 * What the estimator tends to, exactly: each entry of w is `w ← (1 − ηγ/2) w − (ηnβ/2) ∇ℓ + √η ξ` with
 * `E ∇ℓ = w`, `E |∇ℓ|² = (1 + (D + 1)/B) |w|² + D/B`, so its variance s is that of an affine recursion; λ̂ → nβ D s/2.
 */
function expected({ nBeta, lr, localisation = 0, B }: { nBeta: number; lr: number; localisation?: number; B: number }) {
  const [a, c] = [lr * nBeta / 2, 1 - lr * localisation / 2];
  const factor = c * c - 2 * a * c + a * a * (1 + (D + 1) / B);
  return nBeta * D / 2 * (a * a / B + lr) / (1 - factor);
}

const DYNAMICS = { nBeta: 20, lr: 4e-3, burnIn: 80, draws: 240, shapes: { w: [D, 1] } };

Deno.test("a loss that draws 16 pairs a step: 95 of 100 intervals hold what the dynamics tend to, near λ = 2.5", async () => {
  const value = expected({ ...DYNAMICS, B: 16 });
  assertAlmostEquals(value, D / 2, 0.15);
  assertCovered(await repeated({ ...DYNAMICS, repetitions: 200, chains: 4 }, regression(16, "batch")), value, 0.01);
});

Deno.test("a loss that draws: error of ℓ(w*), and heating by gradients of batches, which is warned of", async () => {
  const [sixteen] = await repeated({ ...DYNAMICS, repetitions: 1, chains: 32 }, regression(16, "batch"));
  assertEquals(sixteen.warnings, []);
  // ε²/2 has mean 1/2 and variance 1/2.
  const error = Math.sqrt(0.5 / 16 / (32 * 320));
  assertAlmostEquals(sixteen.lossAtCentreError, error, 0.05 * error);
  assertLess(Math.abs(sixteen.lossAtCentre - 0.5), 4 * error);
  // Gradients of a batch, ε x over B pairs, have a covariance of trace D / B.
  const heating = DYNAMICS.lr * DYNAMICS.nBeta ** 2 * D / 8;
  assertAlmostEquals(sixteen.heating, heating / 16, 0.1 * heating / 16);
  const [one] = await repeated({ ...DYNAMICS, repetitions: 1, chains: 32 }, regression(1, "batch"));
  assertAlmostEquals(one.heating, heating, 0.15 * heating);
  assertStringIncludes(one.warnings.join(), "noise of the batches' gradients heats the chains");
  const limit = expected({ ...DYNAMICS, B: 1 });
  assert(one.low <= limit && limit <= one.high, `${one.low} … ${one.high} for ${limit}`);
});

Deno.test("a loss that draws: an interval that tells nothing is warned of, and no minimum is denied for noise alone", async () => {
  const short = { ...DYNAMICS, burnIn: 0, draws: 8, repetitions: 1, chains: 4 };
  const [found] = await repeated(short, regression(1, "batch"));
  assertStringIncludes(found.warnings.join(), "batches are noisy: the interval reaches");
  assert(!found.warnings.join().includes("no minimum"));
});
