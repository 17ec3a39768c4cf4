/** Moments of the first gradient and noisy waits, against float64 simulations that share nothing with them. */
import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import { normals } from "../../../lib/random/random.ts";
import { noisyKeyQueryWait, startGradientMoment } from "../../../lib/theory/separate_keys_queries/noise.ts";
import { mean, standardDeviation } from "../../../lib/statistics/mod.ts";

const problem = { spectrum: [0.4, 0.3], context: 2 };
const sigma = problem.spectrum.map(Math.sqrt);

/** Gradients G = β x_qᵀ y (D, D) of prompts that are drawn pair by pair. */
function* gradients(count: number, key: string): Generator<readonly [number, number, number, number]> {
  const width = 2 * (problem.context + 2);
  const CHUNK = 1 << 16;
  for (let first = 0; first < count; first += CHUNK) {
    const z = normals({ seed: first, key }, Math.min(CHUNK, count - first) * width);
    for (let at = 0; at < z.length; at += width) {
      const [w0, w1] = [z[at], z[at + 1]];
      let [b0, b1] = [0, 0];
      for (let n = 0; n < problem.context; n++) {
        const [x0, x1] = [sigma[0] * z[at + 2 + 2 * n], sigma[1] * z[at + 3 + 2 * n]];
        const y = (w0 * x0 + w1 * x1) / problem.context;
        b0 += y * x0;
        b1 += y * x1;
      }
      const [x0, x1] = [sigma[0] * z[at + width - 2], sigma[1] * z[at + width - 1]];
      const y = w0 * x0 + w1 * x1;
      yield [b0 * x0 * y, b0 * x1 * y, b1 * x0 * y, b1 * x1 * y];
    }
  }
}

Deno.test("second moments of the first gradient are those of prompts drawn pair by pair", () => {
  const cases = [[0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 1, 0], [0, 0, 1, 1], [
    0,
    0,
    0,
    1,
  ]] as const;
  const sums = cases.map(() => [0, 0]);
  const count = 1_000_000;
  for (const G of gradients(count, "moments")) {
    cases.forEach(([i, j, k, l], c) => {
      const value = G[2 * i + j] * G[2 * k + l];
      sums[c][0] += value;
      sums[c][1] += value * value;
    });
  }
  cases.forEach((entries, c) => {
    const average = sums[c][0] / count;
    const error = Math.sqrt((sums[c][1] / count - average ** 2) / count);
    const exact = startGradientMoment(problem, entries);
    assert(Math.abs(average - exact) < 4 * error, `${entries}: ${average} ± ${error}, exact ${exact}`);
  });
});

Deno.test("waits of an aligned head under SGD have the predicted mean and deviation", () => {
  const options = { mode: 0, start: 0.1, rate: 0.05, batch: 1 };
  const predicted = noisyKeyQueryWait(problem, options);
  const slope = 1 / (0.4 * (1 + (1 + 0.7 / 0.4) / problem.context));
  const stream = gradientsForever();
  const waits = Array.from({ length: 1500 }, () => {
    // Value, key (2) and query (2).
    let [v, k0, k1, q0, q1] = [0.1, 0.1, 0, 0.1, 0];
    for (let step = 1;; step++) {
      const G = stream.next().value!;
      const before = v * k0 * q0 / slope;
      // Saturation enters by its mean: F = Λ² − Γ M Λ.
      const f = (i: number, j: number, k: number, q: number) =>
        G[2 * i + j] - gamma[i] * v * k * q * problem.spectrum[j];
      const F = [f(0, 0, k0, q0), f(0, 1, k0, q1), f(1, 0, k1, q0), f(1, 1, k1, q1)];
      const [dv, dk0, dk1, dq0, dq1] = [
        k0 * (F[0] * q0 + F[1] * q1) + k1 * (F[2] * q0 + F[3] * q1),
        v * (F[0] * q0 + F[1] * q1),
        v * (F[2] * q0 + F[3] * q1),
        v * (k0 * F[0] + k1 * F[2]),
        v * (k0 * F[1] + k1 * F[3]),
      ].map((slope) => options.rate * slope);
      [v, k0, k1, q0, q1] = [v + dv, k0 + dk0, k1 + dk1, q0 + dq0, q1 + dq1];
      const after = v * k0 * q0 / slope;
      if (after >= 0.5) return options.rate * (step - (after - 0.5) / (after - before));
      assert(step < 1e5, "expected the head to learn");
    }
  });
  assertAlmostEquals(standardDeviation(waits) / predicted.deviation, 1, 0.1);
  const error = standardDeviation(waits) / Math.sqrt(waits.length);
  const shift = predicted.mean - predicted.flow;
  assert(Math.abs(mean(waits) - predicted.mean) < 3 * error + 0.35 * shift, `${mean(waits)} ± ${error}`);
  assert(mean(waits) - predicted.flow > 3 * error, "expected a longer wait than the flow's");
});

const gamma = problem.spectrum.map((value) => value ** 2 * (1 + (1 + 0.7 / value) / problem.context));

function* gradientsForever() {
  for (let k = 0;; k++) yield* gradients(1 << 16, `stream ${k}`);
}

Deno.test("a mode that another one outruns has no such prediction", () => {
  assertThrows(
    () => noisyKeyQueryWait(problem, { mode: 1, start: 0.1, rate: 0.1, batch: 1 }),
    RangeError,
    "expected no mode with λ² ≥ 1.5 λ² of mode 1, found mode 0",
  );
});
