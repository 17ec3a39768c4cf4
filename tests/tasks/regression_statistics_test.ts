/** Statistics of regression prompts have the law of those that pairs are drawn of. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { regressionMoments } from "../../lib/theory/mod.ts";
import { linearRegression } from "../../lib/tasks/linear_regression.ts";
import { regressionStatistics } from "../../lib/tasks/regression_statistics.ts";
import { differingTensor, sample } from "./sample.ts";

await openGpu();

const [spectrum, N, B] = [[0.4, 0.1], 3, 60_000];

Deno.test("moments up to the fourth are those of prompts drawn pair by pair, and E β² is Γ", async () => {
  const direct = await sample(regressionStatistics({ spectrum, context: N, batch: B }), { seeds: [1] });
  const scale = spectrum.map(Math.sqrt);
  const tokens = linearRegression({ dimension: 2, context: N + 1, batch: B, inputs: { scale } });
  const { x, y } = await sample(tokens, { seeds: [1] });
  const drawn = (b: number) => {
    const at = (n: number, i: number) => x.values[(b * (N + 1) + n) * 2 + i];
    const label = (n: number) => y.values[b * (N + 1) + n];
    const beta = [0, 1].map((i) => [0, 1, 2].reduce((sum, n) => sum + label(n) * at(n, i) / N, 0));
    return { beta, query: [at(N, 0), at(N, 1)], label: label(N) };
  };
  const ours = (b: number) => ({
    beta: [0, 1].map((i) => direct.beta.values[2 * b + i]),
    query: [0, 1].map((i) => direct.query.values[2 * b + i]),
    label: direct.label.values[b],
  });
  type Prompt = ReturnType<typeof ours>;
  const moments: Record<string, (prompt: Prompt) => number> = {
    "β": ({ beta }) => beta[0],
    "β²": ({ beta }) => beta[0] ** 2,
    "β₁²": ({ beta }) => beta[1] ** 2,
    "β₀ β₁": ({ beta }) => beta[0] * beta[1],
    "β₀ x₀ y": ({ beta, query, label }) => beta[0] * query[0] * label,
    "β₁ x₁ y": ({ beta, query, label }) => beta[1] * query[1] * label,
    "β₀ x₁ y": ({ beta, query, label }) => beta[0] * query[1] * label,
    "β₀² y²": ({ beta, label }) => beta[0] ** 2 * label ** 2,
    "β₀² β₁²": ({ beta }) => beta[0] ** 2 * beta[1] ** 2,
    "β₀⁴": ({ beta }) => beta[0] ** 4,
  };
  const estimate = (of: (b: number) => Prompt, moment: (prompt: Prompt) => number) => {
    let [sum, squares] = [0, 0];
    for (let b = 0; b < B; b++) {
      const value = moment(of(b));
      sum += value / B;
      squares += value * value / B;
    }
    return { mean: sum, error: Math.sqrt((squares - sum * sum) / B) };
  };
  for (const [name, moment] of Object.entries(moments)) {
    const [a, b] = [estimate(ours, moment), estimate(drawn, moment)];
    assert(Math.abs(a.mean - b.mean) < 4 * Math.hypot(a.error, b.error), `${name}: ${a.mean} and ${b.mean}`);
  }
  const { gamma } = regressionMoments({ spectrum, context: N });
  for (const d of [0, 1]) {
    const { mean, error } = estimate(ours, ({ beta }) => beta[d] ** 2);
    assert(Math.abs(mean - gamma[d]) < 4 * error, `E β² of mode ${d}: ${mean}, exact ${gamma[d]}`);
  }
});

Deno.test("a replica alone has its bits, and a prompt does not depend on the batch's size", async () => {
  const prompts = (batch: number) => regressionStatistics({ spectrum, context: N, batch });
  const all = await sample(prompts(5), { seeds: [1, 2], step: 3 });
  assertEquals(differingTensor(all, await sample(prompts(5), { seeds: [2], step: 3 }), 1), null);
  const longer = await sample(prompts(9), { seeds: [1], step: 3 });
  assertEquals(longer.beta.values.slice(0, 10), all.beta.values.slice(0, 10));
});

Deno.test("what is no law is refused", () => {
  assertThrows(
    () => regressionStatistics({ spectrum: [1, 0], context: 3, batch: 2 }),
    RangeError,
    "regression_statistics: expected eigenvalues > 0, found 0",
  );
  assertThrows(() => regressionStatistics({ spectrum, context: 0, batch: 2 }), RangeError, "expected context");
});
