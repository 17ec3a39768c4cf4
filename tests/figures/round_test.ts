import { assertEquals, assertThrows } from "@std/assert";
import { roundData, roundTo } from "../../lib/figures/round.ts";
import { FigureError } from "../../lib/figures/spec.ts";

Deno.test("round: relative error is at most half a unit of the last digit, at every magnitude", () => {
  for (const value of [1.23456789e-30, -0.000987654321, 0.99999949, 98765.4321, 1.5e300]) {
    const error = Math.abs(roundTo(value, 6) - value) / Math.abs(value);
    assertEquals(error <= 5e-6, true, `${value} is off by ${error}`);
  }
  assertEquals(roundTo(-0.000987654321, 3), -0.000988);
});

Deno.test("round: whole numbers and values that are not finite stay what they are", () => {
  assertEquals([2 ** 53 - 1, -7, Infinity].map((value) => roundTo(value, 2)), [2 ** 53 - 1, -7, Infinity]);
  assertEquals(Number.isNaN(roundTo(NaN, 2)), true);
});

Deno.test("round: named datasets are rounded, scales are not, and the original is left alone", () => {
  const spec = {
    datasets: { theory: [{ a: 1 / 3 }] },
    data: { name: "theory" },
    mark: "point" as const,
    encoding: { x: { field: "a", type: "quantitative" as const, scale: { domain: [0, 1 / 3] } } },
  };
  const rounded = JSON.parse(JSON.stringify(roundData(spec, 2)));
  assertEquals(rounded.datasets.theory[0].a, 0.33);
  assertEquals(rounded.encoding.x.scale.domain[1], 1 / 3);
  assertEquals(spec.datasets.theory[0].a, 1 / 3);
});

Deno.test("round: digits out of range are refused", () => {
  for (const digits of [0, 18, 1.5]) {
    assertThrows(() => roundTo(1, digits), FigureError, `expected digits to be an integer in [1, 17], found ${digits}`);
  }
});
