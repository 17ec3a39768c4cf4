/** Linear regression prompts, draw by draw against the float64 references of their kernels, and by their moments. */
import { assertAlmostEquals, assertEquals, assertLess, assertNotEquals, assertThrows } from "@std/assert";
import { factorRowsReference } from "../../kernels/tasks/factor_rows.ts";
import { keepRandomReference } from "../../kernels/random/keep_random.ts";
import { lawAtReference } from "../../kernels/random/law_at.ts";
import { linearLabelsReference } from "../../kernels/tasks/linear_labels.ts";
import { promptPlacesReference } from "../../kernels/random/prompt_place.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { affineFunctions } from "../../lib/tasks/affine_functions.ts";
import {
  linearRegression,
  type LinearRegressionOptions,
  regressionTasks,
  type VectorLaw,
} from "../../lib/tasks/linear_regression.ts";
import type { PerReplica } from "../../lib/tasks/sampler.ts";
import { kolmogorovSmirnov, normalCdf } from "../oracles/distributions.ts";
import { type At, differingTensor, sample } from "./sample.ts";

await openGpu();

const each = (values: PerReplica | undefined, r: number, usual: number) =>
  values === undefined ? usual : typeof values === "number" ? values : values[r];

const lawOf = (laws: VectorLaw["law"], r: number) => typeof laws === "object" ? laws[r] : laws ?? "normal";

/** A row of numbers for replica r, from any of the three forms. */
function row(values: number | readonly number[] | readonly (readonly number[])[] | undefined, r: number, D: number) {
  if (values === undefined) return Array<number>(D).fill(1);
  if (typeof values === "number") return Array<number>(D).fill(values);
  const first = values[0];
  return typeof first === "number" ? values as readonly number[] : values[r] as readonly number[];
}

/** One replica's batch in double precision, from the references of the kernels. */
function regressionReference(options: LinearRegressionOptions, seed: number, r: number, { step = 0, key = "batch" }) {
  const { dimension: D, context: N, batch: B, list = {}, inputs = {}, weights = {}, labels = "real", noise = 0 } =
    options;
  const [O, W] = [options.outputs ?? 1, D + (options.intercept ? 1 : 0)];
  const size = (value: number) => value === Infinity ? 0 : value;
  const places = promptPlacesReference({ seed, key: `${key} choice`, step }, {
    seed: each(list.seeds, r, seed),
    tasks: size(each(list.tasks, r, Infinity)),
    sequences: size(each(list.sequences, r, Infinity)),
  }, B);
  const keys = (what: string) => ({ key: `${key} ${what}`, listKey: `${list.name ?? "list"} ${what}` });
  const levels = typeof noise === "object" && "levels" in noise ? noise.levels : [each(noise, r, 0)];
  return places.task.map((task, b) => {
    const place = places.sequence[b];
    let x = lawAtReference(place, row(inputs.scale, r, D), lawOf(inputs.law, r), keys("inputs"), N);
    if (inputs.factor) x = factorRowsReference(x, row(inputs.factor, r, D * D), D);
    let w = lawAtReference(task, row(weights.scale, r, W), lawOf(weights.law, r), keys("weights"), O);
    if (weights.nonzero) w = keepRandomReference(task, w, keys("support"), weights.nonzero);
    const names = { noise: keys("noise"), level: keys("level") };
    const { score, sigma } = linearLabelsReference({ place, x, w, levels }, names, labels, { D, O });
    return { x, w, y: labels === "real" ? score : score.map((v) => v > 0 ? 1 : -1), sigma, choice: places.choice[b] };
  });
}

