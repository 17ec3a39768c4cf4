/** Maps to several targets from one decomposition. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { linearFits } from "../../lib/metrics/linear_fits.ts";
import { linearProbe } from "../../lib/metrics/linear_probe.ts";
import { normals } from "../../lib/random/random.ts";

const [S, F, train] = [60, 5, 40];
const x = normals({ seed: 1, key: "linear fits" }, S * F).map((value, index) => value + index % F);
const noise = normals({ seed: 2, key: "linear fits" }, S * 3);
const exact = Float64Array.from({ length: S * 2 }, (_, index) => {
  const [s, k] = [Math.floor(index / 2), index % 2];
  return 3 + 2 * x[s * F + k] - x[s * F + 4];
});
const noisy = noise.map((value, index) => value + x[Math.floor(index / 3) * F + index % 3]);

Deno.test("linear fits: R² is that of a probe of each target alone; maps and rests of targets that are linear are exact", () => {
  const found = linearFits(x, { exact: { values: exact, K: 2 }, noisy: { values: noisy, K: 3 } }, { S, F }, { train });
  assertAlmostEquals(found.exact.r2, 1, 1e-12);
  assertAlmostEquals(found.noisy.r2, linearProbe(x, noisy, { S, F, K: 3 }, { train }), 1e-12);
  assert(found.noisy.r2 < 0.9);
  [2, 0, 0, 2, 0, 0, 0, 0, -1, -1].forEach((value, index) => assertAlmostEquals(found.exact.map[index], value, 1e-12));
  found.exact.offset.forEach((value) => assertAlmostEquals(value, 3, 1e-12));
  found.exact.rest.forEach((value) => assertAlmostEquals(value, 0, 1e-11));
  // The rests of the samples that were fitted are orthogonal to every feature, and have no mean.
  for (let k = 0; k < 3; k++) {
    for (let f = -1; f < F; f++) {
      let dot = 0;
      for (let s = 0; s < train; s++) dot += found.noisy.rest[s * 3 + k] * (f < 0 ? 1 : x[s * F + f]);
      assertAlmostEquals(dot, 0, 1e-10);
    }
  }
});

Deno.test("linear fits: targets that are all alike, features without some directions, sizes that do not fit", () => {
  const flat = x.map((value, index) => index % F === 2 ? 7 : value);
  const found = linearFits(flat, { none: { values: new Float64Array(S).fill(2), K: 1 } }, { S, F }, { train });
  assertEquals(found.none.r2, 0);
  found.none.map.forEach((value) => assertAlmostEquals(value, 0, 1e-12));
  const refused = (call: () => unknown) => assertThrows(call, RangeError).message;
  assertEquals(
    refused(() => linearFits(x, { exact: { values: exact, K: 3 } }, { S, F }, { train })),
    `linearFits: expected 60 × 3 numbers of target "exact", found 120`,
  );
  assertEquals(
    refused(() => linearFits(x, {}, { S, F: 4 }, { train })),
    "linearFits: expected features of 60 × 4 numbers, found 300",
  );
  assertEquals(
    refused(() => linearFits(x, {}, { S, F }, { train: S })),
    "linearFits: expected 2 to 59 samples to fit to, found 60",
  );
});

Deno.test("linear fits: the map and offset that made the targets; a ridge shrinks a single feature's map by its own formula", () => {
  const [S, F, K] = [40, 3, 2];
  const x = Array.from({ length: S * F }, (_, k) => Math.sin(k * k + 1));
  const [map, offset] = [[1, -2, 0.5, 0, 3, 1], [7, -4]];
  const value = (s: number, k: number) =>
    x.slice(s * F, (s + 1) * F).reduce((y, v, f) => y + v * map[f * K + k], offset[k]);
  const values = Array.from({ length: S * K }, (_, at) => value(Math.floor(at / K), at % K));
  const { made } = linearFits(x, { made: { values, K } }, { S, F }, { train: 20 });
  made.map.forEach((entry, at) => assertAlmostEquals(entry, map[at], 1e-12));
  made.offset.forEach((entry, at) => assertAlmostEquals(entry, offset[at], 1e-12));
  assertAlmostEquals(made.r2, 1, 1e-12);
  // x − x̄ = −1, 0, 1 and y − ȳ = 2 (x − x̄): Σ x y / (Σ x² + λ) = 4 / (2 + 6).
  const line = { values: [7, 9, 11, 13], K: 1 };
  const { shrunk } = linearFits([1, 2, 3, 4], { shrunk: line }, { S: 4, F: 1 }, { train: 3, ridge: 6 });
  assertAlmostEquals(shrunk.map[0], 0.5, 1e-12);
  assertAlmostEquals(shrunk.offset[0], 8, 1e-12);
});

Deno.test("linear fits: targets that are no numbers have no R², not one of 0", () => {
  const { lost, constant } = linearFits(
    [1, 2, 3, 5],
    {
      lost: { values: [1, 2, 3, NaN], K: 1 },
      constant: { values: [1, 2, 3, 3], K: 1 },
    },
    { S: 4, F: 1 },
    { train: 3 },
  );
  assertEquals(lost.r2, NaN);
  assertEquals(constant.r2, 0);
});
