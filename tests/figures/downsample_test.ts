import { assert, assertEquals, assertLessOrEqual, assertThrows } from "@std/assert";
import { thin } from "../../lib/figures/downsample.ts";
import { FigureError } from "../../lib/figures/spec.ts";

const spiky = Array.from({ length: 50_001 }, (_, step) => ({
  step,
  low: step === 20_000 ? -7 : Math.sin(step / 3000) - 0.1,
  high: step === 30_001 ? 7 : Math.sin(step / 3000) + 0.1,
}));

Deno.test("downsample: spikes up and down, first and last survive", () => {
  for (const spacing of ["linear", "log"] as const) {
    const few = thin(spiky, { x: "step", y: ["low", "high"], intervals: 60, spacing });
    assertLessOrEqual(few.length, 5 * 60 + 2);
    const steps = few.map((row) => row.step);
    for (const step of [0, 20_000, 30_001, 50_000]) assert(steps.includes(step), `${spacing} ${step}`);
    assertEquals(steps, steps.toSorted((a, b) => a - b));
  }
});

Deno.test("downsample: logarithmic intervals keep early steps dense", () => {
  const early = (spacing: "linear" | "log") =>
    thin(spiky, { x: "step", y: ["low"], intervals: 60, spacing }).filter((row) => row.step < 500).length;
  assert(early("log") > 10 * early("linear"), `${early("log")} against ${early("linear")}`);
});

Deno.test("downsample: groups are thinned apart, short curves are kept whole", () => {
  const rows = ["a", "b"].flatMap((mode) => [1, 2, 3].map((x) => ({ x, mode, y: mode === "a" ? x : -x })));
  assertEquals(thin(rows, { x: "x", y: ["y"], intervals: 10, group: "mode" }), rows);
  assertEquals(thin([{ x: 1, y: 2 }], { x: "x", y: ["y"], intervals: 1 }), [{ x: 1, y: 2 }]);
  assertEquals(thin([] as { x: number; y: number }[], { x: "x", y: ["y"], intervals: 1 }), []);
});

Deno.test("downsample: bad arguments are named", () => {
  assertThrows(
    () => thin([{ x: 1, y: 2 }], { x: "x", y: ["y"], intervals: 0.5 }),
    FigureError,
    "expected intervals to be a positive integer, found 0.5",
  );
  assertThrows(
    () => thin([{ x: 1, y: Infinity }], { x: "x", y: ["y"], intervals: 2 }),
    FigureError,
    'expected a finite number in field "y" of row 0, found Infinity',
  );
});