const TASKS: Record<string, LinearRegressionOptions> = {
  "new tasks, isotropic": { dimension: 5, context: 7, batch: 9 },
  "one dimension, pair and prompt": { dimension: 1, context: 1, batch: 1, noise: 1 },
  "lists of three sizes, one of them endless": {
    dimension: 8,
    context: 16,
    batch: 33,
    noise: Math.sqrt(0.125),
    list: { tasks: [1, 6, Infinity] },
  },
  "shared list, fixed sequences, noise per replica": {
    dimension: 3,
    context: 11,
    batch: 20,
    noise: [0, 0.1, 1],
    list: { tasks: [2, 3, 4], sequences: [3, Infinity, 1], seeds: 99, name: "toy" },
  },
  "spectrum per replica, prior spectrum": {
    dimension: 3,
    context: 4,
    batch: 5,
    inputs: { scale: [[1, 2, 3], [3, 2, 1], [0.5, 0.5, 0.5]] },
    weights: { scale: [1, 1 / 2, 1 / 3] },
  },
  "full covariance, several outputs": {
    dimension: 2,
    context: 5,
    batch: 6,
    outputs: 3,
    inputs: { factor: [2, 0, 0.6, 0.8] },
  },
  "uniform inputs, noise levels": {
    dimension: 10,
    context: 11,
    batch: 12,
    inputs: { law: "uniform", scale: 0.5 },
    noise: { levels: [0.1, 0.25, 0.5, 1] },
  },
  "sparse, bimodal": { dimension: 20, context: 10, batch: 5, inputs: { law: "bimodal" }, weights: { nonzero: 3 } },
  "sparse from a list": { dimension: 20, context: 10, batch: 5, weights: { nonzero: 3 }, list: { tasks: 2 } },
  "a law for each replica": {
    dimension: 2,
    context: 5,
    batch: 6,
    inputs: { law: ["uniform", "normal", "uniform"], scale: [[5, 5], [1, 1], [2, 2]] },
    weights: { law: ["bimodal", "uniform", "normal"] },
  },
  "logistic": { dimension: 4, context: 20, batch: 10, labels: "logistic", intercept: true },
  "sign": { dimension: 4, context: 20, batch: 10, labels: "sign", noise: 0.3 },
};
const SEEDS = [3, 1, 41];

for (const [name, options] of Object.entries(TASKS)) {
  Deno.test(`linear_regression, ${name}: every draw as in double precision, the same alone`, async () => {
    const at: At = { seeds: SEEDS, step: 6 };
    const batch = await sample(linearRegression(options), at);
    for (const [r, seed] of SEEDS.entries()) {
      const exact = regressionReference(options, seed, r, at);
      for (const tensor of ["x", "w", "y"] as const) {
        const found = batch[tensor].values;
        const values = exact.flatMap((prompt) => [...prompt[tensor]]);
        assertEquals(found.length, SEEDS.length * values.length);
        const error = values.map((value, k) => Math.abs(value - found[r * values.length + k]));
        // A float32 normal is good to 1e-5 (see normalFill); labels are sums of at most 11 products of two.
        const tolerance = tensor === "y" ? 1e-4 : 1e-5 * Math.max(1, ...values.map(Math.abs));
        assertLess(Math.max(...error), tolerance, `${tensor} of replica ${r}`);
      }
      const B = options.batch;
      exact.forEach(({ sigma }, b) => assertAlmostEquals(batch.sigma.values[r * B + b], sigma, 1e-7));
      assertEquals([...batch.choice.values.slice(r * B, (r + 1) * B)], exact.map(({ choice }) => choice));
      if (JSON.stringify(options).includes("[")) continue;
      assertEquals(differingTensor(batch, await sample(linearRegression(options), { ...at, seeds: [seed] }), r), null);
    }
  });
}

Deno.test("linear_regression: per-replica options leave a replica as it is alone", async () => {
  const sweep = { dimension: 3, context: 4, batch: 5 };
  const lists = [2, Infinity, 7];
  const together = await sample(linearRegression({ ...sweep, list: { tasks: lists }, noise: [1, 2, 3] }), {
    seeds: SEEDS,
  });
  for (const [r, seed] of SEEDS.entries()) {
    const alone = linearRegression({ ...sweep, list: { tasks: lists[r] }, noise: r + 1 });
    assertEquals(differingTensor(together, await sample(alone, { seeds: [seed] }), r), null);
  }
});

