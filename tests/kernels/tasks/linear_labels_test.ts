import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { type LabelKind, linearLabels, linearLabelsReference } from "../../../kernels/tasks/linear_labels.ts";
import { listPlaces } from "../../../kernels/random/list_place.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Staging, Tensor } from "../../../lib/gpu/tensor.ts";
import { KEYS, placeTensor, somePlaces } from "../../oracles/places.ts";
import { waves } from "../../oracles/waves.ts";

await openGpu();

const NAMES = { noise: KEYS, level: { key: "level", listKey: "listed level" } };

interface Case {
  sizes: readonly [R: number, B: number, N: number, O: number, D: number, W: number];
  levels: number[];
}

async function label(kind: LabelKind, { sizes: [R, B, N, O, D, W], levels }: Case) {
  const places = somePlaces(R, B);
  const [inputs, weights] = [waves(R * B * N * D, 1), waves(R * B * O * W, 2)];
  const rows = Array.from({ length: R }, (_, r) => levels.map((level) => level * (r + 1)));
  using place = placeTensor(places, [R, B]);
  using x = Tensor.from(inputs, [R, B, N, D]);
  using w = Tensor.from(weights, [R, B, O, W]);
  using table = Tensor.from(rows.flat(), [R, levels.length]);
  const noisy = levels.some((level) => level > 0);
  const { y, sigma } = linearLabels({ place, x, w, levels: table }, NAMES, kind, noisy);
  const exact = places.map((place, item) =>
    linearLabelsReference(
      {
        place,
        x: inputs.subarray(item * N * D, (item + 1) * N * D),
        w: weights.subarray(item * O * W, (item + 1) * O * W),
        levels: rows[Math.floor(item / B)],
      },
      NAMES,
      kind,
      { D, O },
    )
  );
  const result = { y: await y.read(), sigma: await sigma.read(), exact };
  y.destroy();
  sigma.destroy();
  return result;
}

const CASES: Case[] = [
  { sizes: [1, 1, 1, 1, 1, 1], levels: [0] },
  { sizes: [3, 5, 7, 1, 3, 3], levels: [0.5] },
  { sizes: [2, 20, 3, 2, 5, 6], levels: [0.1, 0.25, 1] },
  { sizes: [1, 2, 9, 3, 131, 131], levels: [1] },
  { sizes: [1, 3, 300, 1, 2, 3], levels: [0, 2] },
];

Deno.test("linear_labels: real labels and levels as the reference, with and without noise, intercept, outputs", async () => {
  for (const each of CASES) {
    const { y, sigma, exact } = await label("real", each);
    const [, , N, O, D] = each.sizes;
    let worst = 0;
    exact.forEach(({ score, sigma: level }, item) => {
      assertAlmostEquals(sigma[item], level, 1e-7 * level);
      score.forEach((value, k) => worst = Math.max(worst, Math.abs(y[item * N * O + k] - value)));
    });
    // Sums of D products up to 1.7 in single precision, and a float32 normal (see normalFill).
    assertLess(worst, 2e-7 * D * 1.7 + 1e-5, JSON.stringify(each));
  }
});

Deno.test("linear_labels: classes are the signs of the reference's scores, and ±1", async () => {
  for (const each of CASES) {
    for (const kind of ["sign", "logistic"] as const) {
      const { y, exact } = await label(kind, kind === "logistic" ? { ...each, levels: [0] } : each);
      const scores = exact.flatMap(({ score }) => [...score]);
      // Scores within rounding of 0 could fall on either side; these are not.
      assertEquals([...y], scores.map((score) => score > 0 ? 1 : -1), `${kind} ${JSON.stringify(each)}`);
    }
  }
});

Deno.test("linear_labels: logistic classes have probability 1 / (1 + e^−v)", async () => {
  const n = 40_000;
  using place = placeTensor([[1, 0, 0, 0]], [1, 1]);
  using x = Tensor.from(Array(n).fill(1), [1, 1, n, 1]);
  using levels = Tensor.from([0], [1, 1]);
  for (const v of [-2, 0, 0.7, 4]) {
    using w = Tensor.from([v], [1, 1, 1, 1]);
    const { y, sigma } = linearLabels({ place, x, w, levels }, NAMES, "logistic", false);
    const share = (await y.read()).filter((label) => label === 1).length / n;
    const exact = 1 / (1 + Math.exp(-v));
    assertLess(Math.abs(share - exact), 4.5 * Math.sqrt(exact * (1 - exact) / n), `v = ${v}`);
    y.destroy();
    sigma.destroy();
  }
});

Deno.test("linear_labels: over 65 535 workgroups, the last prompt like the first", async () => {
  const B = 65_536 * 64 + 3;
  using seeds = Tensor.from(Uint32Array.of(4));
  using place = listPlaces(seeds, B);
  using x = Tensor.from(new Float32Array(B).fill(2), [1, B, 1, 1]);
  using w = Tensor.from(new Float32Array(B).fill(3), [1, B, 1, 1]);
  using levels = Tensor.from([1], [1, 1]);
  const { y, sigma } = linearLabels({ place, x, w, levels }, NAMES, "real", true);
  using staging = new Staging(1);
  for (const item of [0, 65_535 * 64, 65_536 * 64, B - 1]) {
    const inputs = { place: [4, 0, item, 1], x: [2], w: [3], levels: [1] } as const;
    const { score } = linearLabelsReference(inputs, NAMES, "real", { D: 1, O: 1 });
    assertAlmostEquals((await staging.read(y, item, 1))[0], score[0], 1e-5);
  }
  y.destroy();
  sigma.destroy();
});
