/** Measures of a spectrum, against their definitions. */
import { assert, assertAlmostEquals } from "@std/assert";
import { MEASURES } from "../../../lib/tools/measure/measures.ts";

Deno.test("measure: the tail of a spectrum has the same exponent, error and distance at every size of the weights", () => {
  // λ = σ² falls as a power law of exponent 3; squares of the smallest weights are no numbers of single precision.
  const spectrum = (power: number) =>
    Float32Array.from({ length: 64 }, (_, i) => 2 ** power * ((i + 0.5) / 64) ** -0.25);
  const shape = { M: 64, N: 64, factored: false };
  for (const name of ["tail-exponent", "tail-error", "tail-distance"] as const) {
    const of = MEASURES[name].ofSpectrum!;
    const expected = of(spectrum(0), shape);
    if (name === "tail-exponent") assertAlmostEquals(expected, 3, 0.1);
    for (const power of [-100, -70, 70, 100]) {
      const found = of(spectrum(power), shape);
      assert(Math.abs(found / expected - 1) < 1e-9, `${name} at 2^${power}: expected ${expected}, found ${found}`);
    }
  }
});