Deno.test("linear_regression: steps, keys and seeds differ; a larger batch and a longer context keep what was there", async () => {
  const options = { dimension: 3, context: 4, batch: 5, noise: 1, list: { tasks: 3 } };
  const base = await sample(linearRegression(options), { seeds: [1] });
  for (const at of [{ seeds: [1], step: 1 }, { seeds: [2] }, { seeds: [1], key: "other" }]) {
    const other = await sample(linearRegression(options), at);
    for (const tensor of ["x", "y"] as const) {
      const seen = new Set(base[tensor].values);
      assertEquals(other[tensor].values.filter((value) => seen.has(value)).length, 0, JSON.stringify(at));
    }
  }
  const larger = await sample(linearRegression({ ...options, batch: 9, context: 4 }), { seeds: [1] });
  assertEquals(larger.y.values.slice(0, 20), base.y.values);
  const longer = await sample(linearRegression({ ...options, context: 6 }), { seeds: [1] });
  assertEquals(longer.y.values.slice(0, 4), base.y.values.slice(0, 4));
});

Deno.test("regression_tasks: lists are nested, hold the tasks that prompts have, and no new task is among them", async () => {
  const options = { dimension: 3, context: 2, batch: 40, list: { tasks: [2, 5, Infinity], seeds: 7 } };
  const at = { seeds: SEEDS };
  const { w: lists, count } = await sample(regressionTasks(options), at);
  assertEquals(lists.shape, [3, 5, 3]);
  assertEquals([...count.values], [2, 5, 0]);
  assertEquals(lists.values.slice(0, 15), lists.values.slice(15, 30));
  const { w, choice } = await sample(linearRegression(options), at);
  for (const r of [0, 1]) {
    for (let b = 0; b < 40; b++) {
      const m = choice.values[r * 40 + b];
      const prompt = w.values.slice((r * 40 + b) * 3, (r * 40 + b + 1) * 3);
      assertEquals(prompt, lists.values.slice((r * 5 + m) * 3, (r * 5 + m + 1) * 3));
    }
  }
  assertEquals(new Set(choice.values.slice(40, 80)), new Set([0, 1, 2, 3, 4]));
  const listed = new Set(lists.values);
  assertEquals(w.values.slice(240).some((value) => listed.has(value)), false);
  const other = await sample(regressionTasks({ ...options, list: { ...options.list, name: "other" } }), at);
  assertNotEquals(other.w.values[0], lists.values[0]);
});

Deno.test("linear_regression: input covariance, weight prior and noise as stated, within 5 standard errors", async () => {
  const [N, B] = [50, 400];
  const L = [2, 0, 0.6, 0.8];
  const covariance = [4, 1.2, 1.2, 1];
  const options = {
    dimension: 2,
    context: N,
    batch: B,
    inputs: { factor: L },
    noise: 0.5,
    weights: { scale: [3, 0.1] },
  };
  const { x, y, w } = await sample(linearRegression(options), { seeds: [11] });
  for (const [k, exact] of covariance.entries()) {
    const [i, j] = [k >> 1, k & 1];
    let sum = 0;
    for (let n = 0; n < N * B; n++) sum += x.values[2 * n + i] * x.values[2 * n + j];
    const error = Math.sqrt((covariance[3 * i] * covariance[3 * j] + exact * exact) / (N * B));
    assertLess(Math.abs(sum / (N * B) - exact), 5 * error, `covariance ${i}, ${j}`);
  }
  const noise = y.values.map((value, n) => {
    const b = Math.floor(n / N);
    return (value - w.values[2 * b] * x.values[2 * n] - w.values[2 * b + 1] * x.values[2 * n + 1]) / 0.5;
  });
  assertLess(kolmogorovSmirnov(noise, normalCdf), 2.23);
  for (const [i, scale] of [3, 0.1].entries()) {
    const weights = Float32Array.from({ length: B }, (_, b) => w.values[2 * b + i] / scale);
    assertLess(kolmogorovSmirnov(weights, normalCdf), 2.23);
  }
});

