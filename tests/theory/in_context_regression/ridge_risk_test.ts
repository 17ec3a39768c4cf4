import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { solveReference } from "../../../lib/linalg/reference_solve.ts";
import { normals } from "../../../lib/random/random.ts";
import { mean, standardDeviation } from "../../../lib/statistics/mod.ts";
import { gaussianSpectra, ridgeRisk } from "../../../lib/theory/mod.ts";

/** Errors of ridge on prompts that are drawn whole: inputs, weights, labels and query, in float64. */
function simulated(
  { D, N, sigma, tau, lambda, prompts }: Record<"D" | "N" | "sigma" | "tau" | "lambda" | "prompts", number>,
): { risk: number; error: number } {
  const errors = Array.from({ length: prompts }, (_, item) => {
    const draw = (key: string, count: number) => normals({ seed: 7, key, item }, count);
    const [x, w, noise] = [draw("x", (N + 1) * D), draw("w", D).map((z) => tau * z), draw("noise", N + 1)];
    const label = (n: number) => w.reduce((sum, v, i) => sum + v * x[n * D + i], sigma * noise[n]);
    const gram = new Float64Array(D * D), moment = new Float64Array(D);
    for (let n = 0; n < N; n++) {
      for (let i = 0; i < D; i++) {
        moment[i] += x[n * D + i] * label(n);
        for (let j = 0; j < D; j++) gram[i * D + j] += x[n * D + i] * x[n * D + j];
      }
    }
    for (let i = 0; i < D; i++) gram[i * D + i] += lambda;
    const v = solveReference(gram, moment, D, 1);
    return (label(N) - v.reduce((sum, value, i) => sum + value * x[N * D + i], 0)) ** 2;
  });
  return { risk: mean(errors), error: standardDeviation(errors) / Math.sqrt(prompts) };
}

Deno.test("ridge risk is that of ridge on whole prompts, with the right penalty and with wrong ones", () => {
  for (const [D, N, sigma, tau, lambda] of [[3, 6, 0.5, 0.8, 0.39], [3, 6, 0.5, 0.8, 5], [4, 2, 0.2, 1, 0.3]]) {
    const { risk, error } = ridgeRisk(gaussianSpectra({ dimension: D, context: N, samples: 4000 }), {
      sigma,
      tau,
      lambda,
    });
    const found = simulated({ D, N, sigma, tau, lambda, prompts: 8000 });
    assertAlmostEquals(risk, found.risk, 4 * Math.hypot(error, found.error));
  }
});

Deno.test("ridge risk: known limits, and least at λ = σ²/τ² up to second order", () => {
  const spectra = gaussianSpectra({ dimension: 5, context: 12, samples: 3000 });
  const least = ridgeRisk(spectra, { sigma: 1, tau: 0.5, lambda: 0 });
  assertAlmostEquals(least.risk, 1 + 5 / 6, 4 * least.error);
  assertAlmostEquals(ridgeRisk(spectra, { sigma: 1, tau: 0.5, lambda: Infinity }).risk, 1 + 5 * 0.25, 1e-12);
  const none = gaussianSpectra({ dimension: 5, context: 0, samples: 2 });
  assertAlmostEquals(ridgeRisk(none, { sigma: 1, tau: 0.5, lambda: 4 }).risk, 1 + 5 * 0.25, 1e-12);
  // The posterior mean errs by σ² (1 + tr (S + λ)⁻¹), and no other penalty errs less on the same spectra.
  const best = ridgeRisk(spectra, { sigma: 0.7, tau: 0.5, lambda: 1.96 });
  const { values } = spectra;
  assertAlmostEquals(
    best.risk,
    0.49 * (1 + values.reduce((sum, s) => sum + 1 / (s + 1.96), 0) / (values.length / 5)),
    1e-12,
  );
  for (const lambda of [1.9, 2.03]) {
    assertLess(best.risk, ridgeRisk(spectra, { sigma: 0.7, tau: 0.5, lambda }).risk);
  }
});

Deno.test("ridge risk: the targets of in-context ridge at d = 20, τ² = 1/d (arXiv 2306.04637)", () => {
  const dimension = 20, tau = 1 / Math.sqrt(dimension);
  const [low, high] = [0.1, 0.5];
  const targets: Record<number, readonly [number, number, number, number]> = {
    20: [0.116, 0.268, 1.440, 0.644],
    40: [0.020, 0.065, 0.506, 0.435],
    10: [0.524, 0.573, 1.005, 0.904],
  };
  for (const [context, expected] of Object.entries(targets)) {
    const spectra = gaussianSpectra({ dimension, context: Number(context), samples: 500 });
    const found = [low, high].flatMap((sigma) =>
      [low, high].map((guess) => ridgeRisk(spectra, { sigma, tau, lambda: dimension * guess ** 2 }))
    );
    // Both have Monte Carlo errors, and the targets three digits.
    found.forEach(({ risk, error }, i) => assertAlmostEquals(risk, expected[i], 4 * error + 0.01 * risk + 5e-4));
  }
  assertEquals(gaussianSpectra({ dimension: 2, context: 3, samples: 5 }).values.length, 10);
});
