/** Features: counts, queries and labels of replicas with laws and lengths of their own. */
import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { multinomialReference } from "../../kernels/random/multinomial_fill.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { featureRegression } from "../../lib/tasks/feature_regression.ts";
import { differingTensor, sample } from "./sample.ts";

await openGpu();

const LAWS = [[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]];

Deno.test("feature_regression: a replica alone has the bits of the ensemble; steps and keys differ; counts as on the host", async () => {
  const task = { probabilities: LAWS, length: [12, 30], batch: 9 };
  const together = await sample(featureRegression(task), { seeds: [3, 7], step: 5 });
  assertEquals([together.counts.shape, together.query.shape, together.labels.shape], [[2, 9, 3], [2, 9], [2, 9, 3]]);
  for (const [r, seed] of [3, 7].entries()) {
    const alone = featureRegression({ probabilities: LAWS[r], length: task.length[r], batch: 9 });
    const one = await sample(alone, { seeds: [seed], step: 5 });
    assertEquals(differingTensor(together, one, r), null);
    for (const other of [{ seeds: [seed], step: 6 }, { seeds: [seed], step: 5, key: "other" }]) {
      const { counts, labels } = await sample(alone, other);
      assertEquals([
        counts.values.join() === one.counts.values.join(),
        labels.values.join() === one.labels.values.join(),
      ], [false, false]);
    }
    const expected = multinomialReference({ seed, key: "batch counts", step: 5, item: 4 }, task.length[r], LAWS[r]);
    assertEquals([...one.counts.values.slice(12, 15)], expected);
  }
});

Deno.test("feature_regression: queries have the features' law, and know nothing of counts and labels", async () => {
  const batch = 40_000;
  const { query, counts, labels } = await sample(featureRegression({ probabilities: LAWS[0], length: 10, batch }), {
    seeds: [1],
  });
  let [asked, counted, labelled] = [0, 0, 0];
  query.values.forEach((k, b) => {
    if (k !== 1) return;
    asked++;
    counted += counts.values[3 * b + 1] - 3;
    labelled += labels.values[3 * b + 1];
  });
  assertLess(Math.abs(asked / batch - 0.3), 4 * Math.sqrt(0.21 / batch));
  assertLess(Math.abs(counted / asked), 4 * Math.sqrt(2.1 / asked));
  assertLess(Math.abs(labelled / asked), 4 / Math.sqrt(asked));
});

Deno.test("feature_regression: options out of their domain are refused", async () => {
  const task = { probabilities: LAWS[0], length: 10, batch: 2 };
  assertThrows(
    () => featureRegression({ ...task, batch: 0 }),
    RangeError,
    "expected batch to be an integer ≥ 1, found 0",
  );
  assertThrows(
    () => featureRegression({ ...task, probabilities: [0.5, 0.6] }),
    RangeError,
    "expected probabilities with sum 1, found 1.1",
  );
  assertThrows(
    () => featureRegression({ ...task, probabilities: [1] }),
    RangeError,
    "expected rows of at least 2 probabilities, all of one length, found 1",
  );
  assertThrows(
    () => featureRegression({ ...task, probabilities: [0, 1] }),
    RangeError,
    "expected probabilities between 0 and 1, found 0",
  );
  const wrong = await sample(featureRegression({ ...task, probabilities: LAWS }), { seeds: [1] }).catch((error) =>
    error
  );
  assertEquals(wrong.message, "feature_regression: expected 1 rows of probabilities, found 2");
});