Deno.test("affine_functions: y = a x + b with coefficients of their law", async () => {
  const law = { law: "uniform", scale: 5 } as const;
  const options = { context: 41, batch: 30, inputs: law, coefficients: law };
  const { x, y, coefficients, choice } = await sample(affineFunctions(options), { seeds: [1, 2] });
  assertEquals([x.shape, y.shape, coefficients.shape, choice.shape], [[2, 30, 41], [2, 30, 41], [2, 30, 2], [2, 30]]);
  let worst = 0;
  y.values.forEach((value, n) => {
    const prompt = Math.floor(n / 41);
    const [a, b] = coefficients.values.slice(2 * prompt, 2 * prompt + 2);
    worst = Math.max(worst, Math.abs(a * x.values[n] + b - value));
  });
  assertLess(worst, 1e-5);
  assertLess(kolmogorovSmirnov(x.values, (value) => (value + 5) / 10), 2.23);
  assertLess(Math.max(...x.values.map(Math.abs), ...coefficients.values.map(Math.abs)), 5);
});

Deno.test("linear_regression: what does not fit is refused in one line", () => {
  using seeds = Tensor.from(Uint32Array.of(1, 2));
  using clock = Tensor.from(Uint32Array.of(0, 9, 1));
  const usual = { dimension: 3, context: 4, batch: 5 };
  const refusals: [Partial<LinearRegressionOptions>, string][] = [
    [{ dimension: 0 }, "expected dimension to be an integer ≥ 1, found 0"],
    [{ batch: 1.5 }, "expected batch to be an integer ≥ 1, found 1.5"],
    [{ noise: -1 }, "expected noise levels ≥ 0, found -1"],
    [{ noise: NaN }, "expected noise levels ≥ 0, found NaN"],
    [{ noise: { levels: [] } }, "expected at least one noise level, found none"],
    [{ noise: [1, 2, 3] }, "expected 2 numbers for noise, found 3"],
    [{ noise: 1, labels: "logistic" }, "expected no noise beside logistic labels, found 1"],
    [{ weights: { nonzero: 4 } }, "expected from 1 to 3 non-zero weights, found 4"],
    [{ weights: { nonzero: 1 }, outputs: 2 }, "expected sparse weights without outputs or intercept, found either"],
    [{ weights: { scale: [1, 2] } }, "expected 3 numbers for a row of the scale of weights, found 2"],
    [{ inputs: { scale: [[1, 2, 3]] } }, "expected 2 rows for the scale of inputs, found 1"],
    [{ inputs: { scale: Infinity } }, "expected finite numbers for a row of the scale of inputs, found Infinity"],
    [{ inputs: { law: ["uniform"] } }, "expected 2 laws of inputs, found 1"],
    [{ list: { tasks: 0 } }, "expected tasks to be Infinity or an integer from 1 to 2147483648, found 0"],
    [{ list: { tasks: [1, 2, 3] } }, "expected 2 numbers for tasks, found 3"],
    [
      { list: { tasks: 2 ** 20, sequences: 2 ** 12 } },
      "expected fewer than 4294967296 sequences in all, found 4294967296",
    ],
    [{ list: { seeds: -1 } }, "expected seeds of lists to be unsigned 32-bit integers, found -1"],
    [{ list: { name: "train" } }, `expected the key of a batch to differ from the name of the list, found "train"`],
  ];
  for (const [wrong, message] of refusals) {
    const error = assertThrows(() => {
      linearRegression({ ...usual, ...wrong })({ seeds, clock, key: "train" });
    }, RangeError);
    assertEquals(error.message, `linear_regression: ${message}`);
  }
  assertEquals(
    assertThrows(() => regressionTasks(usual)({ seeds, clock, key: "train" }), RangeError).message,
    "linear_regression: expected a list of finitely many tasks, found new tasks only",
  );
});
