/** Random representations and the tasks on them, number by number against float64. */
import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { lawAtReference } from "../../kernels/random/law_at.ts";
import { promptPlacesReference } from "../../kernels/random/prompt_place.ts";
import { linearLabelsReference } from "../../kernels/tasks/linear_labels.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { normals } from "../../lib/random/random.ts";
import {
  randomRepresentation,
  type RandomRepresentationOptions,
  randomRepresentationReference,
} from "../../lib/tasks/random_representation.ts";
import { representationDynamics, representationRegression } from "../../lib/tasks/representation_tasks.ts";
import { differingTensor, sample } from "./sample.ts";

await openGpu();

const SEEDS = [3, 1, 41];

Deno.test("random representation: as in float64, for wide and narrow ones, one depth and a depth of each replica", async () => {
  for (const [dimension, features] of [[4, 4], [1, 5], [6, 3], [3, 40]]) {
    for (const layers of [1, 3, [2, 1, 4]]) {
      const options = { seeds: SEEDS, dimension, features, layers, slope: 0.1 };
      using phi = randomRepresentation(options);
      const inputs = normals({ seed: 9, key: "inputs" }, SEEDS.length * 2 * 7 * dimension);
      inputs.fill(0, 0, dimension);
      using x = Tensor.from(inputs, [SEEDS.length, 2, 7, dimension]);
      using found = await evaluate(() => phi.apply(x));
      assertEquals(found.shape, [SEEDS.length, 2, 7, features]);
      const values = await found.read();
      for (let row = 0; row < SEEDS.length * 14; row++) {
        const r = Math.floor(row / 14);
        const own = { ...options, layers: typeof layers === "number" ? layers : layers[r] };
        const exact = randomRepresentationReference(
          own,
          SEEDS[r],
          inputs.subarray(row * dimension, (row + 1) * dimension),
        );
        assertAlmostEquals(Math.hypot(...exact), row === 0 ? 0 : 1, 1e-12);
        exact.forEach((value, k) => assertAlmostEquals(values[row * features + k], value, 2e-6));
      }
    }
  }
});

Deno.test("random representation: with slope 1 a rotation of the direction; lengths do not matter; names differ", () => {
  const options = { dimension: 3, features: 7, layers: 3 };
  const [a, b] = [[1, -2, 0.5], [0.3, 1, 4]];
  const of = (x: number[], more = {}) => randomRepresentationReference({ ...options, ...more }, 5, x);
  const cosine = (u: ArrayLike<number>, v: ArrayLike<number>) => {
    const dot = (p: ArrayLike<number>, q: ArrayLike<number>) =>
      Array.from(p).reduce((sum, value, i) => sum + value * q[i], 0);
    return dot(u, v) / Math.sqrt(dot(u, u) * dot(v, v));
  };
  assertAlmostEquals(cosine(of(a, { slope: 1 }), of(b, { slope: 1 })), cosine(a, b), 1e-12);
  of(a).forEach((value, k) => assertAlmostEquals(value, of(a.map((entry) => 3 * entry))[k], 1e-12));
  assertLess(cosine(of(a), of(a, { name: "other" })), 0.999);
});

/** Places of a batch and the names of its draws. */
const placesOf = (seed: number, step: number, B: number) =>
  promptPlacesReference({ seed, key: "train choice", step }, { seed, tasks: 0, sequences: 0 }, B);
const keys = (what: string) => ({ key: `train ${what}`, listKey: `list ${what}` });

Deno.test("representation_regression: inputs, features, weights and labels as in float64; a replica alone has its bits", async () => {
  const [d, D, N, B, step] = [3, 5, 6, 4, 7];
  const sizes = { dimension: d, features: D, layers: 2 };
  const noise = [0, 0.5, 1];
  using representation = randomRepresentation({ seeds: SEEDS, ...sizes });
  const found = await sample(representationRegression({ representation, context: N, batch: B, noise }), {
    seeds: SEEDS,
    step,
    key: "train",
  });
  for (const [r, seed] of SEEDS.entries()) {
    const places = placesOf(seed, step, B);
    for (let b = 0; b < B; b++) {
      const part = (values: Float32Array, size: number) => values.slice((r * B + b) * size, (r * B + b + 1) * size);
      const x = lawAtReference(places.sequence[b], Array(d).fill(1), "normal", keys("inputs"), N);
      const w = lawAtReference(places.task[b], Array(D).fill(1), "normal", keys("weights"), 1);
      const phi = Array.from(
        { length: N },
        (_, n) => randomRepresentationReference(sizes, seed, x.subarray(n * d, (n + 1) * d)),
      ).flatMap((row) => [...row]);
      const names = { noise: keys("noise"), level: keys("level") };
      const inputs = { place: places.sequence[b], x: phi, w, levels: [noise[r]] };
      const { score } = linearLabelsReference(inputs, names, "real", { D, O: 1 });
      part(found.x.values, N * d).forEach((value, k) => assertAlmostEquals(value, x[k], 1e-5));
      part(found.w.values, D).forEach((value, k) => assertAlmostEquals(value, w[k], 1e-5));
      part(found.features.values, N * D).forEach((value, k) => assertAlmostEquals(value, phi[k], 1e-5));
      part(found.y.values, N).forEach((value, n) => assertAlmostEquals(value, score[n], 2e-5));
    }
    using alone = randomRepresentation({ seeds: [seed], ...sizes });
    const sampler = representationRegression({ representation: alone, context: N, batch: B, noise: noise[r] });
    const single = await sample(sampler, { seeds: [seed], step, key: "train" });
    // Without noise nothing of it is drawn; with it, bits agree.
    assertEquals(differingTensor(found, single, r), null);
  }
});

