/** The Bayes risk against that of ridge for equal variances, and against the definition for falling ones. */
import { assertAlmostEquals, assertLess, assertThrows } from "@std/assert";
import { solveReference } from "../../../lib/linalg/reference_solve.ts";
import { normals } from "../../../lib/random/random.ts";
import { mean, standardDeviation } from "../../../lib/statistics/mod.ts";
import { bayesRisks, gaussianSpectra, ridgeRisk } from "../../../lib/theory/mod.ts";

Deno.test("Bayes risk: that of ridge with λ = σ² for equal variances", () => {
  const [sigma, context, samples] = [0.5, 5, 4000];
  const bayes = bayesRisks({ variances: [1, 1, 1], sigma, context }, { samples })[context];
  const ridge = ridgeRisk(gaussianSpectra({ dimension: 3, context, samples }), { sigma, tau: 1, lambda: sigma ** 2 });
  assertLess(Math.abs(bayes.risk - ridge.risk), 4 * Math.hypot(bayes.error, ridge.error));
});

Deno.test("Bayes risk: the error of the posterior mean on prompts that are drawn whole", () => {
  const [variances, sigma, N, prompts] = [[1, 1 / 4, 1 / 9], 0.7, 4, 20_000];
  const D = variances.length;
  const errors = Array.from({ length: prompts }, (_, item) => {
    const draw = (key: string, count: number) => normals({ seed: 7, key, item }, count);
    const [x, noise] = [draw("x", (N + 1) * D), draw("noise", N + 1)];
    const w = draw("w", D).map((z, i) => Math.sqrt(variances[i]) * z);
    const label = (n: number) => w.reduce((sum, v, i) => sum + v * x[n * D + i], sigma * noise[n]);
    const gram = new Float64Array(D * D), moment = new Float64Array(D);
    for (let i = 0; i < D; i++) {
      gram[i * D + i] = sigma ** 2 / variances[i];
      for (let n = 0; n < N; n++) {
        moment[i] += x[n * D + i] * label(n);
        for (let j = 0; j < D; j++) gram[i * D + j] += x[n * D + i] * x[n * D + j];
      }
    }
    const v = solveReference(gram, moment, D, 1);
    return (label(N) - v.reduce((sum, value, i) => sum + value * x[N * D + i], 0)) ** 2;
  });
  const { risk, error } = bayesRisks({ variances, sigma, context: N }, { samples: 4000 })[N];
  assertLess(Math.abs(mean(errors) - risk), 4 * Math.hypot(standardDeviation(errors) / Math.sqrt(prompts), error));
});

Deno.test("Bayes risk: the prior's variance without examples; what is not positive is refused", () => {
  assertAlmostEquals(bayesRisks({ variances: [2, 0.5], sigma: 1, context: 0 }, { samples: 2 })[0].risk, 3.5, 1e-12);
  const refused = (parts: object, samples: number, message: string) =>
    assertThrows(
      () => bayesRisks({ variances: [1], sigma: 1, context: 1, ...parts }, { samples }),
      RangeError,
      message,
    );
  refused({ variances: [0] }, 2, "expected variances and noise above 0, found 0");
  refused({ sigma: -1 }, 2, "expected variances and noise above 0, found -1");
  refused({}, 1, "expected at least two samples, found 1");
});
