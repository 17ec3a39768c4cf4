import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { type Law, lawAt, lawAtReference } from "../../../kernels/random/law_at.ts";
import { listPlaces } from "../../../kernels/random/list_place.ts";
import type { Place } from "../../../kernels/random/prompt_place.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Staging, Tensor } from "../../../lib/gpu/tensor.ts";
import { kolmogorovSmirnov, momentScore, normalCdf } from "../../oracles/distributions.ts";
import { KEYS, placeTensor, somePlaces } from "../../oracles/places.ts";

await openGpu();

const LAWS: Law[] = ["normal", "uniform", "bimodal"];
const scales = (R: number, D: number) => Float32Array.from({ length: R * D }, (_, k) => 0.5 + k % 7);

async function draw(law: Law, places: readonly Place[], [R, B, N, D]: [number, number, number, number]) {
  using place = placeTensor(places, [R, B]);
  using scale = Tensor.from(scales(R, D), [R, D]);
  using y = lawAt(place, scale, law, KEYS, N);
  assertEquals(y.shape, [R, B, N, D]);
  return await y.read();
}

Deno.test("law_at: every law at new and listed places, one number, odd sizes, more columns than lanes", async () => {
  for (const law of LAWS) {
    for (const [R, B, N, D] of [[1, 1, 1, 1], [3, 5, 3, 5], [2, 3, 1, 131], [1, 2, 70, 2]] as const) {
      const places = somePlaces(R, B);
      const values = await draw(law, places, [R, B, N, D]);
      let worst = 0;
      places.forEach((place, item) => {
        const r = Math.floor(item / B);
        const scale = scales(R, D).subarray(r * D, (r + 1) * D);
        lawAtReference(place, scale, law, KEYS, N).forEach((exact, c) => {
          // The float32 normal is off by at most 1.2e-7/r + 5e-7 r for radius r (see normalFill); these radii exceed 0.02.
          worst = Math.max(worst, Math.abs(values[item * N * D + c] - exact) / scale[c % D]);
        });
      });
      assertLess(worst, 6e-6, `${law} (${R}, ${B}, ${N}, ${D})`);
    }
  }
});

Deno.test("law_at: a place has the same numbers in every ensemble, batch and number of rows", async () => {
  const places = somePlaces(3, 4);
  for (const law of LAWS) {
    const together = await draw(law, places, [3, 4, 2, 3]);
    // The first replica, whose scales an ensemble of one has too.
    assertEquals(await draw(law, places.slice(0, 4), [1, 4, 2, 3]), together.slice(0, 24));
    assertEquals(await draw(law, places.slice(0, 1), [1, 1, 9, 3]).then((y) => y.slice(0, 6)), together.slice(0, 6));
  }
});

Deno.test("law_at: laws by Kolmogorov–Smirnov at 1e-4 and moments within 5 standard errors", async () => {
  const n = 100_000;
  const place: Place[] = [[3, 1, 4, 0]];
  const cdfs: Record<Law, (x: number) => number> = {
    normal: normalCdf,
    uniform: (x) => Math.max(0, Math.min(1, (x + 1) / 2)),
    bimodal: (x) => (normalCdf(x - 1) + normalCdf(x + 1)) / 2,
  };
  // E x², E x⁴ … E x⁸ of the laws.
  const even: Record<Law, number[]> = {
    normal: [1, 3, 15, 105],
    uniform: [1 / 3, 1 / 5, 1 / 7, 1 / 9],
    bimodal: [2, 10, 76, 764],
  };
  for (const law of LAWS) {
    const values = (await draw(law, place, [1, 1, n, 1])).map((value) => value / 0.5);
    assertLess(kolmogorovSmirnov(values, cdfs[law]), 2.23, law);
    for (const power of [1, 2, 3, 4]) {
      const score = momentScore(values, power, (p) => p % 2 ? 0 : even[law][p / 2 - 1]);
      assertLess(Math.abs(score), 5, `${law}, power ${power}`);
    }
  }
});

Deno.test("law_at: over 65 535 workgroups, the last place like the first", async () => {
  const M = 65_536 * 64 + 3;
  using seeds = Tensor.from(Uint32Array.of(4));
  using places = listPlaces(seeds, M);
  using scale = Tensor.from([2], [1, 1]);
  using y = lawAt(places, scale, "normal", KEYS, 1);
  using staging = new Staging(1);
  for (const item of [0, 65_535 * 64, 65_536 * 64, M - 1]) {
    const [value] = await staging.read(y, item, 1);
    assertLess(Math.abs(value - lawAtReference([4, 0, item, 1], [2], "normal", KEYS, 1)[0]), 1e-5);
  }
});

Deno.test("law_at: scales of another ensemble are refused", () => {
  using place = placeTensor(somePlaces(2, 1), [2, 1]);
  using scale = Tensor.from([1], [1, 1], "scale");
  assert(
    assertThrows(() => lawAt(place, scale, "normal", KEYS, 1), ShapeError).message ===
      `law_at: expected axis R of "scale" to be 2 as in "place", found 1`,
  );
});