Deno.test("representation_dynamics: every state from the window before it, in float64, with windows of one to three states", async () => {
  const [d, D, T, B, step] = [2, 5, 8, 3, 2];
  for (const window of [1, 2, 3]) {
    const sizes = { dimension: window * d, features: D, layers: 2 };
    using representation = randomRepresentation({ seeds: SEEDS, ...sizes });
    const sampler = representationDynamics({ representation, window, length: T, batch: B, noise: [0, 0.3, 1] });
    const found = await sample(sampler, { seeds: SEEDS, step, key: "train" });
    assertEquals([found.states.shape, found.windows.shape, found.features.shape], [
      [3, B, T, d],
      [3, B, T, window * d],
      [3, B, T, D],
    ]);
    for (const [r, seed] of SEEDS.entries()) {
      const places = placesOf(seed, step, B);
      for (let b = 0; b < B; b++) {
        const part = (values: Float32Array, size: number) => values.slice((r * B + b) * size, (r * B + b + 1) * size);
        const w = lawAtReference(places.task[b], Array(D).fill(1), "normal", keys("transition"), d);
        const noise = lawAtReference(
          places.sequence[b],
          Array(d).fill([0, 0.3, 1][r]),
          "normal",
          keys("noise"),
          T - window,
        );
        const x = [...lawAtReference(places.sequence[b], Array(d).fill(1), "normal", keys("first"), window)];
        const windowAt = (i: number) => Array.from({ length: window * d }, (_, k) => x[(i - window + 1) * d + k] ?? 0);
        while (x.length < T * d) {
          const i = x.length / d;
          const phi = randomRepresentationReference(sizes, seed, windowAt(i - 1));
          for (let o = 0; o < d; o++) {
            x.push(noise[(i - window) * d + o] + phi.reduce((sum, value, k) => sum + w[o * D + k] * value, 0));
          }
        }
        part(found.states.values, T * d).forEach((value, k) => assertAlmostEquals(value, x[k], 1e-4));
        part(found.transition.values, d * D).forEach((value, k) => assertAlmostEquals(value, w[k], 1e-5));
        for (let i = 0; i < T; i++) {
          const expected = windowAt(i);
          const at = (values: Float32Array, size: number) => part(values, T * size).slice(i * size, (i + 1) * size);
          at(found.windows.values, window * d).forEach((value, k) => assertAlmostEquals(value, expected[k], 1e-4));
          const phi = randomRepresentationReference(sizes, seed, expected);
          at(found.features.values, D).forEach((value, k) => assertAlmostEquals(value, phi[k], 1e-3));
        }
      }
    }
  }
});

Deno.test("random representations and tasks on them: what does not fit is refused in one line", () => {
  using seeds = Tensor.from(Uint32Array.of(1, 2));
  using clock = Tensor.from(Uint32Array.of(0, 9, 1));
  const draw = { seeds, clock, key: "train" };
  const of = (wrong: Partial<RandomRepresentationOptions>) =>
    randomRepresentation({ seeds: [1, 2], dimension: 3, features: 4, layers: 2, ...wrong });
  using representation = of({});
  const refusals: [() => unknown, string][] = [
    [() => of({ features: 0 }), "random representation: expected features to be an integer ≥ 1, found 0"],
    [() => of({ layers: [1, 1.5] }), "random representation: expected layers to be an integer ≥ 1, found 1.5"],
    [() => of({ layers: [1] }), "random representation: expected 2 numbers for layers, found 1"],
    [() => of({ slope: 0 }), "random representation: expected a slope in (0, 1], found 0"],
    [
      () => representationRegression({ representation, context: 2, batch: 2, noise: -1 })(draw),
      "representation_regression: expected noise levels ≥ 0, found -1",
    ],
    [
      () => representationDynamics({ representation, window: 2, length: 9, batch: 2 }),
      "representation_dynamics: expected a dimension divisible by the window of 2, found 3",
    ],
    [
      () => representationDynamics({ representation, window: 3, length: 3, batch: 2 }),
      "representation_dynamics: expected more states than the window of 3, found 3",
    ],
  ];
  for (const [call, message] of refusals) assertEquals(assertThrows(call, RangeError).message, message);
  using odd = new Tensor([1, 3]);
  assertEquals(
    assertThrows(() => representation.apply(odd), ShapeError).message,
    "random representation: expected inputs (2, …, 3), found (1, 3)",
  );
});
