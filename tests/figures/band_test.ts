import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type BandDefinition, bandOver, describeBand, quantile } from "../../lib/figures/band.ts";
import { FigureError } from "../../lib/figures/spec.ts";

/** Values 0, 1, …, n − 1 in scrambled order, one a replica. */
function ladder(n: number) {
  return Array.from({ length: n }, (_, replica) => ({ step: 5, replica, loss: (replica * 7) % n }));
}

function only(n: number, definition: BandDefinition) {
  const rows = bandOver(ladder(n), { x: "step", value: "loss", definition });
  assertEquals(rows.length, 1);
  return rows[0];
}

Deno.test("band: range of a ladder is its ends, the mean its middle", () => {
  assertEquals(only(11, "range"), { x: 5, group: "", mean: 5, low: 0, high: 10, replicas: 11 });
});

Deno.test("band: central 90 % of 0 … 40 is 2 … 38 by linear interpolation", () => {
  const { low, high } = only(41, "central90");
  assertAlmostEquals(low, 2, 1e-12);
  assertAlmostEquals(high, 38, 1e-12);
});

Deno.test("band: two standard errors of 0 … n−1 are 2 √((n+1)/12)", () => {
  // Sample variance of 0 … n−1 is n(n+1)/12, divided by n.
  const { mean, low, high } = only(12, "twoStandardErrors");
  const reach = 2 * Math.sqrt(13 / 12);
  assertAlmostEquals(mean - low, reach, 1e-12);
  assertAlmostEquals(high - mean, reach, 1e-12);
});

Deno.test("band: a single replica has a band of no width", () => {
  for (const definition of ["range", "central90"] as const) {
    const { mean, low, high } = only(1, definition);
    assertEquals([mean, low, high], [0, 0, 0]);
  }
});

Deno.test("band: groups keep their order, positions are sorted as numbers", () => {
  const rows = [10, 9, 100].flatMap((step) =>
    ["b", "a"].map((mode) => ({ step, mode, replica: 0, value: step + (mode === "a" ? 0.5 : 0) }))
  );
  const bands = bandOver(rows, { x: "step", value: "value", group: "mode" });
  assertEquals(bands.map(({ group, x }) => `${group}${x}`), ["b9", "b10", "b100", "a9", "a10", "a100"]);
  assertEquals(bands[3].mean, 9.5);
});

Deno.test("band: quantiles of type 7", () => {
  assertEquals([0, 0.25, 0.5, 1].map((q) => quantile([3, 5, 9, 11], q)), [3, 4.5, 7, 11]);
  assertThrows(() => quantile([], 0.5), FigureError, "expected at least one value in sorted, found none");
  assertThrows(() => quantile([1], 1.5), FigureError, "expected q in [0, 1], found 1.5");
});

Deno.test("band: what cannot be summarised is refused by name", () => {
  const options = { x: "step", value: "loss" };
  const row = { step: 1, replica: 0, loss: 2 };
  assertThrows(
    () => bandOver([row, row], options),
    FigureError,
    "expected one row per replica, found a second with replica 0 at step 1",
  );
  assertThrows(
    () => bandOver([{ ...row, loss: NaN }], options),
    FigureError,
    'expected a finite number in field "loss" of row 0, found NaN',
  );
  assertThrows(
    () => bandOver([{ step: 1, loss: 2 }], options),
    FigureError,
    'expected field "replica" in row 0, found step, loss',
  );
  assertThrows(
    () => bandOver([row], { ...options, definition: "twoStandardErrors" }),
    FigureError,
    "expected at least 2 replicas for a standard error, found 1",
  );
});

Deno.test("band: its description names definition and replicas", () => {
  const row = { x: 0, group: "", mean: 0, low: 0, high: 0, replicas: 8 };
  assertEquals(describeBand([row]), "band: min–max of 8 replicas");
  assertEquals(describeBand([{ ...row, replicas: 1 }]), "band: min–max of 1 replica");
  assertEquals(
    describeBand([row, { ...row, replicas: 6 }], "twoStandardErrors"),
    "band: mean ± 2 standard errors over 6 to 8 replicas",
  );
  assertThrows(() => describeBand([]), FigureError, "expected at least one row to describe a band, found none");
});
